#include "store_sim.h"

#include <fmt/format.h>

#include <memory>

#include "env/sim.h"
#include "env/sim_rng.h"
#include "msg/properties.h"
#include "store/deliberate_bug.h"

namespace mq::sim {

namespace {

constexpr const char* kRoot = "/data/store";

class StoreSim {
 public:
  StoreSim(uint64_t seed, bool trace, Sabotage sabotage)
      : world_(seed), dice_(seed ^ 0x5eed), machine_(world_.machine("broker")), sabotage_(sabotage) {
    world_.set_trace(trace);
    configure();
  }
  ~StoreSim() { end_life(); }

  Outcome run() {
    const int64_t lives = dice_.between(2, 5);
    for (int life = 0; life < lives && outcome_.violations.empty(); ++life) {
      ++outcome_.lives;
      if (!start_and_check()) break;
      load();
      finish();
    }
    if (outcome_.violations.empty() && start_and_check()) {   // the last word after an orderly stop
      stop_orderly();
      if (outcome_.violations.empty()) start_and_check();
    }
    outcome_.trace_hash = world_.trace_hash();
    for (const auto& [id, message] : ledger_.messages()) {
      ++outcome_.messages;
      outcome_.acknowledged += message.promise != Promise::kNone;
    }
    return std::move(outcome_);
  }

 private:
  void configure() {
    constexpr int32_t kLogSizes[] = {32 << 10, 128 << 10, 1 << 20};
    constexpr int32_t kQueueSizes[] = {20 * 16, 20 * 100, 20 * 3000};
    config_.storePathRootDir.set(kRoot);
    config_.mappedFileSizeCommitLog.set(kLogSizes[dice_.below(std::size(kLogSizes))]);
    config_.maxHashSlotNum.set(100);
    config_.maxIndexNum.set(400);
    config_.mappedFileSizeConsumeQueue.set(kQueueSizes[dice_.below(std::size(kQueueSizes))]);
    config_.maxMessageSize.set(8192);
    sync_ = sabotage_ == Sabotage::kLyingSync || dice_.chance(0.5);
    config_.flushDiskType.set(sync_ ? "SYNC_FLUSH" : "ASYNC_FLUSH");
    config_.enableConsumeQueueExt.set(dice_.chance(0.25));
    config_.mappedFileSizeConsumeQueueExt.set(2048);
    if (dice_.chance(0.3)) machine_.faults().max_turn_delay_us = 20'000;
    if (dice_.chance(0.3)) machine_.faults().cold_read = 0.2;
  }

  template <class... A>
  void violation(fmt::format_string<A...> format, A&&... args) {
    outcome_.violations.push_back(fmt::format(format, std::forward<A>(args)...));
  }

  /// Starts the store, now and then dying in the middle of it. False when a violation ends the run.
  bool start_and_check() {
    while (true) {
      if (dice_.chance(0.1)) machine_.set_wall_skew_ms(dice_.between(-600'000, 600'000));
      env::Env& env = machine_.env();
      machine_.faults().lying_sync = machine_.faults().lost_write = 0;
      if (dice_.chance(0.3)) plan_crash(dice_.between(1, 60));
      store_ = std::make_unique<store::Store>(env, config_, store::StoreHooks{
          .on_arrival = [this](std::span<const store::Arrival> arrivals) { check_arrivals(arrivals); },
          .topic_exists = [](std::string_view) { return true; }});
      const Result<> started = store_->start();
      if (!machine_.alive()) {
        end_life();
        continue;
      }
      machine_.crash_at_disk_op(-1, env::Crash::kProcess);   // not this time
      if (!started) {
        violation("the store does not start: {}", started.error().message());
        return false;
      }
      break;
    }
    outcome_.violations = check_store(machine_.env(), *store_, fmt::format("{}/commitlog", kRoot), ledger_, demand_, dice_);
    demand_ = {};
    return outcome_.violations.empty();
  }

  /// The machine will die at that disk operation. What may be demanded afterwards follows from how.
  void plan_crash(int64_t operations) {
    const bool power = must_lose_power_ || dice_.chance(0.5);
    machine_.crash_at_disk_op(operations, power ? env::Crash::kPower : env::Crash::kProcess);
    planned_power_ = power;
  }

  void check_arrivals(std::span<const store::Arrival> arrivals) {
    for (const store::Arrival& arrival : arrivals) {
      if (machine_.alive() && store_->max_offset(*arrival.queue) <= arrival.offset) {
        violation("arrival of offset {} before it is readable", arrival.offset.index);
      }
    }
  }

  /// Senders append on one or two loops until their number of turns is used up, the time is over, or the machine dies.
  void load() {
    if (sabotage_ == Sabotage::kLyingSync) machine_.faults().lying_sync = 1;
    if (sabotage_ == Sabotage::kLostWrite) machine_.faults().lost_write = 0.05;
    if (dice_.chance(0.15)) machine_.faults().write_error = 0.01;
    if (dice_.chance(0.1)) machine_.faults().sync_error = 0.05;
    faulty_ = machine_.faults().write_error > 0 || machine_.faults().sync_error > 0;
    // After a failed fsync the kernel may hold pages that it believes are on the disk: no process that finds them can
    // ever learn better. Only a machine that goes down with it can be judged.
    must_lose_power_ = machine_.faults().sync_error > 0;
    ending_ = must_lose_power_ ? dice_.below(2) : dice_.below(4);
    if (ending_ == 0) plan_crash(dice_.between(1, 300));
    const int64_t loops = dice_.between(1, 2);
    for (int64_t i = 0; i < loops && machine_.alive(); ++i) {
      env::Loop& loop = machine_.env().start_loop(fmt::format("io-{}", i));
      auto sender = std::make_shared<Sender>(Sender{.loop = loop, .number = static_cast<uint64_t>(i), .turns = dice_.between(5, 60)});
      (void)loop.post([this, sender] { send(sender); });
    }
    const int64_t end = world_.now_ms() + dice_.between(1, 3000);
    while (machine_.alive() && world_.now_ms() < end) {
      world_.run_for(std::min<int64_t>(5, end - world_.now_ms()));
      // Only while it lives: a dead store's word counts for nothing.
      if (machine_.alive()) flushed_ = store_->stats().flushed;
    }
    machine_.faults().write_error = machine_.faults().sync_error = 0;
  }

  struct Sender {
    env::Loop& loop;
    uint64_t number;
    int64_t turns;
    store::AppendBatch batch;
    std::vector<std::vector<uint64_t>> ids;   // per item
  };

  void send(const std::shared_ptr<Sender>& sender) {
    if (stopping_ || sender->turns-- <= 0) return;
    sender->batch.clear();
    sender->ids.clear();
    for (int64_t items = dice_.between(1, dice_.chance(0.2) ? 30 : 4); items > 0; --items) add_item(*sender);
    if (sabotage_ == Sabotage::kAcknowledgeEarly && dice_.chance(0.3)) {
      for (size_t i = 0; i < sender->ids.size(); ++i) {
        const int64_t next = store_->max_offset(*sender->batch.items[i].queue).index;
        ledger_.acknowledge(sender->ids[i].front(), Promise::kProcess, next, INT64_MAX);
      }
      sender->batch.clear();
      return;
    }
    store_->append(sender->batch);
    if (!machine_.alive()) return;   // whatever it says now, nobody hears it
    for (size_t i = 0; i < sender->ids.size(); ++i) take_result(sender->loop, sender->batch.items[i], sender->ids[i]);
    (void)sender->loop.after(dice_.between(0, 30), [this, sender] { send(sender); });
  }

  void add_item(Sender& sender) {
    const QueueKey key{fmt::format("topic{}", dice_.below(2)), static_cast<int32_t>(dice_.below(3))};
    const int32_t records = dice_.chance(0.2) ? static_cast<int32_t>(dice_.between(2, 5)) : 1;
    store::AppendItem item{.offset = sender.batch.bytes.size(), .records = records,
                           .queue = store_->queue(key.topic, key.queue_id)};
    std::vector<uint64_t> ids;
    for (int32_t n = 0; n < records; ++n) {
      const uint64_t id = ledger_.issue(key, sender.number);
      ids.push_back(id);
      const std::string body = Ledger::body_of(id), properties = Ledger::properties_of(id);
      item.tagsCode = tags_code(Ledger::tags_of(id));
      const auto size = encode_record({.topic = key.topic, .queueId = key.queue_id, .bornTimestamp = world_.now_ms(),
                                       .bornHost = *Host::parse("10.0.0.9", 4000), .storeHost = *Host::parse("10.0.0.1", 10911),
                                       .body = as_bytes(body), .properties = properties}, sender.batch.bytes);
      MQ_CHECK(size);
    }
    item.size = sender.batch.bytes.size() - item.offset;
    sender.batch.items.push_back(std::move(item));
    sender.ids.push_back(std::move(ids));
  }

  void take_result(env::Loop& loop, const store::AppendItem& item, const std::vector<uint64_t>& ids) {
    if (item.status != store::PutStatus::kPutOk) {
      if (!faulty_) violation("an append on a healthy disk gave {}", store::to_string(item.status));
      return;
    }
    const PhyOffset end{item.phy.bytes + static_cast<int64_t>(item.size)};
    for (size_t n = 0; n < ids.size(); ++n) {
      ledger_.acknowledge(ids[n], Promise::kProcess, item.queue_offset.index + static_cast<int64_t>(n), end.bytes);
    }
    if (!sync_) return;
    ++waiting_;
    store_->when_durable(end, loop, [this, ids, at = item.queue_offset.index, end](store::PutStatus status) {
      --waiting_;
      if (status != store::PutStatus::kPutOk || !machine_.alive()) return;
      for (size_t n = 0; n < ids.size(); ++n) ledger_.acknowledge(ids[n], Promise::kDisk, at + static_cast<int64_t>(n), end.bytes);
    });
  }

  void finish() {
    if (!machine_.alive()) return end_life();   // as planned
    if (ending_ <= 1) {
      planned_power_ = must_lose_power_ || dice_.chance(0.5);
      machine_.crash(planned_power_ ? env::Crash::kPower : env::Crash::kProcess);
      return end_life();
    }
    if (ending_ == 2) plan_crash(dice_.between(1, 40));   // dies while stopping, perhaps
    stop_orderly();
  }

  void stop_orderly() {
    if (sync_) {
      const bool answered = world_.run_until([this] { return waiting_ == 0 || !machine_.alive(); }, 20'000);
      if (!answered) violation("{} appends were never told whether they are durable", waiting_);
    }
    if (!machine_.alive()) return end_life();
    stopping_ = true;   // no append may be under way
    store_->stop();
    planned_power_ = !machine_.alive() && planned_power_;
    end_life();
  }

  /// The process is gone one way or the other: what follows is judged by how.
  void end_life() {
    if (machine_.alive()) {
      machine_.crash(env::Crash::kProcess);
      planned_power_ = false;
    }
    demand_.power = demand_.power || planned_power_;
    demand_.flushed = std::max(demand_.flushed, flushed_);
    flushed_ = 0;
    must_lose_power_ = stopping_ = false;
    waiting_ = 0;
    planned_power_ = false;
    store_.reset();
  }

  env::SimWorld world_;
  env::SimRng dice_;            // the harness's own choices
  env::SimMachine& machine_;
  const Sabotage sabotage_;
  store::MessageStoreConfig config_;
  bool sync_ = false;
  bool faulty_ = false;
  bool planned_power_ = false;
  bool must_lose_power_ = false;
  bool stopping_ = false;
  uint64_t ending_ = 0;
  int64_t flushed_ = 0;
  int64_t waiting_ = 0;
  Demand demand_;
  Ledger ledger_;
  Outcome outcome_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace

BugOn::BugOn([[maybe_unused]] Sabotage sabotage) {
#ifdef MQ_DCHECKS
  using store::DeliberateBug;
  before_ = static_cast<int>(store::deliberate_bug);
  if (sabotage == Sabotage::kBugAcknowledgesBeforeWriting) store::deliberate_bug = DeliberateBug::kAcknowledgesBeforeWriting;
  if (sabotage == Sabotage::kBugSkipsEntries) store::deliberate_bug = DeliberateBug::kSkipsEntries;
  if (sabotage == Sabotage::kBugReorders) store::deliberate_bug = DeliberateBug::kReorders;
#endif
}

BugOn::~BugOn() {
#ifdef MQ_DCHECKS
  store::deliberate_bug = static_cast<store::DeliberateBug>(before_);
#endif
}

Outcome run_store(uint64_t seed, bool trace, Sabotage sabotage) {
  const BugOn bug(sabotage);
  return StoreSim(seed, trace, sabotage).run();
}

}  // namespace mq::sim
