// What a read tells of where its messages lie.
#include <gtest/gtest.h>

#include "store/test_store.h"

namespace mq::store {
namespace {

TEST(Walk, TellsWhatIsOlderThanThePartThatStaysInMemory) {
  TestStore t;
  t.config().commitLogCacheMegabytes.set(1);
  ASSERT_TRUE(t.start());
  while (t.try_append("A", 0).phy.bytes < (1 << 20) + TestStore::kLogFile) {}
  const auto q = t.store().find_queue("A", 0);
  const auto old = [&](int64_t offset) {
    ReadResult r;
    t.store().read(q.get(), {.offset = {offset}, .max_messages = 1, .may_wait = true}, r);
    EXPECT_EQ(r.message_count, 1);
    return r.old;
  };
  const int64_t max = t.store().max_offset(*q).index;
  EXPECT_TRUE(old(0));
  EXPECT_FALSE(old(max / 2));
  EXPECT_FALSE(old(max - 1));
}

TEST(Walk, OfEntriesThatAreNotInMemoryAReadThatMayNotWaitKnowsNothing) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 500);
  t.run_for(10'000);   // the oldest entries are in their files only; the log is young enough not to be asked about
  t.machine().faults().cold_read = 1;
  const auto q = t.store().find_queue("A", 0);
  ReadResult r;
  t.store().read(q.get(), {.offset = {0}}, r);
  EXPECT_TRUE(r.cold);
  EXPECT_TRUE(r.slices.empty());
  t.store().read(q.get(), {.offset = {0}, .may_wait = true}, r);
  EXPECT_FALSE(r.cold);
  EXPECT_EQ(r.message_count, 32);
}

}  // namespace
}  // namespace mq::store
