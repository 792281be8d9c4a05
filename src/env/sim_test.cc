// Loops, time, determinism and death in the simulated world. Disk: sim_disk_test.cc, network: sim_net_test.cc.
#include "env/sim.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace mq::env {
namespace {

TEST(SimLoop, PostedTasksKeepTheirOrder) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimWorld world(seed);
    Loop& loop = world.machine("a").env().start_loop("l");
    std::string seen;
    for (char c = 'a'; c < 'k'; ++c) ASSERT_TRUE(loop.post([&seen, c] { seen += c; }));
    world.run_for(1);
    EXPECT_EQ(seen, "abcdefghij") << "seed " << seed;
  }
}

TEST(SimLoop, LoopsTakeTurnsInAnOrderOfTheSeed) {
  std::set<std::string> orders;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimWorld world(seed);
    Env& env = world.machine("a").env();
    std::string seen;
    for (char c : {'a', 'b', 'c'}) ASSERT_TRUE(env.start_loop("l").post([&seen, c] { seen += c; }));
    world.run_for(1);
    orders.insert(seen);
  }
  EXPECT_EQ(orders.size(), 6U);
}

TEST(SimLoop, TimersFireNotBeforeTheirTimeAndTimeOnlyMovesWhenNothingRuns) {
  SimWorld world(1);
  Loop& loop = world.machine("a").env().start_loop("l");
  std::vector<int64_t> fired;
  const int64_t start = loop.clock().mono_ms();
  ASSERT_TRUE(loop.post([&] {
    loop.after(500, [&] { fired.push_back(loop.clock().mono_ms() - start); });
    loop.after(20, [&] { fired.push_back(loop.clock().mono_ms() - start); });
    const TimerId gone = loop.after(100, [&] { ADD_FAILURE(); });
    loop.after(0, [&loop, gone] { loop.cancel(gone); });
  }));
  int spins = 0;
  std::function<void()> spin = [&] {
    EXPECT_EQ(loop.clock().mono_ms(), start);
    if (++spins < 1000) {
      ASSERT_TRUE(loop.post([&] { spin(); }));
    }
  };
  ASSERT_TRUE(loop.post([&] { spin(); }));
  world.run_for(1000);
  EXPECT_EQ(spins, 1000);
  EXPECT_EQ(fired, (std::vector<int64_t>{20, 500}));
  EXPECT_EQ(world.now_ms(), 1000);
}

TEST(SimLoop, HooksRunAtTheEndOfATurnAndNotOtherwise) {
  SimWorld world(3);
  Loop& loop = world.machine("a").env().start_loop("l");
  int hooks = 0, tasks = 0;
  ASSERT_TRUE(loop.post([&] { loop.at_turn_end([&] { ++hooks; }); }));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(loop.post([&] { tasks += loop.here(); }));
  world.run_for(100);
  EXPECT_EQ(tasks, 5);
  EXPECT_GE(hooks, 1);
  EXPECT_LE(hooks, 6);
  const int before = hooks;
  world.run_for(1000);
  EXPECT_EQ(hooks, before);
}

TEST(SimEnv, RunOnStepsTheWorldUntilTheTaskHasRun) {
  SimWorld world(4);
  Env& env = world.machine("a").env();
  Loop& one = env.start_loop("one");
  Loop& two = env.start_loop("two");
  std::string seen;
  ASSERT_TRUE(one.post([&] { seen += "1"; }));
  env.run_on(one, [&] {
    seen += "2";
    env.run_on(one, [&] { seen += "3"; });                             // on its own loop: at once
    env.run_on(two, [&] { seen += two.here() ? "4" : "?"; });   // on another one: nested
    EXPECT_TRUE(one.here());
  });
  EXPECT_EQ(seen, "1234");
}

TEST(SimEnv, StoppingALoopRunsWhatIsPostedAndDropsTimers) {
  SimWorld world(5);
  Env& env = world.machine("a").env();
  Loop& loop = env.start_loop("l");
  int ran = 0;
  ASSERT_TRUE(loop.post([&] { loop.after(10, [&] { ADD_FAILURE(); }); }));
  ASSERT_TRUE(loop.post([&] { ++ran; }));
  env.stop_loop(loop);
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(loop.post([] {}));
  world.run_for(100);
}

TEST(SimEnv, AfterACrashNothingRunsAndTheCallsAreHarmless) {
  SimWorld world(6);
  SimMachine& machine = world.machine("a");
  Env& old = machine.env();
  Loop& loop = old.start_loop("l");
  auto held = std::make_shared<int>(0);
  ASSERT_TRUE(loop.post([&] { loop.after(5, [held] { ADD_FAILURE(); }); }));
  world.run_for(1);
  ASSERT_TRUE(loop.post([held] { ADD_FAILURE(); }));
  machine.crash(Crash::kProcess);
  EXPECT_EQ(held.use_count(), 1);   // captures die with the process
  EXPECT_FALSE(machine.alive());
  EXPECT_FALSE(loop.post([] {}));
  loop.cancel(1);
  EXPECT_EQ(loop.after(1, [] { ADD_FAILURE(); }), 0U);
  EXPECT_FALSE(old.fs().make_dirs("/x"));
  bool ran = false;
  old.run_on(loop, [&] { ran = true; });
  EXPECT_TRUE(ran);
  old.stop_loop(loop);
  Env& fresh = machine.env();
  EXPECT_NE(&fresh, &old);
  EXPECT_TRUE(fresh.fs().make_dirs("/x"));
  world.run_for(100);
}

TEST(SimEnv, ACrashInATurnEndsItAfterTheCurrentTask) {
  SimWorld world(7);
  SimMachine& machine = world.machine("a");
  Loop& loop = machine.env().start_loop("l");
  int after = 0;
  ASSERT_TRUE(loop.post([&] { loop.at_turn_end([&] { ++after; }); }));
  world.run_for(1);
  after = 0;
  ASSERT_TRUE(loop.post([&] { machine.crash(Crash::kProcess); }));
  ASSERT_TRUE(loop.post([&] { ++after; }));
  world.run_for(1);
  EXPECT_EQ(after, 0);
}

TEST(SimClock, TheWallClockMayBeSkewedAndJump) {
  SimWorld world(8);
  SimMachine& a = world.machine("a");
  SimMachine& b = world.machine("b");
  b.set_wall_skew_ms(-5000);
  EXPECT_EQ(a.env().clock().now_ms() - b.env().clock().now_ms(), 5000);
  const int64_t mono = b.env().clock().mono_us();
  b.set_wall_skew_ms(7000);
  EXPECT_EQ(b.env().clock().now_ms() - a.env().clock().now_ms(), 7000);
  EXPECT_EQ(b.env().clock().mono_us(), mono);
}

/// A small busy world: loops that write files, talk to each other and crash.
uint64_t busy_world(uint64_t seed) {
  SimWorld world(seed);
  SimMachine& machine = world.machine("a");
  for (int life = 0; life < 4; ++life) {
    Env& env = machine.env();
    Loop* loops[] = {&env.start_loop("x"), &env.start_loop("y")};
    std::vector<std::unique_ptr<Periodic>> periodics;
    for (Loop* loop : loops) {
      env.run_on(*loop, [&, loop] {
        periodics.push_back(std::make_unique<Periodic>(*loop, 1, 3, [&env] {
          auto file = env.fs().open("/f" + std::to_string(env.rng().below(3)), Open::kCreate);
          if (!file) return;
          const uint64_t value = env.rng().next();
          (void)(*file)->write(static_cast<int64_t>(env.rng().below(9000)), {reinterpret_cast<const std::byte*>(&value), 8});
          if (env.rng().below(4) == 0) (void)(*file)->sync();
        }));
      });
    }
    machine.crash_at_disk_op(20, life % 2 ? Crash::kPower : Crash::kProcess);
    world.run_until([&] { return !machine.alive(); }, 1000);
    EXPECT_FALSE(machine.alive());
  }
  return world.trace_hash();
}

TEST(SimWorld, TheSameSeedGivesTheSameTrace) {
  std::set<uint64_t> hashes;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const uint64_t hash = busy_world(seed);
    EXPECT_EQ(busy_world(seed), hash) << "seed " << seed;
    hashes.insert(hash);
  }
  EXPECT_EQ(hashes.size(), 30U);
}

}  // namespace
}  // namespace mq::env
