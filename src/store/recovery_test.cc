// What recovery makes of damaged, missing and foreign files. The log is the truth; nothing beside it stops the store.
#include <gtest/gtest.h>

#include <array>

#include "base/log.h"
#include "msg/record.h"
#include "store/check/store_check.h"
#include "store/checkpoint.h"
#include "store/format/consume_queue_entry.h"
#include "store/recovery.h"
#include "store/test_store.h"

namespace mq::store {
namespace {

const std::string kZeros4K(4096, '\0');

/// Two topics, three queues, several files of each kind.
void fill(TestStore& t) {
  ASSERT_TRUE(t.start());
  for (int i = 0; i < 30; ++i) {
    t.append("A", 0);
    t.append("A", 1);
    if (i % 3 == 0) {
      ASSERT_EQ(t.try_append("B", 0, "key" + std::to_string(i)).status, PutStatus::kPutOk);
    }
    t.run_for(500);
  }
}

void fill_and_stop(TestStore& t) {
  fill(t);
  t.stop();
}

TEST(Recovery, CleanStopAndKillBothKeepAll) {
  TestStore t;
  fill_and_stop(t);
  t.expect_restart("orderly");
  t.crash();
  t.expect_restart("killed");
  t.crash();
  t.expect_restart("killed again");
}

TEST(Recovery, KillDispatchesOnlyWhatFollowedTheCheckpoint) {
  TestStore t;
  fill(t);
  t.run_for(15'000);      // the safe point moves
  t.append("A", 0);       // into the last file, behind trusted entries
  t.run_for(2'000);       // entries are written, the safe point stands
  t.crash();
  ASSERT_TRUE(t.start());
  t.expect_all("after the kill");
  // What the ConsumeQueue already had is taken as it is: the file is not written again, so its time stays.
  const int64_t before = t.fs().stat(TestStore::path(TestStore::queue_file("A", 0, 3)))->mtime_ms;
  t.run_for(5'000);
  EXPECT_EQ(t.fs().stat(TestStore::path(TestStore::queue_file("A", 0, 3)))->mtime_ms, before);
}

// The bound of a start after a kill: a quarter of a CommitLog file, and what comes in while the safe point moves.
TEST(Recovery, AtHighRatesTheSafePointFollows) {
  constexpr int64_t kFile = 64 << 20, kQuarter = kFile / 4, kMessage = 512 << 10;
  TestStore t;
  t.config().mappedFileSizeCommitLog.set(static_cast<int32_t>(kFile));
  ASSERT_TRUE(t.start());
  const std::string body(kMessage, 'x');
  const auto append = [&](int count) {
    AppendBatch batch;
    for (int i = 0; i < count; ++i) {
      AppendItem item{.offset = batch.bytes.size(), .queue = t.store().queue("Big", 0)};
      item.size = encode_record({.topic = "Big", .bornHost = *Host::parse("10.0.0.9", 4000), .storeHost = *Host::parse("10.0.0.1", 10911), .body = as_bytes(body)},
                                batch.bytes).value();
      batch.items.push_back(item);
    }
    t.store().append(batch);
    ASSERT_EQ(batch.items.back().status, PutStatus::kPutOk);
  };
  const auto to_read = [&] { return t.store().max_phy().bytes - Checkpoint::read(t.fs(), TestStore::path("checkpoint"))->recoverFrom; };
  append(20);
  t.run_for(2'500);
  EXPECT_GE(to_read(), 20 * kMessage) << "for little it does not move early";
  int64_t most = 0;
  for (int i = 0; i < 20; ++i) {   // in 5 s, before its time
    append(8);
    most = std::max(most, to_read());
    t.run_for(250);
  }
  EXPECT_GT(most, kQuarter);
  EXPECT_LE(most, kQuarter + 6 * 8 * (kMessage + 1024)) << "and the ConsumeQueues are looked at each second";
  t.crash();
  ASSERT_TRUE(t.start());
  EXPECT_EQ(t.store().max_offset(*t.store().find_queue("Big", 0)).index, 180);
}

TEST(Recovery, PowerCutsAtEveryTime) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    TestStore t(seed, true);
    ASSERT_TRUE(t.start());
    PhyOffset end;
    for (int i = 0; i < 20; ++i) {
      const AppendItem item = t.try_append("A", i % 2);
      ASSERT_EQ(item.status, PutStatus::kPutOk);
      end = end_of(item);
      if (i % 5 == 0) t.run_for(static_cast<int64_t>(seed) * 400);
    }
    ASSERT_EQ(t.when_durable(end), PutStatus::kPutOk);
    t.crash(env::Crash::kPower);
    t.expect_restart("power cut");
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

// --- missing files ----------------------------------------------------------------------------------------------------

TEST(Recovery, RebuildsAllConsumeQueues) {
  for (const bool killed : {false, true}) {
    TestStore t;
    fill(t);
    t.run_for(15'000);
    killed ? t.crash() : t.stop();
    t.remove_all("consumequeue");
    t.expect_restart(killed ? "killed" : "orderly");
  }
}

TEST(Recovery, RebuildsAllConsumeQueuesWithoutTheListOfQueues) {
  TestStore t;
  fill_and_stop(t);
  t.remove_all("consumequeue");
  ASSERT_TRUE(t.fs().remove(TestStore::path("knownQueues")));
  t.expect_restart("no queue at all");
}

TEST(Recovery, RebuildsOneQueueThatIsGone) {
  TestStore t;
  fill(t);
  t.run_for(15'000);
  t.crash();
  t.remove_all("consumequeue/B");
  t.expect_restart("one topic's folder is gone");
}

TEST(Recovery, RebuildsAQueueWhoseLastFileIsGone) {
  TestStore t;
  fill_and_stop(t);
  ASSERT_TRUE(t.fs().remove(TestStore::path(TestStore::queue_file("A", 0, 3))));
  t.expect_restart("last file");
}

TEST(Recovery, RebuildsAQueueWithAHole) {
  TestStore t;
  fill_and_stop(t);
  ASSERT_TRUE(t.fs().remove(TestStore::path(TestStore::queue_file("A", 1, 1))));
  t.expect_restart("middle file");
}

TEST(Recovery, RebuildsTheIndex) {
  TestStore t;
  fill_and_stop(t);
  t.remove_all("index");
  ASSERT_TRUE(t.start());
  t.run_for(1'000);
  EXPECT_EQ(t.found("B", "key0"), 1U);
  EXPECT_EQ(t.found("B", "key27"), 1U);
}

TEST(Recovery, ADeletedTopicStaysDeleted) {
  TestStore t;
  fill(t);
  t.run_for(15'000);
  ASSERT_TRUE(t.store().delete_topic("B"));
  t.expect_only("B", 0, 0);
  t.crash();
  ASSERT_TRUE(t.start());
  EXPECT_FALSE(t.store().find_queue("B", 0));
  t.stop();
  t.remove_all("consumequeue");
  ASSERT_TRUE(t.start());
  EXPECT_FALSE(t.store().find_queue("B", 0));
}

// --- torn and damaged files -------------------------------------------------------------------------------------------

TEST(Recovery, CutsATornRecord) {
  TestStore t;
  fill(t);
  const AppendItem last = t.try_append("A", 0);
  t.crash();
  const std::string name = TestStore::log_file(static_cast<int>(last.phy.bytes / TestStore::kLogFile));
  t.write(name, last.phy.bytes % TestStore::kLogFile + static_cast<int64_t>(last.size) - 10, std::string(10, '\0'));
  t.write(name, last.phy.bytes % TestStore::kLogFile + 90, "torn");   // the body
  t.expect_only("A", 0, 30);
  t.expect_restart("torn tail");
}

TEST(Recovery, RemovesEmptyAndTornLastLogFiles) {
  for (const int64_t size : {int64_t{0}, int64_t{1500}, TestStore::kLogFile}) {
    TestStore t;
    fill(t);
    const int next = static_cast<int>(t.store().max_phy().bytes / TestStore::kLogFile) + 1;
    t.crash();
    t.make(TestStore::log_file(next), std::string(static_cast<size_t>(size), '\0'));
    t.truncate(TestStore::log_file(next), size);
    t.expect_restart("a prepared file is left");
  }
}

TEST(Recovery, ALogThatEndsBeforeWhatWasOnTheDiskIsSaidToHaveLostMessages) {
  TestStore t;
  fill_and_stop(t);
  const int64_t end = [&] {
    EXPECT_TRUE(t.start());
    const int64_t at = t.store().max_phy().bytes;
    t.stop();
    return at;
  }();
  const auto starts_and_says = [&] {
    stop_logging();   // what is logged goes to stderr
    testing::internal::CaptureStderr();
    EXPECT_TRUE(t.start());
    t.stop();
    start_logging({.level = LogLevel::kOff});   // as for the other tests
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(starts_and_says().find("messages in between are lost"), std::string::npos);
  const int64_t last = end / TestStore::kLogFile;
  ASSERT_GT(last, 0);
  ASSERT_TRUE(t.fs().remove(TestStore::path(TestStore::log_file(static_cast<int>(last)))));
  const std::string said = starts_and_says();
  EXPECT_NE(said.find("was on the disk up to " + std::to_string(end) + " and ends at " + std::to_string(last * TestStore::kLogFile)), std::string::npos) << said;
}

TEST(Recovery, ADamagedRecordInTheMiddleCostsOnlyItself) {
  TestStore t;
  fill_and_stop(t);
  ASSERT_TRUE(t.start());
  const auto entry = t.store().entry_at(*t.store().find_queue("A", 0), {5});
  t.stop();
  t.write(TestStore::log_file(static_cast<int>(entry->phy.bytes / TestStore::kLogFile)), entry->phy.bytes % TestStore::kLogFile, std::string(40, '\xff'));
  t.remove_all("consumequeue");   // so that everything is read again
  ASSERT_TRUE(t.start());
  const QueueRef q = t.store().find_queue("A", 0);
  ASSERT_TRUE(q);
  EXPECT_EQ(t.store().max_offset(*q).index, 30);
  ReadResult r;
  t.store().read(q.get(), {.offset = {4}, .max_messages = 1, .may_wait = true}, r);
  EXPECT_EQ(r.status, GetStatus::FOUND);
  t.store().read(q.get(), {.offset = {5}, .max_messages = 3, .may_wait = true}, r);   // the damaged one is passed over
  EXPECT_EQ(r.status, GetStatus::FOUND);
  EXPECT_EQ(decode_record(r.slices[0].bytes, RecordCheck::kLengthsAndCrc)->m.queueOffset, 6);
  EXPECT_EQ(t.try_append("A", 0).queue_offset.index, 30);
}

TEST(Recovery, EmptyAndShortConsumeQueueFiles) {
  for (const int64_t size : {int64_t{0}, int64_t{7}, int64_t{60}}) {
    TestStore t;
    fill(t);
    t.run_for(15'000);
    t.crash();
    t.truncate(TestStore::queue_file("A", 0, 3), size);
    t.expect_restart("the last file is short");
  }
}

TEST(Recovery, AZeroedConsumeQueueFile) {
  for (const int n : {1, 3}) {   // in the middle, and the last
    TestStore t;
    fill_and_stop(t);
    t.write(TestStore::queue_file("A", 0, n), 0, std::string(TestStore::kQueueFile, '\0'));
    if (n == 3) {
      t.expect_restart("last");
    } else {
      ASSERT_TRUE(t.start());   // nobody looks at it: storeCheck finds it. Reads pass over it.
      EXPECT_EQ(t.store().max_offset(*t.store().find_queue("A", 0)).index, 30);
    }
  }
}

TEST(Recovery, GarbageInAConsumeQueueIsKeptAside) {
  TestStore t;
  fill_and_stop(t);
  t.write(TestStore::queue_file("A", 0, 3), 0, std::string(TestStore::kQueueFile, '\xee'));
  t.expect_restart("garbage in the last file");
  EXPECT_EQ(t.names("consumequeue.A.0.").size(), 1U);
}

TEST(Recovery, AConsumeQueueFileOfAnotherSizeIsKeptAside) {
  TestStore t;
  fill_and_stop(t);
  t.write(TestStore::queue_file("A", 0, 3), TestStore::kQueueFile, "more than there can be");
  t.expect_restart("one large file");
  EXPECT_EQ(t.names("consumequeue.A.0.").size(), 1U);
}

TEST(Recovery, ForeignFilesAreLeftAlone) {
  TestStore t;
  fill_and_stop(t);
  for (const char* name : {"commitlog/notes.txt", "commitlog/00000000000000000000.swp", "consumequeue/notes", "consumequeue/A/x", "consumequeue/A/0/notes",
                           "consumequeue/A/zero/file", "index/README", "config/x", "lost+found/x"}) {
    t.make(name, "not ours");
  }
  t.expect_restart("foreign files");
  EXPECT_EQ(t.read("commitlog/notes.txt"), "not ours");
  EXPECT_EQ(t.read("consumequeue/A/0/notes"), "not ours");
  EXPECT_EQ(t.read("index/README"), "not ours");
}

TEST(Recovery, AForeignFileSurvivesTheRebuildOfItsQueue) {
  TestStore t;
  fill_and_stop(t);
  t.make("consumequeue/A/0/notes", "not ours");
  ASSERT_TRUE(t.fs().remove(TestStore::path(TestStore::queue_file("A", 0, 1))));
  t.expect_restart("hole");
  EXPECT_EQ(t.read("consumequeue/A/0/notes"), "not ours");
}

TEST(Recovery, FilesOfOtherSizesThanConfigured) {
  TestStore t;
  fill_and_stop(t);
  t.config().mappedFileSizeCommitLog.set(64 << 10);
  t.config().mappedFileSizeConsumeQueue.set(20 * 300);
  t.expect_restart("larger sizes are configured");
  t.stop();
  EXPECT_EQ(t.fs().stat(TestStore::path(TestStore::log_file(0)))->size, TestStore::kLogFile);
  t.config().mappedFileSizeCommitLog.set(2048);
  t.config().mappedFileSizeConsumeQueue.set(20 * 3);
  t.expect_restart("smaller ones");
}

TEST(Recovery, IndexFilesOfAnotherSizeAreKeptAside) {
  TestStore t;
  fill_and_stop(t);
  t.config().maxHashSlotNum.set(13);
  ASSERT_TRUE(t.start());
  t.run_for(1'000);
  t.expect_all("other index");
  EXPECT_GE(t.names("index.index-").size(), 1U);
  EXPECT_EQ(t.found("B", "key0"), 1U);
  EXPECT_EQ(t.found("B", "key27"), 1U);
}

TEST(Recovery, ADamagedIndexIsRepairedAfterAKill) {
  TestStore t;
  fill(t);
  t.run_for(1'000);
  t.crash();
  const std::string name = "index/" + t.fs().list(TestStore::path("index"))->back().name;
  t.write(name, 40, std::string(44, '\x7f'));   // all slots
  ASSERT_TRUE(t.start());
  t.run_for(1'000);
  EXPECT_EQ(t.found("B", "key27"), 1U);
}

TEST(Recovery, AnIndexThatClaimsMoreEntriesThanItHasRoomFor) {
  for (const bool killed : {false, true}) {
    TestStore t;
    fill(t);
    t.run_for(1'000);
    killed ? t.crash() : t.stop();
    const std::string name = "index/" + t.fs().list(TestStore::path("index"))->back().name;
    t.write(name, 36, "\x7f\xff\xff\xff");
    ASSERT_TRUE(t.start());
    ASSERT_EQ(t.try_append("B", 1, "new").status, PutStatus::kPutOk);
    t.run_for(1'000);
    EXPECT_EQ(t.found("B", "key27"), 1U);
    EXPECT_EQ(t.found("B", "new"), 1U);
  }
}

TEST(Recovery, DamagedSmallFiles) {
  for (const char* name : {"checkpoint", "knownQueues", "deletedTopics", "abort"}) {
    for (const std::string& content : {std::string(), std::string("\xff\xfe garbage\n1 2\n"), kZeros4K}) {
      SCOPED_TRACE(name);
      TestStore t;
      fill(t);
      t.run_for(15'000);
      t.crash();
      if (t.fs().exists(TestStore::path(name))) {
        ASSERT_TRUE(t.fs().remove(TestStore::path(name)));
      }
      t.make(name, content);
      t.expect_restart("a damaged side file");
    }
  }
}

TEST(Recovery, ACheckpointOfAnotherSizeIsKeptAside) {
  TestStore t;
  fill_and_stop(t);
  t.truncate("checkpoint", 100);
  t.expect_restart("torn checkpoint");
  EXPECT_TRUE(t.fs().exists(TestStore::path("checkpoint.bad")));
}

TEST(Recovery, AfterAnotherProgramRan) {
  // RocketMQ moves the three timestamps and leaves the rest: what we noted there counts no more.
  TestStore t;
  fill_and_stop(t);
  t.write("checkpoint", 0, std::string(24, '\1'));
  ASSERT_TRUE(t.fs().remove(TestStore::path(TestStore::queue_file("B", 0, 1))));
  t.expect_restart("a checkpoint that is not ours, a file less");
}

TEST(Recovery, ALongTailOfZerosIsFoundByHalves) {
  TestStore t;
  t.config().mappedFileSizeConsumeQueue.set(20 * 3000);
  t.config().mappedFileSizeCommitLog.set(1 << 20);
  ASSERT_TRUE(t.start());
  for (const int count : {1, 203, 204, 205, 2500}) {
    t.append("A", 0, count);
    t.stop();
    t.expect_restart("clean");
    t.run_for(11'000);
    t.crash();
    t.expect_restart("killed");
  }
}

TEST(Recovery, HolesInTheMiddleHideNothingBehindThoseAtTheBeginning) {
  TestStore t;
  fill_and_stop(t);
  std::array<std::byte, CqEntry::kBytes> hole;
  CqEntry::prefill().store(hole.data());
  for (const int slot : {0, 1, 4}) t.write(TestStore::queue_file("A", 0, 0), slot * CqEntry::kBytes, as_text(hole));
  ASSERT_TRUE(t.start());
  EXPECT_EQ(t.store().min_offset(*t.store().find_queue("A", 0)).index, 2);
}

TEST(Recovery, AMessageWhoseOffsetNoQueueHasIsLeftOut) {
  for (const std::string_view offset : {std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff", 8), std::string_view("\x40\0\0\0\0\0\0\0", 8)}) {
    for (const bool in_order : {false, true}) {   // read again behind the checkpoint; the queue built again
      TestStore t;
      ASSERT_TRUE(t.start());
      t.append("A", 0, 5);
      in_order ? t.stop() : t.crash();
      if (in_order) t.remove_all("consumequeue/A");
      t.write(TestStore::log_file(0), static_cast<int64_t>(kQueueOffsetAt), offset);
      ASSERT_TRUE(t.start());
      const auto queue = t.store().find_queue("A", 0);
      EXPECT_EQ(t.store().min_offset(*queue).index, 1);
      EXPECT_EQ(t.store().max_offset(*queue).index, 5);
      t.append("A", 0);
      EXPECT_EQ(t.store().max_offset(*queue).index, 6);
    }
  }
}

/// Where the n-th message of the log stands.
int64_t position_of(TestStore& t, int n) {
  const std::string log = t.read(TestStore::log_file(0));
  int64_t at = 0;
  for (int i = 0; i < n; ++i) at += load_be<int32_t>(as_bytes(log).data() + at);
  return at;
}

TEST(Recovery, AMessageWithTheOffsetOfAnotherHidesNothing) {
  for (const int damaged : {0, 3, 7}) {
    for (const std::string_view offset : {std::string_view("\0\0\0\x1\0\0\0\0", 8), std::string_view("\0\0\0\0\0\0\0\xc", 8), std::string_view("\0\0\0\0\0\0\0\x9", 8)}) {
      for (const bool in_order : {false, true}) {   // read again behind the checkpoint; the queue built again
        SCOPED_TRACE(std::to_string(damaged) + (in_order ? " in order" : " killed"));
        TestStore t;
        ASSERT_TRUE(t.start());
        t.append("A", 0, 12);
        in_order ? t.stop() : t.crash();
        if (in_order) t.remove_all("consumequeue/A");
        t.write(TestStore::log_file(0), position_of(t, damaged) + static_cast<int64_t>(kQueueOffsetAt), offset);
        ASSERT_TRUE(t.start());
        const auto queue = t.store().find_queue("A", 0);
        EXPECT_EQ(t.store().min_offset(*queue).index, damaged == 0 ? 1 : 0);
        EXPECT_EQ(t.store().max_offset(*queue).index, 12);
        size_t read = 0;
        for (int64_t n = 0; n < 12; ++n) {
          ReadResult r;
          t.store().read(queue.get(), {.offset = {n}, .max_messages = 1, .may_wait = true}, r);
          read += static_cast<size_t>(r.message_count == 1 && r.next.index == n + 1);
        }
        EXPECT_EQ(read, 11U);
        t.stop();
        EXPECT_EQ(check_store(t.machine().env(), {.root = TestStore::kRoot, .index_slots = 11, .index_entries = 20, .repair = true})->entries, 11);
      }
    }
  }
}

TEST(Recovery, WhatIsKeptAsideOverwritesNothing) {
  TestStore t;
  fill_and_stop(t);
  for (size_t n = 1; n <= 3; ++n) {
    t.make("index/20200101000000000", "x");
    t.make(TestStore::queue_file("A", 0, 1), kZeros4K);
    t.expect_restart("damaged again");
    EXPECT_EQ(t.names("index.index-20200101000000000.bad").size(), n);
    EXPECT_EQ(t.names("consumequeue.A.0.").size(), n);
    t.stop();
  }
}

TEST(Recovery, ALargeRebuildWritesAsItGoes) {
  TestStore t;
  fill_and_stop(t);
  t.remove_all("consumequeue/A");
  CommitLog log(t.fs(), TestStore::path("commitlog"), TestStore::kLogFile);
  ASSERT_TRUE(log.load());
  QueueFiles files(t.fs(), TestStore::path("consumequeue"), TestStore::kQueueFile, 16);
  QueueTable queues;
  WriteGate gate;
  DiskPace pace;
  Appender appender(t.machine().env().clock(), log, queues, gate, pace);
  Recovery recovery(t.fs(), log, files, queues, appender);
  recovery.lower_safe_point = [](int64_t) { return Result<>{}; };
  recovery.entries_in_memory = 20;
  const auto r = recovery.run(CheckpointData{}, true);
  ASSERT_TRUE(r);
  EXPECT_TRUE(t.fs().exists(TestStore::path(TestStore::queue_file("A", 0, 0))));
  EXPECT_TRUE(t.fs().exists(TestStore::path(TestStore::queue_file("A", 0, 2))));
  EXPECT_GE(r->unsynced.size(), 4U) << "what is written and not synced must not be forgotten";
  EXPECT_EQ(queues.find("A", 0)->max(), 30);
}

TEST(Recovery, AnEmptyNewestIndexFileEntersNothingTwice) {
  TestStore t;
  ASSERT_TRUE(t.start());
  for (int i = 0; i < 50; ++i) ASSERT_EQ(t.try_append("B", 0, "key" + std::to_string(i)).status, PutStatus::kPutOk);
  t.run_for(3000);
  t.stop();
  const auto files = t.fs().list(TestStore::path("index")).value();
  ASSERT_EQ(files.size(), 3U);
  const auto newest = static_cast<size_t>(files.back().size);
  t.make("index/" + files.back().name, std::string(newest, '\0'));
  ASSERT_TRUE(t.start());
  t.run_for(3000);
  EXPECT_EQ(t.found("B", "key49"), 1U);
  EXPECT_EQ(t.fs().list(TestStore::path("index"))->size(), 3U) << "only what the empty file had is entered again";
}

TEST(Recovery, TheClockWasSetBackMeanwhile) {
  TestStore t;
  fill(t);
  const int64_t before = t.try_append("A", 0).store_timestamp;
  t.stop();
  t.machine().set_wall_skew_ms(-10'000);
  ASSERT_TRUE(t.start());
  EXPECT_GE(t.try_append("A", 0).store_timestamp, before);
}

}  // namespace
}  // namespace mq::store
