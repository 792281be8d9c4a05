// Faults of the machine below the store: full and broken disks, clocks, descriptors, deaths at any moment. The law of all:
// what is acknowledged is there afterwards; what cannot be done is said; nothing is pretended; it goes on when it can.
#include <gtest/gtest.h>

#include "base/log.h"
#include "msg/record.h"
#include "store/format/consume_queue_entry.h"
#include "store/test_store.h"

namespace mq::store {
namespace {

constexpr int64_t kMegabyte = 1 << 20;

/// Appends until it is refused, at most `limit`. How many were taken.
int append_until_refused(TestStore& t, int limit) {
  for (int i = 0; i < limit; ++i) {
    if (t.try_append("A", 0).status != PutStatus::kPutOk) return i;
  }
  return limit;
}

// --- full disk ----------------------------------------------------------------------------------------------------------

TEST(Faults, AFullDiskRefusesAndRecoversByItself) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 20);
  t.run_for(2'000);
  t.machine().faults().disk_limit_bytes = 18 * kMegabyte;   // the reserve is 16 MiB
  t.run_for(2'000);
  t.append("A", 0, 5);
  t.machine().faults().disk_limit_bytes = 15 * kMegabyte;
  t.run_for(2'000);
  EXPECT_EQ(append_until_refused(t, 10), 0);
  EXPECT_FALSE(t.store().stats().writable);
  EXPECT_NE(t.store().stats().why_not_writable.find("MiB are free"), std::string::npos) << t.store().stats().why_not_writable;
  t.expect_all("reads go on");
  t.machine().faults().disk_limit_bytes = 0;
  t.run_for(2'000);
  t.append("A", 0, 5);
  t.expect_all("room again");
}

TEST(Faults, TheRatioOfTheDiskRefuses) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 20);
  t.config().diskSpaceWarningLevelRatio.set(35);
  t.config().diskSpaceCleanForciblyRatio.set(30);
  t.config().cleanFileForciblyEnable.set(false);
  t.machine().faults().disk_limit_bytes = 64 * kMegabyte;
  t.make("ballast", std::string(static_cast<size_t>(30 * kMegabyte), 'x'));
  t.run_for(2'000);
  EXPECT_EQ(append_until_refused(t, 3), 0);
  EXPECT_NE(t.store().stats().why_not_writable.find("diskSpaceWarningLevelRatio is 35"), std::string::npos);
  ASSERT_TRUE(t.fs().remove(TestStore::path("ballast")));
  t.run_for(2'000);
  t.append("A", 0, 5);
  t.expect_all("below the ratio again");
}

TEST(Faults, AFullDiskRemovesTheOldestFiles) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 200);
  t.run_for(2'000);
  t.config().diskSpaceWarningLevelRatio.set(35);
  t.config().diskSpaceCleanForciblyRatio.set(30);
  t.machine().faults().disk_limit_bytes = 64 * kMegabyte;
  t.make("ballast", std::string(static_cast<size_t>(30 * kMegabyte), 'x'));
  t.run_for(10'000);
  EXPECT_GT(t.store().min_phy().bytes, 0);
  const QueueRef q = t.store().find_queue("A", 0);
  const int64_t min = t.store().min_offset(*q).index;
  EXPECT_GT(min, 0);
  EXPECT_EQ(t.store().max_offset(*q).index, 200);
  ReadResult r;
  t.store().read(q.get(), {.offset = {min}, .max_messages = 1, .may_wait = true}, r);
  EXPECT_EQ(r.status, GetStatus::FOUND);
  t.store().read(q.get(), {.offset = {0}, .max_messages = 1, .may_wait = true}, r);
  EXPECT_EQ(r.status, GetStatus::OFFSET_TOO_SMALL);

  EXPECT_NE(min * CqEntry::kBytes % TestStore::kQueueFile, 0);   // the queue's first file still has entries of what is gone
  t.stop();
  ASSERT_TRUE(t.start());
  t.run_for(50);
  EXPECT_EQ(t.store().min_offset(*t.store().find_queue("A", 0)).index, min);
}

/// The disk has not one block more, whatever is tried first.
TEST(Faults, NoBlockLeftAtAnyPlace) {
  for (int64_t room = 0; room < 200; room += 7) {
    TestStore t(static_cast<uint64_t>(room) + 1);
    t.config().cleanFileForciblyEnable.set(false);
    ASSERT_TRUE(t.start());
    t.append("A", 0, 20);
    t.machine().faults().disk_limit_bytes = 17 * kMegabyte + room * 4096;
    t.make("ballast", std::string(static_cast<size_t>(16 * kMegabyte), 'x'));
    for (int i = 0; i < 60; ++i) {   // the log, the queues, the index, the checkpoint: all meet the full disk
      (void)t.try_append("A", 0);
      (void)t.try_append("B", i % 3, "k");
      if (i % 10 == 0) t.run_for(400);
    }
    t.run_for(15'000);
    t.expect_all("full");
    t.crash();
    ASSERT_TRUE(t.start()) << "a store on a full disk must start: its messages are to be read";
    t.expect_all("after a kill on the full disk");
    ASSERT_TRUE(t.fs().remove(TestStore::path("ballast")));
    t.machine().faults().disk_limit_bytes = 0;
    t.run_for(3'000);
    t.append("A", 0, 3);
    t.append("B", 1, 3);
    t.expect_all("room again");
    t.stop();
    t.expect_restart("after all");
    if (testing::Test::HasFailure()) FAIL() << "room for " << room << " blocks";
  }
}

// --- broken disk --------------------------------------------------------------------------------------------------------

TEST(Faults, AWriteErrorAcknowledgesNothing) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 10);
  t.machine().faults().write_error = 1;
  t.machine().faults().faulty_path = "/commitlog/";
  EXPECT_EQ(t.try_append("A", 0).status, PutStatus::kServiceNotAvailable);
  EXPECT_FALSE(t.store().stats().writable);
  EXPECT_NE(t.store().stats().why_not_writable.find("could not be written"), std::string::npos);
  t.run_for(3'000);
  EXPECT_NE(t.try_append("A", 0).status, PutStatus::kPutOk);
  t.expect_all("while it fails");
  t.machine().faults().write_error = 0;
  t.run_for(2'000);
  t.append("A", 0, 5);   // offsets go on without a gap
  t.expect_all("healed");
  t.crash();
  t.expect_restart("and killed");
}

TEST(Faults, RemainsOfFailedWritesNeverBecomeMessages) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    TestStore t(seed);
    ASSERT_TRUE(t.start());
    for (int i = 0; i < 30; ++i) {
      t.machine().faults().write_error = i % 3 == 2 ? 0.7 : 0;
      (void)t.try_append("A", i % 2);
      if (i % 5 == 0) t.run_for(1'100);
    }
    t.machine().faults().write_error = 0;
    t.run_for(2'000);
    t.append("A", 0);   // the remains of the last failure go
    t.crash();
    t.expect_restart("killed behind failed writes");
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(Faults, AFailedSyncIsToldAndEndsWriting) {
  TestStore t(1, true);
  ASSERT_TRUE(t.start());
  AppendItem item = t.try_append("A", 0);
  EXPECT_EQ(t.when_durable(end_of(item)), PutStatus::kPutOk);
  t.machine().faults().sync_error = 1;
  t.machine().faults().faulty_path = "/commitlog/";
  item = t.try_append("A", 0);
  EXPECT_EQ(t.when_durable(end_of(item)), PutStatus::kServiceNotAvailable);
  t.machine().faults().sync_error = 0;
  t.run_for(20'000);
  // The kernel counts the pages as clean now: a later success would prove nothing.
  EXPECT_EQ(t.try_append("A", 0).status, PutStatus::kServiceNotAvailable);
  EXPECT_EQ(t.when_durable(end_of(item)), PutStatus::kServiceNotAvailable);
  EXPECT_NE(t.store().stats().why_not_writable.find("could not be synced"), std::string::npos);
  EXPECT_LE(t.store().stats().flushed, item.phy.bytes);
  EXPECT_EQ(t.store().max_offset(*t.store().find_queue("A", 0)).index, 2);   // reads go on
  t.stop();
  EXPECT_TRUE(t.fs().exists(TestStore::path("abort")));   // no orderly end
  ASSERT_TRUE(t.start());
  t.append("A", 0);
}

TEST(Faults, AFailedSyncIsToldWithAsyncFlushToo) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 5);
  t.machine().faults().sync_error = 1;
  t.machine().faults().faulty_path = "/commitlog/";
  t.run_for(15'000);
  EXPECT_FALSE(t.store().stats().writable);
  EXPECT_EQ(t.try_append("A", 0).status, PutStatus::kServiceNotAvailable);
  t.expect_all("reads go on");
}

/// Whatever sync fails beside the log: the safe point may not pass it.
TEST(Faults, FailedSyncsOfSideFilesCostNothing) {
  for (const char* path : {"/consumequeue/", "/index/", "/checkpoint", "/knownQueues"}) {
    for (uint64_t seed = 1; seed <= 15; ++seed) {
      TestStore t(seed, true);
      ASSERT_TRUE(t.start());
      t.machine().faults().sync_error = 0.7;
      t.machine().faults().faulty_path = path;
      PhyOffset end;
      for (int i = 0; i < 30; ++i) {
        const AppendItem item = t.try_append("A", i % 2, "k" + std::to_string(i));
        ASSERT_EQ(item.status, PutStatus::kPutOk);
        end = end_of(item);
        t.run_for(1'500);
      }
      ASSERT_EQ(t.when_durable(end), PutStatus::kPutOk);
      t.crash(env::Crash::kPower);
      t.machine().faults().sync_error = 0;
      t.expect_restart(path);
      if (testing::Test::HasFailure()) FAIL() << path << " seed " << seed;
    }
  }
}

TEST(Faults, ConsumeQueuesThatCannotBeWrittenWaitInMemory) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.machine().faults().write_error = 1;
  t.machine().faults().faulty_path = "/consumequeue/";
  t.append("A", 0, 500);
  t.run_for(20'000);
  t.append("A", 0, 10);
  t.expect_all("from memory");
  t.machine().faults().write_error = 0;
  t.run_for(15'000);
  t.stop();
  t.expect_restart("written after all");
}

TEST(Faults, AReadErrorOfAConsumeQueueSkipsNothing) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 30);
  t.stop();
  ASSERT_TRUE(t.start());   // what was in memory is in the files only
  t.machine().faults().read_error = 1;
  t.machine().faults().faulty_path = "/consumequeue/";
  const QueueRef q = t.store().find_queue("A", 0);
  ReadResult r;
  t.store().read(q.get(), {.offset = {3}, .may_wait = true}, r);
  EXPECT_TRUE(r.failed);
  EXPECT_TRUE(r.slices.empty());
  t.machine().faults().read_error = 0;
  t.store().read(q.get(), {.offset = {3}, .may_wait = true}, r);
  EXPECT_FALSE(r.failed);
  EXPECT_EQ(r.status, GetStatus::FOUND);
  t.expect_all("healed");
}

TEST(Faults, AConsumeQueueThatCannotBeReadIsBuiltAgain) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 30);
  t.append("B", 0, 30);
  t.run_for(15'000);
  t.crash();
  t.machine().faults().read_error = 1;
  t.machine().faults().faulty_path = "/consumequeue/A/0/00000000000000000480";
  t.expect_restart("a bad sector in a ConsumeQueue file");
  EXPECT_EQ(t.names("consumequeue.A.0.").size(), 1U);
}

TEST(Faults, SmallFilesThatCannotBeReadStopNothing) {
  for (const char* path : {"/checkpoint", "/knownQueues", "/deletedTopics"}) {
    TestStore t;
    ASSERT_TRUE(t.start());
    t.append("A", 0, 30);
    t.append("Gone", 0, 2);
    ASSERT_TRUE(t.store().delete_topic("Gone"));
    t.expect_only("Gone", 0, 0);
    t.run_for(15'000);
    t.crash();
    t.machine().faults().read_error = 1;
    t.machine().faults().faulty_path = path;
    const auto started = t.start();
    ASSERT_TRUE(started) << path << ": " << started.error().message();
    EXPECT_EQ(t.store().max_offset(*t.store().find_queue("A", 0)).index, 30) << path;
  }
}

TEST(Faults, ARottenBitIsNotDelivered) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 10);
  const auto entry = t.store().entry_at(*t.store().find_queue("A", 0), {4}).value();
  t.run_for(15'000);
  t.machine().flip_bit(TestStore::path(TestStore::log_file(0)), entry.phy.bytes + 5, 3);   // its magic
  EXPECT_EQ(t.store().record_at(entry.phy).error().code(), Errc::kCorrupt);
}

// --- descriptors --------------------------------------------------------------------------------------------------------

TEST(Faults, WithoutDescriptorsNothingIsLostOrSkipped) {
  TestStore t;
  t.config().mappedFileSizeCommitLog.set(128 << 10);
  ASSERT_TRUE(t.start());
  for (int i = 0; i < 20; ++i) t.append("A", i, 12);
  t.run_for(15'000);
  t.machine().faults().open_error = 1;
  for (int i = 0; i < 20; ++i) t.append("B", i, 3);      // queues without a file
  (void)append_until_refused(t, 1000);                   // until the log needs its next file
  t.run_for(15'000);
  for (int i = 0; i < 20; ++i) {
    ReadResult r;
    t.store().read(t.store().find_queue("A", i).get(), {.offset = {0}, .may_wait = true}, r);
    EXPECT_TRUE(r.failed || r.status == GetStatus::FOUND) << to_string(r.status);
  }
  t.machine().faults().open_error = 0;
  t.run_for(15'000);
  t.append("A", 0, 50);
  t.expect_all("descriptors are back");
  t.crash();
  t.expect_restart("killed");
}

// --- clocks -------------------------------------------------------------------------------------------------------------

TEST(Faults, TheClockStepsBack) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 10);
  int64_t last = t.try_append("A", 0).store_timestamp;
  for (const int64_t skew : {-1'000, -30'000, -59'000}) {
    t.machine().set_wall_skew_ms(skew);
    t.run_for(100);
    const int64_t now = t.try_append("A", 0).store_timestamp;
    EXPECT_GE(now, last);
    last = now;
  }
  // The search by time needs times in order.
  const QueueRef q = t.store().find_queue("A", 0);
  EXPECT_EQ(t.store().offset_by_time(*q, last + 1, Boundary::kLower).index, t.store().max_offset(*q).index);
  EXPECT_EQ(t.store().offset_by_time(*q, 0, Boundary::kLower).index, 0);
  t.machine().set_wall_skew_ms(-3'600'000);   // that far back the old time was the error
  EXPECT_LT(t.try_append("A", 0).store_timestamp, last);
  t.run_for(30'000);
  t.crash();
  t.expect_restart("killed under the wrong clock");
}

TEST(Faults, TheClockStepsForward) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 30);
  t.run_for(5'000);
  t.machine().set_wall_skew_ms(3'600'000 * 5);
  t.append("A", 0, 30);
  t.run_for(30'000);
  t.expect_all("five hours later at once");
  t.machine().set_wall_skew_ms(0);
  t.append("A", 0, 30);
  t.run_for(30'000);
  t.stop();
  t.expect_restart("and back");
}

// --- death at any moment ------------------------------------------------------------------------------------------------

/// Runs a life that dies at its n-th disk operation, for each n until it lives on; then starts again and checks.
void die_everywhere(env::Crash how, bool sync_flush, const std::function<void(TestStore&)>& live) {
  constexpr int64_t kMost = 2000;
  for (int64_t n = 1; n < kMost; ++n) {
    TestStore t(static_cast<uint64_t>(n), sync_flush);
    ASSERT_TRUE(t.start());
    t.append("A", 0, 20);
    t.append("B", 1, 3);
    t.run_for(12'000);
    t.machine().crash_at_disk_op(n, how);
    live(t);
    const bool died = !t.machine().alive();
    t.crash(how);
    ASSERT_TRUE(t.start()) << "operation " << n;
    for (const char* topic : {"A", "B"}) {
      const QueueRef q = t.store().find_queue(topic, topic[0] - 'A');
      ASSERT_TRUE(q) << "operation " << n;
      EXPECT_GE(t.store().max_offset(*q).index, topic[0] == 'A' ? 20 : 3) << "operation " << n;
      for (int64_t i = 0; i < t.store().max_offset(*q).index; ++i) {
        const auto entry = t.store().entry_at(*q, {i});
        ASSERT_TRUE(entry) << "operation " << n << " offset " << i;
        const auto record = t.store().record_at(entry->phy);
        ASSERT_TRUE(record && decode_record(record->bytes, RecordCheck::kLengthsAndCrc)) << "operation " << n << " offset " << i;
      }
    }
    if (testing::Test::HasFailure() || !died) return;
  }
  FAIL() << "more than " << kMost << " operations: the last ones were not tried";
}

void run_a_while(TestStore& t) {
  for (int i = 0; i < 30 && t.machine().alive(); ++i) {
    (void)t.try_append("A", 0);
    t.run_for(400);
  }
}

TEST(Faults, KilledAtAnyOperationOfARun) {
  die_everywhere(env::Crash::kProcess, false, run_a_while);
}

TEST(Faults, PowerCutAtAnyOperationOfARun) {
  die_everywhere(env::Crash::kPower, true, run_a_while);
}

TEST(Faults, KilledAtAnyOperationOfAStop) {
  die_everywhere(env::Crash::kProcess, false, [](TestStore& t) { t.stop(); });
}

TEST(Faults, PowerCutAtAnyOperationOfAStop) {
  die_everywhere(env::Crash::kPower, true, [](TestStore& t) { t.stop(); });
}

TEST(Faults, DiesAtAnyOperationOfARecovery) {
  for (const auto how : {env::Crash::kProcess, env::Crash::kPower}) {
    bool died = true;
    for (int64_t n = 1; died && n < 400; ++n) {
      TestStore t(static_cast<uint64_t>(n), true);
      ASSERT_TRUE(t.start());
      t.append("A", 0, 20);
      t.append("B", 1, 3);
      t.run_for(12'000);
      t.append("A", 0, 3);   // behind the safe point
      t.run_for(2'000);
      t.crash();
      t.remove_all("consumequeue/B");   // so that there is something to build again
      t.machine().crash_at_disk_op(n, how);
      (void)t.start();
      died = !t.machine().alive();
      t.crash(how);
      t.expect_restart("died in recovery");
      if (testing::Test::HasFailure()) FAIL() << "operation " << n;
    }
    EXPECT_FALSE(died);   // the last one lived through the start
  }
}

}  // namespace
}  // namespace mq::store
