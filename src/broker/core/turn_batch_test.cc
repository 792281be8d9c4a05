// What is appended when, and batches that are handed over while the disk dawdles: what comes back, in which order, and to a loop that is full.
#include "broker/core/turn_batch.h"

#include <gtest/gtest.h>

#include "env/sim.h"
#include "msg/record.h"

namespace mq::broker {
namespace {

using store::AppendItem;
using store::PutStatus;

/// A simulated machine on which every write of the log seems to take 30 ms.
class SlowDisk final : public env::Env {
 public:
  explicit SlowDisk(env::Env& env) : env_(env), clock_(env.clock()) {}
  env::Clock& clock() noexcept override { return clock_; }
  env::Rng& rng() noexcept override { return env_.rng(); }
  env::FileSystem& fs() noexcept override { return env_.fs(); }
  env::Loop& start_loop(const std::string& name) override { return env_.start_loop(name); }
  void stop_loop(env::Loop& loop) override { env_.stop_loop(loop); }
  void run_on(env::Loop& loop, Task task) override { env_.run_on(loop, std::move(task)); }

 private:
  struct Clock final : env::Clock {
    explicit Clock(env::Clock& clock) : real(clock) {}
    int64_t now_ms() noexcept override { return real.now_ms(); }
    int64_t mono_us() noexcept override { return real.mono_us() + (ahead_us += 30'000); }
    env::Clock& real;
    int64_t ahead_us = 0;
  };
  env::Env& env_;
  Clock clock_;
};

/// A loop whose queue is full for the next `refusals` posts.
class FullLoop final : public env::Loop {
 public:
  explicit FullLoop(env::Loop& loop) : loop_(loop) {}
  const std::string& name() const noexcept override { return loop_.name(); }
  env::Clock& clock() noexcept override { return loop_.clock(); }
  env::Net& net() noexcept override { return loop_.net(); }
  bool post(Task task) noexcept override {
    if (refusals == 0) return loop_.post(std::move(task));
    --refusals;
    return false;
  }
  bool here() const noexcept override { return loop_.here(); }
  env::TimerId after(int64_t delay_ms, Task task) override { return loop_.after(delay_ms, std::move(task)); }
  void cancel(env::TimerId id) noexcept override { loop_.cancel(id); }
  void at_turn_end(Task hook) override { loop_.at_turn_end(std::move(hook)); }
  int refusals = 0;

 private:
  env::Loop& loop_;
};

class TurnBatchTest : public testing::Test, public PutSink {
 protected:
  void SetUp() override {
    store_config_.storePathRootDir.set("/data/store");
    store_config_.mappedFileSizeCommitLog.set(1 << 20);
    store_config_.mappedFileSizeConsumeQueue.set(20 * 300);
    store_config_.maxHashSlotNum.set(11);
    store_config_.maxIndexNum.set(20);
    store_ = std::make_unique<store::Store>(env_, store_config_, store::StoreHooks{});
    ASSERT_TRUE(store_->start());
    broker_.reset(new BrokerContext{.env = env_, .config = config_, .host = host_, .store_config = store_config_, .store = *store_});
    broker_->append_loop = &env_.start_loop("append");
    turn_ = std::make_unique<TurnBatch>(*broker_, io_, gatherers_);
    env_.run_on(io_loop_, [this] { io_.at_turn_end([this] { turn_->end_of_turn(); }); });
  }
  void TearDown() override {
    if (machine_.alive()) machine_.crash(env::Crash::kProcess);
    turn_.reset();
    broker_.reset();
    store_.reset();
  }

  /// In a turn of its own.
  void put(uint32_t slot) {
    env_.run_on(io_loop_, [this, slot] { add(slot, "x", false); });
  }
  void add(uint32_t slot, const std::string& body, bool of_producer) {
    AppendItem& item = turn_->next();
    item.offset = turn_->bytes().size();
    item.queue = store_->queue("T", 0);
    item.size = encode_record({.topic = "T", .bornHost = *Host::parse("10.0.0.9", 4000), .storeHost = *Host::parse("10.0.0.1", 10911), .body = as_bytes(body)},
                              turn_->bytes()).value();
    turn_->add({.sink = this, .slot = slot, .wait = true, .may_give_up = of_producer});
  }
  void on_put(uint32_t slot, const PutResult& result) noexcept override {
    EXPECT_TRUE(io_.here());
    EXPECT_EQ(result.status, PutStatus::kPutOk);
    EXPECT_EQ(result.queue_offset.index, static_cast<int64_t>(told_.size()));
    told_.push_back(slot);
  }

  env::SimWorld world_{1};
  env::SimMachine& machine_ = world_.machine("broker");
  SlowDisk env_{machine_.env()};
  BrokerConfig config_;
  HostConfig host_;
  store::MessageStoreConfig store_config_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<BrokerContext> broker_;
  env::Loop& io_loop_ = env_.start_loop("io");
  FullLoop io_{io_loop_};
  std::vector<std::function<void()>> gatherers_;
  std::unique_ptr<TurnBatch> turn_;
  std::vector<uint32_t> told_;
};

TEST_F(TurnBatchTest, ALargeTurnIsAppendedBetweenTheMessagesOfProducers) {
  constexpr uint32_t kGathered = 1000;
  bool decided = false;
  gatherers_.push_back([&] {
    if (std::exchange(decided, false)) add(kGathered, "y", false);
  });
  const std::string body(50'000, 'x');
  env_.run_on(io_loop_, [&] {
    for (uint32_t i = 0; i < 4; ++i) add(i, body, false);   // of a room that puts several
    EXPECT_TRUE(told_.empty());
    decided = true;
    add(4, body, true);
    EXPECT_EQ(told_, (std::vector<uint32_t>{0, 1, 2, 3, 4, kGathered})) << "what rooms gathered stands in the same append";
    for (uint32_t i = 5; i < 8; ++i) add(i, body, true);
    EXPECT_EQ(told_.size(), 6U) << "it is not large yet";
    add(8, body, true);   // the first write showed that the disk is slow: this one goes to the append loop
    EXPECT_TRUE(turn_->bytes().empty());
  });
  world_.run_for(100);
  EXPECT_EQ(told_.size(), 10U);
}

TEST_F(TurnBatchTest, ABatchComesBackToALoopThatIsFullForAWhile) {
  put(0);   // the first write shows that the disk is slow
  world_.run_for(1);
  ASSERT_EQ(told_, (std::vector<uint32_t>{0}));
  ASSERT_TRUE(store_->disk_dawdles());

  io_.refusals = 3;
  put(1);
  world_.run_for(1);
  EXPECT_LT(io_.refusals, 3) << "nothing was handed over";
  EXPECT_EQ(told_.size(), 1U);
  put(2);   // must not overtake the one that is away
  world_.run_for(1000);
  EXPECT_EQ(io_.refusals, 0);
  EXPECT_EQ(told_, (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(turn_->waiting().count, 0U);
}

}  // namespace
}  // namespace mq::broker
