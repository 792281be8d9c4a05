#include "cluster_sim.h"

#include <fmt/format.h>

#include <memory>

#include "clients.h"
#include "env/sim.h"
#include "route_watch.h"
#include "servers.h"

namespace mq::sim {

namespace {

constexpr const char* kTopic = "SimTopic";
constexpr int32_t kQueues = 4;
constexpr int64_t kStepMs = 50;

class ClusterSim {
 public:
  ClusterSim(uint64_t seed, bool trace, Sabotage sabotage)
      : world_(seed), dice_(seed ^ 0xc1057e2), sabotage_(sabotage), broker_(world_.machine("broker"), {}), producer_machine_(world_.machine("producer")),
        consumer_machine_(world_.machine("consumer")), watcher_machine_(world_.machine("watcher")) {
    world_.set_trace(trace);
    configure();
  }
  ~ClusterSim() {
    for (const auto& namesrv : namesrvs_) kill(namesrv->machine());
    for (env::SimMachine* machine : {&broker_.machine(), &producer_machine_, &consumer_machine_, &watcher_machine_}) kill(*machine);
  }

  Outcome run() {
    for (const auto& namesrv : namesrvs_) start_namesrv(*namesrv);
    start_broker();
    start_clients();
    trouble();
    heal();
    wait_for_routes();
    if (dice_.chance(0.3)) long_absence();
    settle();
    if (watch_) take(watch_->violations);
    outcome_.trace_hash = world_.trace_hash();
    outcome_.messages = static_cast<int64_t>(ledger_.messages().size());
    outcome_.acknowledged = producer_->acknowledged();
    return std::move(outcome_);
  }

 private:
  static void kill(env::SimMachine& machine) {
    if (machine.alive()) machine.crash(env::Crash::kProcess);
  }

  template <class... A>
  void violation(fmt::format_string<A...> format, A&&... args) {
    outcome_.violations.push_back(fmt::format(format, std::forward<A>(args)...));
  }
  void take(const Violations& found) { outcome_.violations.insert(outcome_.violations.end(), found.begin(), found.end()); }
  bool well() const { return outcome_.violations.empty() && (!watch_ || watch_->violations.empty()); }

  void configure() {
    BrokerSettings& s = broker_.settings;
    s.sync_flush = sabotage_ == Sabotage::kLyingSync || dice_.chance(0.5);
    power_ = sabotage_ == Sabotage::kLyingSync || (s.sync_flush && dice_.chance(0.6));
    s.registerNameServerPeriod = dice_.chance(0.5) ? 10'000 : 30'000;
    s.registerBrokerTimeoutMills = dice_.chance(0.5) ? 3000 : 24'000;
    s.forceRegister = dice_.chance(0.5);
    if (dice_.chance(0.5)) broker_.machine().faults().max_turn_delay_us = 2000;
    if (dice_.chance(0.3)) broker_.machine().faults().cold_read = 0.2;
    for (int64_t i = 0, count = dice_.between(1, 2); i < count; ++i) {
      namesrvs_.push_back(std::make_unique<NamesrvServer>(world_.machine(fmt::format("ns-{}", i))));
      directory_.namesrvs.push_back(namesrvs_.back()->addr());
      s.namesrvAddr += (i == 0 ? "" : ";") + directory_.namesrvs.back();
    }
    // One round may only find out that the connection is dead. Each waits for a silent NameServer and the question before.
    const int64_t there_ms = 2 * s.registerNameServerPeriod + 2 * (s.registerBrokerTimeoutMills + 3000) + 2000;
    watch_ = std::make_unique<RouteWatch>(namesrvs_.size(), RouteBounds{.there_ms = there_ms}, "DefaultCluster",
                                          [this](size_t i) { return in_contact(i); });
    // As the template TBW102 makes it, and as it is made again when only its messages have survived.
    watch_->may_have(queue_data());
  }

  wire::QueueData queue_data() const { return {broker_.settings.name, kQueues, kQueues, 6, 0}; }

  bool in_contact(size_t i) const {
    const auto cut = parted_.find({"broker", namesrvs_[i]->machine().name()});
    return broker_.up() && namesrvs_[i]->up() && !(cut != parted_.end() && cut->second);
  }

  void start_clients() {
    producer_ = std::make_unique<Producer>(producer_machine_, dice_, directory_, ledger_, kTopic, kQueues,
                                           broker_.settings.sync_flush ? Promise::kDisk : Promise::kProcess);
    consumer_ = std::make_unique<Consumer>(consumer_machine_, "consumer", dice_, directory_, kTopic, kQueues);
    watcher_ = std::make_unique<Watcher>(watcher_machine_, dice_, directory_, world_, kTopic, *watch_);
    producer_->start();
    consumer_->start();
    watcher_->start();
  }

  void start_namesrv(NamesrvServer& namesrv) {
    ++outcome_.lives;
    const Result<> started = namesrv.start();
    if (!started) violation("NameServer {} does not start: {}", namesrv.addr(), started.error().message());
    watch_->note(world_.now_ms());
  }

  /// Until it stands; it may die several times on its way.
  void start_broker() {
    while (true) {
      ++outcome_.lives;
      broker_.settings.io_loops = static_cast<int32_t>(1 + world_.now_ms() % 2);
      if (troubled_ && dice_.chance(0.2)) broker_.settings.listenPort = dice_.chance(0.5) ? 10911 : 10921;
      if (troubled_ && dice_.chance(0.2)) plan_crash(200);
      const Result<> started = broker_.start();
      if (!broker_.machine().alive()) continue;
      if (!started) violation("the broker does not start: {}", started.error().message());
      watch_->moved(broker_.addr(), world_.now_ms());
      watch_->note(world_.now_ms());
      return;
    }
  }

  void plan_crash(int64_t within) { broker_.machine().crash_at_disk_op(dice_.between(1, within), how()); }
  env::Crash how() { return power_ && dice_.chance(0.5) ? env::Crash::kPower : env::Crash::kProcess; }

  void trouble() {
    troubled_ = true;
    if (sabotage_ == Sabotage::kLyingSync) broker_.machine().faults().lying_sync = 1;
    if (sabotage_ == Sabotage::kLostWrite) broker_.machine().faults().lost_write = 0.05;
    producer_machine_.faults().connection_cut = dice_.chance(0.5) ? 0.005 : 0;
    consumer_machine_.faults().connection_cut = dice_.chance(0.5) ? 0.005 : 0;
    // Some runs are long enough for what a NameServer has forgotten to come back, and quiet enough to be cheap.
    const bool long_run = dice_.chance(0.2);
    if (long_run) producer_->slow_down(2000);
    calm_ = long_run ? 1200 : 160;
    const int64_t end = world_.now_ms() + (long_run ? dice_.between(30'000, 200'000) : dice_.between(2000, 20'000));
    while (world_.now_ms() < end && well()) {
      step();
      one_trouble();
    }
    producer_->slow_down(0);
  }

  /// A moment passes; servers that have died come back after a while.
  void step() {
    world_.run_for(kStepMs);
    if (producer_->acknowledged() > 0) watch_->has(queue_data(), world_.now_ms());
    watch_->note(world_.now_ms());
    if (!broker_.machine().alive()) {
      broker_.reap();
      if (broker_back_ms_ < 0) broker_back_ms_ = world_.now_ms() + dice_.between(0, 3000);
      if (world_.now_ms() >= broker_back_ms_) {
        broker_back_ms_ = -1;
        start_broker();
      }
    }
    for (const auto& namesrv : namesrvs_) {
      if (!namesrv->machine().alive() && dice_.chance(0.01)) start_namesrv(*namesrv);
    }
  }

  void one_trouble() {
    NamesrvServer& namesrv = *namesrvs_[dice_.below(namesrvs_.size())];
    switch (dice_.below(calm_)) {
      case 0: kill_broker(how()); break;
      case 1:
        if (broker_.up()) plan_crash(300);
        break;
      case 2: part("producer", "broker"); break;
      case 3: part("consumer", "broker"); break;
      case 4: broker_.stop(); break;
      case 5: part("broker", namesrv.machine().name()); break;
      case 6: part(dice_.chance(0.5) ? "producer" : "consumer", namesrv.machine().name()); break;
      case 7:
        if (namesrv.up()) namesrv.machine().crash(dice_.chance(0.5) ? env::Crash::kPower : env::Crash::kProcess);
        break;
      case 8: namesrv.stop(); break;
      default: return;
    }
    watch_->note(world_.now_ms());
  }

  void kill_broker(env::Crash crash) {
    if (broker_.up()) broker_.machine().crash(crash);
  }

  /// Parts two machines for a while, or heals it.
  void part(const std::string& a, const std::string& b) {
    bool& now = parted_[{a, b}];
    now = !now;
    world_.cut(a, b, now);
  }

  void heal() {
    troubled_ = false;
    broker_.machine().faults().lying_sync = broker_.machine().faults().lost_write = 0;
    for (auto& [pair, parted] : parted_) {
      if (parted) part(pair.first, pair.second);
    }
    producer_machine_.faults().connection_cut = consumer_machine_.faults().connection_cut = 0;
    for (const auto& namesrv : namesrvs_) {
      if (!namesrv->machine().alive()) start_namesrv(*namesrv);
    }
    if (broker_.machine().alive()) broker_.machine().crash_at_disk_op(-1, env::Crash::kProcess);
    if (!broker_.machine().alive()) start_broker();
    watch_->note(world_.now_ms());
  }

  /// The first sends make the topic, if none did before; then all NameServers must come to show it as it is.
  void wait_for_routes() {
    if (!well()) return;
    const int64_t before = producer_->acknowledged();
    if (!world_.run_until([&] { return producer_->acknowledged() > before + 5 || !well(); }, 120'000)) {
      return violation("no send succeeds after everything is healed: {}", producer_->last_refusal());
    }
    producer_->slow_down(5000);
    watch_->has(queue_data(), world_.now_ms());
    await_proof("the routes are not there");
  }

  /// Long enough for every NameServer to be held to rule 7, or 8.
  void await_proof(const char* what) {
    const int64_t since = world_.now_ms();
    if (!world_.run_until([&] { return watch_->all_proven_since(since) || !well(); }, 140'000)) violation("{} in time", what);
  }

  /// The broker is away for longer than the expiry: without power, or behind a network that carries nothing.
  void long_absence() {
    if (!well()) return;
    const bool dies = dice_.chance(0.5);
    if (dies) broker_.machine().crash(power_ ? env::Crash::kPower : env::Crash::kProcess);
    for (const auto& namesrv : namesrvs_) {
      if (!dies || dice_.chance(0.3)) part("broker", namesrv->machine().name());
    }
    watch_->note(world_.now_ms());
    await_proof("the dead broker's routes do not go");
    heal();
    wait_for_routes();
  }

  void settle() {
    if (!well()) return;
    producer_->stop();
    world_.run_for(5000);   // late sends arrive
    Consumer fresh(consumer_machine_, "fresh", dice_, directory_, kTopic, kQueues);
    fresh.start();
    const bool caught_up = world_.run_until([&] { return fresh.caught_up() && consumer_->caught_up(); }, 60'000);
    if (!caught_up) violation("the {} consumer does not reach the end", fresh.caught_up() ? "old" : "fresh");
    take(fresh.violations);
    take(check_seen(fresh.seen, ledger_));
    if (!power_) compare_consumers(fresh.seen);
    consumer_machine_.crash(env::Crash::kProcess);
  }

  /// Without power cuts nothing that was ever delivered may change.
  void compare_consumers(const Seen& fresh) {
    take(consumer_->violations);
    if (consumer_->seen != fresh) violation("genuine: the old and the fresh consumer saw different messages");
  }

  env::SimWorld world_;
  env::SimRng dice_;
  const Sabotage sabotage_;
  BrokerServer broker_;
  std::vector<std::unique_ptr<NamesrvServer>> namesrvs_;
  env::SimMachine& producer_machine_;
  env::SimMachine& consumer_machine_;
  env::SimMachine& watcher_machine_;
  bool power_ = false;      // power cuts happen; only with SYNC_FLUSH, which promises to survive them
  bool troubled_ = false;
  uint64_t calm_ = 160;     // one in so many steps brings each kind of trouble
  int64_t broker_back_ms_ = -1;
  std::map<std::pair<std::string, std::string>, bool> parted_;
  Directory directory_;
  Ledger ledger_;
  Outcome outcome_;
  std::unique_ptr<RouteWatch> watch_;
  std::unique_ptr<Producer> producer_;
  std::unique_ptr<Consumer> consumer_;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace

Outcome run_cluster(uint64_t seed, bool trace, Sabotage sabotage) {
  const BugOn bug(sabotage);
  return ClusterSim(seed, trace, sabotage).run();
}

}  // namespace mq::sim
