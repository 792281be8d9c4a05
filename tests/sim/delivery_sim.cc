#include "delivery_sim.h"

#include <fmt/format.h>

#include <memory>

#include "dealers.h"
#include "env/sim.h"
#include "servers.h"

namespace mq::sim {

namespace {

constexpr int64_t kStepMs = 100;
constexpr int64_t kDrainMs = 240'000;   // retries, check-backs and locks of the dead need their time

class DeliverySim {
 public:
  DeliverySim(uint64_t seed, bool trace, Sabotage sabotage)
      : world_(seed), dice_(seed ^ 0xdea1), sabotage_(sabotage), broker_(world_.machine("broker"), {}), dealer_machine_(world_.machine("dealer")),
        worker_machine_(world_.machine("worker")), reader_machine_(world_.machine("reader")), dealings_({1000, 2000, 1000, 3000, 2000}) {
    world_.set_trace(trace);
    configure();
  }
  ~DeliverySim() {
    kill(broker_.machine());
    kill(dealer_machine_);
    kill(worker_machine_);
    kill(reader_machine_);
    for (Orderly& orderly : orderly_) kill(*orderly.machine);
  }

  Outcome run() {
    start_broker();
    start_clients();
    trouble();
    heal();
    drain();
    outcome_.trace_hash = world_.trace_hash();
    outcome_.messages = static_cast<int64_t>(dealings_.all().size());
    outcome_.acknowledged = dealer_->acknowledged();
    return std::move(outcome_);
  }

 private:
  struct Orderly {
    env::SimMachine* machine;
    std::unique_ptr<OrderlyWorker> worker;
    int64_t back_ms = -1;   // dead until then
  };

  static void kill(env::SimMachine& machine) {
    if (machine.alive()) machine.crash(env::Crash::kProcess);
  }
  void take(const Violations& found) { outcome_.violations.insert(outcome_.violations.end(), found.begin(), found.end()); }
  bool well() const { return outcome_.violations.empty() && dealings_.violations.empty(); }

  void configure() {
    BrokerSettings& s = broker_.settings;
    s.sync_flush = sabotage_ == Sabotage::kLyingSync || dice_.chance(0.5);
    power_ = sabotage_ == Sabotage::kLyingSync || (s.sync_flush && dice_.chance(0.6));
    s.queue_ext = dice_.chance(0.25);
    s.messageDelayLevel = "1s 2s 1s 3s 2s";
    s.transactionTimeOut = 2000;
    s.transactionCheckInterval = static_cast<int32_t>(dice_.between(1500, 5000));
    s.transactionCheckMax = 1000;
    if (dice_.chance(0.3)) broker_.machine().faults().max_turn_delay_us = 2000;
    if (dice_.chance(0.3)) broker_.machine().faults().cold_read = 0.2;
    directory_.broker = broker_.addr();
    calm_ = dice_.chance(0.25) ? 0 : 60;   // some runs see no trouble at all
  }

  void start_clients() {
    dealer_ = std::make_unique<Dealer>(dealer_machine_, dice_, directory_, dealings_);
    dealer_->start();
    start_worker();
    for (int64_t i = 0, count = dice_.between(1, 2); i < count; ++i) {
      orderly_.push_back({&world_.machine(fmt::format("orderly-{}", i)), nullptr, -1});
      start_orderly(orderly_.back());
    }
  }
  void start_worker() {
    worker_ = std::make_unique<Worker>(worker_machine_, dice_, directory_, dealings_);
    worker_->start();
  }
  /// Under the same client id, as an application that comes back; or another one.
  void start_orderly(Orderly& orderly) {
    const std::string id = fmt::format("{}#{}", orderly.machine->name(), dice_.below(2));
    orderly.worker = std::make_unique<OrderlyWorker>(*orderly.machine, id, dice_, directory_, world_, dealings_);
    orderly.worker->start();
    orderly.back_ms = -1;
  }

  void start_broker() {
    while (true) {
      ++outcome_.lives;
      broker_.settings.io_loops = static_cast<int32_t>(1 + world_.now_ms() % 2);
      if (troubled_ && dice_.chance(0.2)) plan_crash(200);
      const Result<> started = broker_.start();
      if (!broker_.machine().alive()) {
        dealings_.broker_gone(world_.now_ms());
        continue;
      }
      if (!started) outcome_.violations.push_back("the broker does not start: " + started.error().message());
      return;
    }
  }

  void plan_crash(int64_t within) { broker_.machine().crash_at_disk_op(dice_.between(1, within), how()); }
  env::Crash how() { return power_ && dice_.chance(0.5) ? env::Crash::kPower : env::Crash::kProcess; }

  void trouble() {
    troubled_ = true;
    if (sabotage_ == Sabotage::kLyingSync) broker_.machine().faults().lying_sync = 1;
    if (calm_ > 0 && dice_.chance(0.4)) {
      dealings_.something_broke();
      dealer_machine_.faults().connection_cut = worker_machine_.faults().connection_cut = 0.01;
    }
    const int64_t end = world_.now_ms() + dice_.between(4000, 25'000);
    while (world_.now_ms() < end && well()) {
      step();
      if (calm_ > 0) one_trouble();
    }
    dealer_->no_more();
  }

  void step() {
    world_.run_for(kStepMs);
    if (!broker_.machine().alive()) {
      broker_.reap();
      if (broker_back_ms_ < 0) {
        dealings_.something_broke();
        dealings_.broker_gone(world_.now_ms());
        broker_back_ms_ = world_.now_ms() + dice_.between(0, 2500);
        if (power_) forget_places();
      }
      if (world_.now_ms() >= broker_back_ms_) {
        broker_back_ms_ = -1;
        start_broker();
      }
    }
    for (Orderly& orderly : orderly_) {
      if (orderly.back_ms >= 0 && world_.now_ms() >= orderly.back_ms) start_orderly(orderly);
    }
  }

  /// A consumer may have read what the power cut took away; others stand at those offsets now. It begins again where its
  /// group is, as after a start of its own.
  void forget_places() {
    kill(worker_machine_);
    start_worker();
    for (Orderly& orderly : orderly_) {
      if (orderly.back_ms >= 0) continue;
      kill(*orderly.machine);
      start_orderly(orderly);
    }
  }

  void one_trouble() {
    switch (dice_.below(calm_)) {
      case 0:
        if (broker_.up()) broker_.machine().crash(how());
        break;
      case 1:
      case 2:
        if (broker_.up()) plan_crash(150);
        break;
      case 3: broker_.stop(); break;
      case 4:
        kill(worker_machine_);
        start_worker();
        break;
      case 5:
      case 6: kill_orderly(orderly_[dice_.below(orderly_.size())]); break;
      case 7: part("worker"); break;
      case 8: part(orderly_[0].machine->name()); break;
      default: return;
    }
    dealings_.something_broke();
  }

  void kill_orderly(Orderly& orderly) {
    if (orderly.back_ms >= 0) return;
    kill(*orderly.machine);
    orderly.worker.reset();
    orderly.back_ms = world_.now_ms() + dice_.between(0, 20'000);
  }

  void part(const std::string& machine) {
    bool& now = parted_[machine];
    now = !now;
    world_.cut(machine, "broker", now);
  }

  void heal() {
    troubled_ = false;
    broker_.machine().faults().lying_sync = 0;
    for (auto& [machine, parted] : parted_) if (parted) part(machine);
    dealer_machine_.faults().connection_cut = worker_machine_.faults().connection_cut = 0;
    for (Orderly& orderly : orderly_) if (orderly.back_ms >= 0) start_orderly(orderly);
    if (broker_.machine().alive()) broker_.machine().crash_at_disk_op(-1, env::Crash::kProcess);
    if (broker_.machine().alive()) return;
    dealings_.broker_gone(world_.now_ms());
    broker_.reap();
    start_broker();
  }

  /// Everything gets its time. Then nothing may be missing in what a reader finds that begins anew.
  void drain() {
    if (!well()) return take(dealings_.violations);
    world_.run_for(3000);   // late sends arrive
    Copies copies;
    std::vector<std::unique_ptr<Reader>> readers;
    for (const char* topic : {kLaterTopic, kTransactionTopic, kWorkersRetry, kWorkersDead}) {
      const int32_t queues = topic == std::string_view(kWorkersRetry) || topic == std::string_view(kWorkersDead) ? 1 : kDealQueues;
      readers.push_back(std::make_unique<Reader>(reader_machine_, dice_, directory_, topic, queues, copies));
      readers.back()->start();
    }
    const int64_t end = world_.now_ms() + kDrainMs;
    Violations missing;
    do {
      world_.run_for(1000);
      missing = dealings_.check(copies, true);
      for (const auto& reader : readers) {
        take(reader->violations);
        if (!reader->caught_up() && missing.empty()) missing.push_back("a reader does not reach the end");
      }
    } while (!missing.empty() && well() && world_.now_ms() < end && dealings_.check(copies, false).empty());
    // What was rolled back or is undecided must not turn up later either.
    if (missing.empty()) {
      world_.run_for(6000);
      missing = dealings_.check(copies, false);
    }
    take(missing);
    take(dealings_.violations);
    reader_machine_.crash(env::Crash::kProcess);
  }

  env::SimWorld world_;
  env::SimRng dice_;
  const Sabotage sabotage_;
  BrokerServer broker_;
  env::SimMachine& dealer_machine_;
  env::SimMachine& worker_machine_;
  env::SimMachine& reader_machine_;
  Dealings dealings_;
  Directory directory_;
  Outcome outcome_;
  bool power_ = false;      // power cuts happen; only with SYNC_FLUSH, which promises to survive them
  bool troubled_ = false;
  uint64_t calm_ = 60;      // one in so many steps brings each kind of trouble; 0: none
  int64_t broker_back_ms_ = -1;
  std::map<std::string, bool> parted_;
  std::unique_ptr<Dealer> dealer_;
  std::unique_ptr<Worker> worker_;
  std::vector<Orderly> orderly_;
};

}  // namespace

Outcome run_delivery(uint64_t seed, bool trace, Sabotage sabotage) { return DeliverySim(seed, trace, sabotage).run(); }

}  // namespace mq::sim
