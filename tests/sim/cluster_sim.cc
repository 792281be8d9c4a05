#include "cluster_sim.h"

#include <fmt/format.h>

#include <memory>

#include "broker/broker.h"
#include "clients.h"
#include "env/sim.h"

namespace mq::sim {

namespace {

constexpr const char* kTopic = "SimTopic";
constexpr int32_t kQueues = 4;

/// One broker life: its options and the object.
struct BrokerLife {
  broker::BrokerConfig broker;
  store::MessageStoreConfig store;
  broker::HostConfig host;
  Configuration all{{&broker, &store, &host}};
  std::unique_ptr<broker::Broker> object;
};

class ClusterSim {
 public:
  ClusterSim(uint64_t seed, bool trace, Sabotage sabotage)
      : world_(seed), dice_(seed ^ 0xc1057e2), sabotage_(sabotage), broker_(world_.machine("broker")), producer_machine_(world_.machine("producer")),
        consumer_machine_(world_.machine("consumer")) {
    world_.set_trace(trace);
    sync_ = sabotage_ == Sabotage::kLyingSync || dice_.chance(0.5);
    power_ = sabotage_ == Sabotage::kLyingSync || (sync_ && dice_.chance(0.6));
    directory_.broker = broker_.address() + ":10911";
    if (dice_.chance(0.5)) broker_.faults().max_turn_delay_us = 2000;
  }
  ~ClusterSim() {
    for (env::SimMachine* machine : {&broker_, &producer_machine_, &consumer_machine_}) {
      if (machine->alive()) machine->crash(env::Crash::kProcess);
    }
  }

  Outcome run() {
    start_broker();
    producer_ = std::make_unique<Producer>(producer_machine_, dice_, directory_, ledger_, kTopic, kQueues,
                                           sync_ ? Promise::kDisk : Promise::kProcess);
    consumer_ = std::make_unique<Consumer>(consumer_machine_, "consumer", dice_, directory_, kTopic, kQueues);
    producer_->start();
    consumer_->start();
    trouble();
    heal();
    settle();
    outcome_.trace_hash = world_.trace_hash();
    outcome_.messages = static_cast<int64_t>(ledger_.messages().size());
    outcome_.acknowledged = producer_->acknowledged();
    return std::move(outcome_);
  }

 private:
  template <class... A>
  void violation(fmt::format_string<A...> format, A&&... args) {
    outcome_.violations.push_back(fmt::format(format, std::forward<A>(args)...));
  }

  /// Until it stands; it may die several times on its way.
  void start_broker() {
    while (true) {
      ++outcome_.lives;
      env::Env& env = broker_.env();
      life_ = std::make_unique<BrokerLife>();
      life_->broker.brokerName.set("broker-a");
      life_->broker.brokerIP1.set(broker_.address());
      std::string namesrvs;
      for (const std::string& addr : directory_.namesrvs) namesrvs += (namesrvs.empty() ? "" : ";") + addr;
      life_->broker.namesrvAddr.set(namesrvs);
      life_->store.storePathRootDir.set("/data/store");
      life_->store.mappedFileSizeCommitLog.set(1 << 20);
      life_->store.maxHashSlotNum.set(1000);
      life_->store.maxIndexNum.set(4000);
      life_->store.mappedFileSizeConsumeQueue.set(20 * 500);
      life_->store.flushDiskType.set(sync_ ? "SYNC_FLUSH" : "ASYNC_FLUSH");
      life_->host.ioLoops.set(static_cast<int32_t>(1 + world_.now_ms() % 2));
      life_->object = std::make_unique<broker::Broker>(
          env, broker::Broker::Configs{life_->broker, life_->store, life_->host, life_->all, "", "/home"});
      if (troubled_ && dice_.chance(0.2)) plan_crash(200);
      const Result<> started = life_->object->start();
      if (!broker_.alive()) {
        life_.reset();
        continue;
      }
      if (!started) violation("the broker does not start: {}", started.error().message());
      return;
    }
  }

  void plan_crash(int64_t within) {
    broker_.crash_at_disk_op(dice_.between(1, within), power_ && dice_.chance(0.5) ? env::Crash::kPower : env::Crash::kProcess);
  }

  void trouble() {
    troubled_ = true;
    if (sabotage_ == Sabotage::kLyingSync) broker_.faults().lying_sync = 1;
    if (sabotage_ == Sabotage::kLostWrite) broker_.faults().lost_write = 0.05;
    producer_machine_.faults().connection_cut = dice_.chance(0.5) ? 0.005 : 0;
    consumer_machine_.faults().connection_cut = dice_.chance(0.5) ? 0.005 : 0;
    const int64_t end = world_.now_ms() + dice_.between(2000, 20'000);
    while (world_.now_ms() < end && outcome_.violations.empty()) {
      world_.run_for(50);
      if (!broker_.alive()) {
        life_.reset();
        world_.run_for(dice_.between(0, 3000));
        start_broker();
      }
      one_trouble();
    }
  }

  void one_trouble() {
    switch (dice_.below(120)) {
      case 0: broker_.crash(power_ && dice_.chance(0.5) ? env::Crash::kPower : env::Crash::kProcess); break;
      case 1: plan_crash(300); break;
      case 2: part("producer"); break;
      case 3: part("consumer"); break;
      case 4:
        life_->object->stop();
        broker_.crash(env::Crash::kProcess);
        break;
      default: break;
    }
  }

  /// Parts a client from the broker for a while, or heals it.
  void part(const std::string& client) {
    bool& now = parted_[client];
    now = !now;
    world_.cut(client, "broker", now);
  }

  void heal() {
    troubled_ = false;
    broker_.faults().lying_sync = broker_.faults().lost_write = 0;
    for (auto& [client, parted] : parted_) {
      if (parted) part(client);
    }
    producer_machine_.faults().connection_cut = consumer_machine_.faults().connection_cut = 0;
    if (broker_.alive()) broker_.crash_at_disk_op(-1, env::Crash::kProcess);
    if (!broker_.alive()) {
      life_.reset();
      start_broker();
    }
  }

  void settle() {
    if (!outcome_.violations.empty()) return;
    const int64_t before = producer_->acknowledged();
    if (!world_.run_until([&] { return producer_->acknowledged() > before + 5; }, 60'000)) {
      violation("no send succeeds after everything is healed: {}", producer_->last_refusal());
      return;
    }
    producer_->stop();
    world_.run_for(5000);   // late sends arrive
    Consumer fresh(consumer_machine_, "fresh", dice_, directory_, kTopic, kQueues);
    fresh.start();
    const bool caught_up = world_.run_until([&] { return fresh.caught_up() && consumer_->caught_up(); }, 60'000);
    if (!caught_up) violation("the {} consumer does not reach the end", fresh.caught_up() ? "old" : "fresh");
    outcome_.violations.insert(outcome_.violations.end(), fresh.violations.begin(), fresh.violations.end());
    const Violations found = check_seen(fresh.seen, ledger_);
    outcome_.violations.insert(outcome_.violations.end(), found.begin(), found.end());
    if (!power_) compare_consumers(fresh.seen);
    consumer_machine_.crash(env::Crash::kProcess);
  }

  /// Without power cuts nothing that was ever delivered may change.
  void compare_consumers(const Seen& fresh) {
    outcome_.violations.insert(outcome_.violations.end(), consumer_->violations.begin(), consumer_->violations.end());
    if (consumer_->seen != fresh) violation("genuine: the old and the fresh consumer saw different messages");
  }

  env::SimWorld world_;
  env::SimRng dice_;
  const Sabotage sabotage_;
  env::SimMachine& broker_;
  env::SimMachine& producer_machine_;
  env::SimMachine& consumer_machine_;
  bool sync_ = false;
  bool power_ = false;      // power cuts happen; only with SYNC_FLUSH, which promises to survive them
  bool troubled_ = false;
  std::map<std::string, bool> parted_;
  Directory directory_;
  Ledger ledger_;
  Outcome outcome_;
  std::unique_ptr<BrokerLife> life_;
  std::unique_ptr<Producer> producer_;
  std::unique_ptr<Consumer> consumer_;
};

}  // namespace

Outcome run_cluster(uint64_t seed, bool trace, Sabotage sabotage) { return ClusterSim(seed, trace, sabotage).run(); }

}  // namespace mq::sim
