#include "broker/meta/queue_locks.h"

#include <gtest/gtest.h>

#include "env/test_clock.h"

namespace mq::broker {
namespace {

TEST(QueueLocks, AGroupConsumesInOrderWhileALockLives) {
  env::HandClock clock(1000);
  QueueLocks locks(clock);
  const std::vector<wire::MessageQueue> both{{"T", "b", 0}, {"T", "b", 1}}, first{both[0]};
  EXPECT_FALSE(locks.any_held("g"));
  EXPECT_EQ(locks.lock("g", "one", first)->size(), 1U);
  EXPECT_EQ(locks.lock("g", "two", both).value(), std::vector<wire::MessageQueue>{both[1]}) << "the other one's stays with it";
  EXPECT_TRUE(locks.any_held("g"));
  EXPECT_FALSE(locks.any_held("another"));

  locks.unlock("g", "two", both);
  EXPECT_TRUE(locks.any_held("g")) << "only its own";
  clock.pass_ms(QueueLocks::kLifeMs);
  EXPECT_TRUE(locks.any_held("g"));
  clock.pass_ms(1);
  EXPECT_FALSE(locks.any_held("g"));
  EXPECT_EQ(locks.lock("g", "two", both)->size(), 2U) << "a lock that was not refreshed is free";
  locks.unlock("g", "two", both);
  EXPECT_FALSE(locks.any_held("g"));
}

TEST(QueueLocks, WhoWasRefusedAQueueWaitsForIt) {
  env::HandClock clock(1000);
  QueueLocks locks(clock);
  const std::vector<wire::MessageQueue> both{{"T", "b", 0}, {"T", "b", 1}}, first{both[0]}, second{both[1]};
  EXPECT_FALSE(locks.unlock("g", "one", both)) << "nobody holds any";
  EXPECT_EQ(locks.lock("g", "one", both)->size(), 2U);
  EXPECT_TRUE(locks.lock("g", "two", first)->empty());
  EXPECT_EQ(locks.lock("g", "one", both)->size(), 2U);
  EXPECT_FALSE(locks.unlock("g", "two", first)) << "it is not its own";
  EXPECT_FALSE(locks.unlock("g", "one", second)) << "nobody asked for that one";
  EXPECT_TRUE(locks.unlock("g", "one", first));
  EXPECT_EQ(locks.lock("g", "two", first)->size(), 1U);
  EXPECT_FALSE(locks.unlock("g", "two", first)) << "the one who waited has had it";
}

TEST(QueueLocks, GroupsWhoseLocksHaveEndedMakeRoom) {
  env::HandClock clock(1000);
  QueueLocks locks(clock);
  const std::vector<wire::MessageQueue> one{{"T", "b", 0}};
  EXPECT_TRUE(locks.lock("asks for nothing", "c", {})->empty());
  for (size_t i = 0; i < QueueLocks::kMaxGroups; ++i) ASSERT_TRUE(locks.lock("g" + std::to_string(i), "c", one));
  EXPECT_FALSE(locks.lock("one more", "c", one));
  EXPECT_TRUE(locks.lock("g7", "c", one));
  clock.pass_ms(QueueLocks::kLifeMs + 1);
  EXPECT_TRUE(locks.lock("g7", "c", one));
  EXPECT_TRUE(locks.lock("one more", "c", one));
  EXPECT_TRUE(locks.any_held("g7"));
}

}  // namespace
}  // namespace mq::broker
