#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "env/loop.h"
#include "env/timer_heap.h"

namespace mq::env {
namespace {

TEST(TimerHeap, RunsInOrderOfTimeThenOfAdding) {
  TimerHeap heap;
  std::string seen;
  heap.add(30, [&] { seen += 'd'; });
  heap.add(10, [&] { seen += 'a'; });
  heap.add(20, [&] { seen += 'b'; });
  heap.add(20, [&] { seen += 'c'; });
  EXPECT_EQ(heap.first_us(), 10);
  EXPECT_EQ(heap.run_due(9), 0u);
  EXPECT_EQ(heap.run_due(20), 3u);
  EXPECT_EQ(heap.run_due(100), 1u);
  EXPECT_EQ(seen, "abcd");
}

TEST(TimerHeap, CancelledTimersLeaveAtOnceAndOldIdsDoNothing) {
  TimerHeap heap;
  int runs = 0;
  std::vector<uint64_t> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(heap.add(i * 7919 % 1000, [&] { ++runs; }));
  for (size_t i = 0; i < ids.size(); i += 2) heap.cancel(ids[i]);
  EXPECT_EQ(heap.size(), 500u);
  heap.run_due(400);
  for (uint64_t id : ids) heap.cancel(id);
  EXPECT_TRUE(heap.empty());
  const uint64_t again = heap.add(1, [&] { runs += 1000; });   // a slot used before
  for (uint64_t id : ids) heap.cancel(id);
  heap.cancel(0);
  EXPECT_EQ(heap.size(), 1u);
  heap.cancel(again);
  EXPECT_LT(runs, 500);
  EXPECT_GT(runs, 100);
}

TEST(TimerHeap, ATimerAddedWhileRunningWaitsForTheNextCall) {
  TimerHeap heap;
  int runs = 0;
  heap.add(1, [&] { heap.add(0, [&] { ++runs; }); });
  heap.run_due(1);
  EXPECT_EQ(runs, 0);
  heap.run_due(1);
  EXPECT_EQ(runs, 1);
}

class PosixLoops : public ::testing::Test {
 protected:
  std::unique_ptr<Env> env_ = make_posix_env();
  Loop& loop_ = env_->start_loop("io-0");
};

TEST_F(PosixLoops, TasksRunInOrderOfPosting) {
  std::vector<int> seen;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(loop_.post([&seen, i] { seen.push_back(i); }));
  env_->run_on(loop_, [] {});
  ASSERT_EQ(seen.size(), 1000u);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST_F(PosixLoops, ManyThreadsWakeASleepingLoop) {
  std::atomic<int> runs{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        while (!loop_.post([&] { ++runs; })) std::this_thread::yield();
        if (i % 16 == 0) std::this_thread::yield();
      }
    });
  }
  for (auto& t : threads) t.join();
  env_->run_on(loop_, [] {});
  EXPECT_EQ(runs.load(), 8000);
}

TEST_F(PosixLoops, AFullQueueSaysNo) {
  std::atomic<bool> go{false}, stuck{false};
  ASSERT_TRUE(loop_.post([&] { for (stuck = true; !go;) std::this_thread::yield(); }));
  while (!stuck) std::this_thread::yield();
  int taken = 0;
  while (taken < 200'000 && loop_.post([] {})) ++taken;
  go = true;
  EXPECT_EQ(taken, 65'536);
  env_->run_on(loop_, [] {});   // waits for room by itself
}

TEST_F(PosixLoops, AStoppedLoopTakesNothingButRunsWhatItHad) {
  int runs = 0;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(loop_.post([&] { ++runs; }));
  env_->stop_loop(loop_);
  EXPECT_EQ(runs, 100);
  EXPECT_FALSE(loop_.post([] {}));
  env_->run_on(loop_, [&] { ++runs; });
  EXPECT_EQ(runs, 101);
}

TEST_F(PosixLoops, TimersAreNotEarlyAndCancelWorks) {
  std::atomic<int64_t> waited{0};
  std::atomic<bool> wrong{false};
  env_->run_on(loop_, [&] {
    EXPECT_TRUE(loop_.here());
    const int64_t start = loop_.clock().mono_us();
    loop_.after(20, [&, start] { waited = loop_.clock().mono_us() - start; });
    const TimerId id = loop_.after(5, [&] { wrong = true; });
    loop_.cancel(id);
  });
  EXPECT_FALSE(loop_.here());
  while (waited == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_GE(waited.load(), 20'000);
  EXPECT_FALSE(wrong);
}

TEST_F(PosixLoops, TurnHooksRunAfterTheTurnsWork) {
  std::vector<char> seen;
  env_->run_on(loop_, [&] {
    loop_.at_turn_end([&] { if (!seen.empty() && seen.back() == 't') seen.push_back('h'); });
    loop_.at_turn_end([&] { if (!seen.empty() && seen.back() == 'h') seen.push_back('i'); });
  });
  env_->run_on(loop_, [&] { seen.push_back('t'); });
  env_->stop_loop(loop_);
  EXPECT_EQ(std::string(seen.begin(), seen.end()), "thi");
}

TEST_F(PosixLoops, PeriodicRepeatsUntilItDies) {
  std::atomic<int> runs{0};
  std::unique_ptr<Periodic> periodic;
  env_->run_on(loop_, [&] { periodic = std::make_unique<Periodic>(loop_, 0, 2, [&] { ++runs; }); });
  while (runs < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  int at_stop = 0;
  env_->run_on(loop_, [&] { periodic.reset(), at_stop = runs; });
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(runs.load(), at_stop);
  env_->run_on(loop_, [&] {   // stopping from inside the task
    periodic = std::make_unique<Periodic>(loop_, 0, 1, [&] { ++runs, periodic.reset(); });
  });
  while (runs == at_stop) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(runs.load(), at_stop + 1);
  env_->run_on(loop_, [] {});
}

TEST(PosixEnv, RandomNumbersDiffer) {
  auto env = make_posix_env();
  EXPECT_NE(env->rng().next(), env->rng().next());
  EXPECT_LT(env->rng().below(10), 10u);
}

TEST_F(PosixLoops, APromptLoopAsksForShortSlicesAndKeepsItsNiceValue) {
  env_->run_on(loop_, [] { ASSERT_EQ(::setpriority(PRIO_PROCESS, 0, 3), 0); });
  loop_.be_prompt();
  env_->run_on(loop_, [] {
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), 3);
    struct {
      uint32_t size = 48, policy = 0;
      uint64_t flags = 0;
      int32_t nice = 0;
      uint32_t priority = 0;
      uint64_t slice_ns = 0, deadline_ns = 0, period_ns = 0;
    } a;
    ASSERT_EQ(::syscall(SYS_sched_getattr, 0, &a, sizeof a, 0u), 0);
    EXPECT_TRUE(a.slice_ns == 100'000 || a.slice_ns == 0) << a.slice_ns;   // 0: a kernel before 6.12, which has one length for all
  });
}

}  // namespace
}  // namespace mq::env
