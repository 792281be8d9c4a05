// What an append promises about order: items keep theirs, queues are dense, and each entry leads to its record.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "msg/properties.h"
#include "store/appender.h"
#include "store/queue_files.h"
#include "store/test_store.h"

namespace mq::store {
namespace {

/// Adds an item of `records` neighbours whose bodies are PREFIX.0, PREFIX.1, ...
void add(TestStore& t, AppendBatch& batch, const std::string& topic, int32_t queue_id, const std::string& prefix, int32_t records = 1) {
  AppendItem item{.offset = batch.bytes.size(), .records = records, .queue = t.store().queue(topic, queue_id), .tagsCode = tags_code("a")};
  for (int32_t i = 0; i < records; ++i) {
    const std::string body = prefix + "." + std::to_string(i);
    ASSERT_TRUE(encode_record({.topic = topic, .queueId = queue_id, .bornHost = *Host::parse("10.0.0.9", 4000), .storeHost = *Host::parse("10.0.0.1", 10911),
                               .body = as_bytes(body), .properties = "TAGS\x01" "a\x02"}, batch.bytes));
  }
  item.size = batch.bytes.size() - item.offset;
  batch.items.push_back(std::move(item));
}

TEST(Append, ABatchKeepsItsOrder) {
  TestStore t;
  ASSERT_TRUE(t.start());
  std::map<int32_t, std::vector<std::string>> sent;   // by queue
  int64_t end = 0;
  for (int round = 0; round < 12; ++round) {
    AppendBatch batch;
    for (int i = 0; i < 10; ++i) {   // over several files of the log
      const int32_t queue_id = i % 3, records = i % 4 == 0 ? 3 : 1;
      const std::string prefix = std::to_string(round) + "." + std::to_string(i);
      add(t, batch, "A", queue_id, prefix, records);
      for (int32_t n = 0; n < records; ++n) sent[queue_id].push_back(prefix + "." + std::to_string(n));
    }
    t.store().append(batch);
    for (const AppendItem& item : batch.items) {
      ASSERT_EQ(item.status, PutStatus::kPutOk);
      EXPECT_GE(item.phy.bytes, end) << "an item stands before the one that came first";
      end = item.phy.bytes + static_cast<int64_t>(item.size);
    }
  }
  for (const auto& [queue_id, bodies] : sent) {
    const QueueRef q = t.store().find_queue("A", queue_id);
    ASSERT_EQ(t.store().max_offset(*q).index, static_cast<int64_t>(bodies.size()));
    for (size_t i = 0; i < bodies.size(); ++i) {
      const auto entry = t.store().entry_at(*q, {static_cast<int64_t>(i)});
      ASSERT_TRUE(entry);
      EXPECT_EQ(entry->tagsCode, tags_code("a"));
      const auto bytes = t.store().record_at(entry->phy);
      ASSERT_TRUE(bytes);
      const auto record = decode_record(bytes->bytes, RecordCheck::kLengthsAndCrc);
      ASSERT_TRUE(record);
      EXPECT_EQ(as_text(record->m.body), bodies[i]) << "queue " << queue_id << " offset " << i;
      EXPECT_EQ(record->m.queueOffset, static_cast<int64_t>(i));
    }
  }
}

/// A caller's bug costs its own item, not its neighbours and not the log.
TEST(Append, AnItemThatIsNoWholeRecordIsRefusedAlone) {
  TestStore t;
  ASSERT_TRUE(t.start());
  const std::vector<std::function<void(AppendBatch&, AppendItem&)>> bugs = {
      [](AppendBatch& b, AppendItem& item) { store_be(b.bytes.data() + item.offset, static_cast<int32_t>(item.size) - 1); },
      [](AppendBatch& b, AppendItem& item) { store_be(b.bytes.data() + item.offset, static_cast<int32_t>(item.size) + 1); },
      [](AppendBatch& b, AppendItem& item) { store_be(b.bytes.data() + item.offset, INT32_MIN); },
      [](AppendBatch& b, AppendItem& item) { store_be(b.bytes.data() + item.offset, 75), item.size = 75; },   // a storeTimestamp would not fit
      [](AppendBatch&, AppendItem& item) { item.size = 0; },
      [](AppendBatch&, AppendItem& item) { item.records = 0; },
      [](AppendBatch&, AppendItem& item) { item.records = 2; },
      [](AppendBatch& b, AppendItem& item) { item.offset = b.bytes.size() - item.size + 1; },
  };
  int64_t good = 0;
  for (const auto& bug : bugs) {
    AppendBatch batch;
    for (const char* const prefix : {"before", "bad", "after"}) add(t, batch, "A", 0, prefix);
    bug(batch, batch.items[1]);
    t.store().append(batch);
    EXPECT_EQ(batch.items[0].status, PutStatus::kPutOk);
    EXPECT_EQ(batch.items[1].status, PutStatus::kMessageIllegal);
    EXPECT_EQ(batch.items[2].status, PutStatus::kPutOk);
    EXPECT_EQ(batch.items[0].queue_offset.index, good);
    EXPECT_EQ(batch.items[2].queue_offset.index, good + 1);
    good += 2;
    const auto after = t.store().record_at(batch.items[2].phy);
    ASSERT_TRUE(after);
    EXPECT_EQ(as_text(decode_record(after->bytes, RecordCheck::kLengthsAndCrc)->m.body), "after.0");
  }
}

TEST(Append, FillsInWhatItKnowsWhateverTheHosts) {
  TestStore t;
  ASSERT_TRUE(t.start());
  for (const char* const born : {"10.0.0.9", "2001:db8::9"}) {
    for (const char* const stored : {"10.0.0.1", "2001:db8::1"}) {
      for (const bool queued : {true, false}) {
        AppendBatch batch;
        AppendItem item{.queue = queued ? t.store().queue("A", 0) : nullptr, .deliver_delay_ms = 1000};
        item.size = encode_record({.topic = "A", .bornTimestamp = 5, .bornHost = *Host::parse(born, 4000), .storeHost = *Host::parse(stored, 10911), .body = as_bytes("b")},
                                  batch.bytes).value();
        batch.items.push_back(item);
        t.store().append(batch);
        const AppendItem& done = batch.items[0];
        ASSERT_EQ(done.status, PutStatus::kPutOk);
        const auto bytes = t.store().record_at(done.phy);
        ASSERT_TRUE(bytes);
        const auto record = decode_record(bytes->bytes, RecordCheck::kLengthsAndCrc);
        ASSERT_TRUE(record);
        EXPECT_EQ(record->m.storeTimestamp, done.store_timestamp);
        EXPECT_EQ(record->m.physicalOffset, done.phy.bytes);
        EXPECT_EQ(record->m.queueOffset, done.queue_offset.index);
        EXPECT_EQ(record->m.bornTimestamp, 5);
        EXPECT_EQ(record->m.bornHost, *Host::parse(born, 4000));
        EXPECT_EQ(record->m.storeHost, *Host::parse(stored, 10911));
        if (!queued) continue;
        EXPECT_EQ(t.store().entry_at(*item.queue, done.queue_offset)->tagsCode, done.store_timestamp + 1000);
      }
    }
  }
}

/// What is known of an item's records saves looking at them, and changes nothing: by pieces of a queue's memory of any number of entries.
TEST(Append, KnownPartsGiveTheSameEntries) {
  TestStore t;
  ASSERT_TRUE(t.start());
  int64_t all = 0;
  for (const int32_t records : {2, 1, 11, 12, 13, 3, 25, 27, 2, 7, 24, 26, 1, 25}) {
    AppendBatch batch;
    for (const bool known : {false, true}) {
      add(t, batch, known ? "Known" : "Looked", 0, std::to_string(all), records);
      AppendItem& item = batch.items.back();
      if (!known) continue;
      item.first_part = static_cast<int32_t>(batch.parts.size());
      for (size_t at = item.offset; at < batch.bytes.size(); at += static_cast<size_t>(batch.parts.back().size)) {
        batch.parts.push_back({.size = load_be<int32_t>(batch.bytes.data() + at), .tagsCode = tags_code("a")});
      }
      ASSERT_EQ(batch.parts.size(), static_cast<size_t>(records));
    }
    t.store().append(batch);
    for (const AppendItem& item : batch.items) {
      ASSERT_EQ(item.status, PutStatus::kPutOk);
      EXPECT_EQ(item.queue_offset.index, all);
    }
    all += records;
  }
  const QueueRef looked = t.store().find_queue("Looked", 0), known = t.store().find_queue("Known", 0);
  ASSERT_EQ(t.store().max_offset(*looked).index, all);
  ASSERT_EQ(t.store().max_offset(*known).index, all);
  for (int64_t i = 0; i < all; ++i) {
    const auto want = t.store().entry_at(*looked, {i}), got = t.store().entry_at(*known, {i});
    ASSERT_TRUE(want && got);
    EXPECT_EQ(got->tagsCode, want->tagsCode);
    EXPECT_EQ(got->size, want->size - 1);   // the topic's name is shorter by one
    const auto bytes = t.store().record_at(got->phy), other = t.store().record_at(want->phy);
    ASSERT_TRUE(bytes && other);
    const auto record = decode_record(bytes->bytes, RecordCheck::kLengthsAndCrc), like = decode_record(other->bytes, RecordCheck::kLengthsAndCrc);
    ASSERT_TRUE(record && like);
    EXPECT_EQ(as_text(record->m.body), as_text(like->m.body));
    EXPECT_EQ(record->m.queueOffset, i);
    EXPECT_EQ(record->m.physicalOffset, got->phy.bytes);
  }

  AppendBatch wrong;
  add(t, wrong, "Known", 0, "x", 2);
  wrong.parts = {{.size = static_cast<int32_t>(wrong.items[0].size) - 90}, {.size = 90}};
  wrong.items[0].first_part = 0;
  t.store().append(wrong);
  EXPECT_EQ(wrong.items[0].status, PutStatus::kMessageIllegal);
  EXPECT_EQ(t.store().max_offset(*known).index, all);
}

TEST(Append, AWaitForAnotherAppendIsNoSignOfASlowDisk) {
  struct WatchedClock final : env::Clock {
    std::atomic<int64_t> us{1'000'000'000};
    std::atomic<int> looks{0};
    int64_t now_ms() noexcept override { return us / 1000; }
    int64_t mono_us() noexcept override {
      const int64_t now = us;
      ++looks;
      return now;
    }
  };
  TestStore t;
  CommitLog log(t.fs(), TestStore::path("commitlog"), TestStore::kLogFile);
  QueueFiles files(t.fs(), TestStore::path("consumequeue"), TestStore::kQueueFile, 16);
  QueueTable queues;
  WriteGate gate;
  gate.reopen(Closed::kNotRunning);
  DiskPace pace;
  WatchedClock clock;
  Appender appender(clock, log, queues, gate, pace);
  std::thread waits;
  appender.exclusively([&] {
    waits = std::thread([&] {
      AppendBatch nothing;
      std::vector<Arrival> arrivals;
      appender.append(nothing, arrivals);
    });
    while (clock.looks == 0) std::this_thread::yield();
    clock.us += DiskPace::kSlowWriteUs;
  });
  waits.join();
  EXPECT_FALSE(pace.dawdles(clock.us));
}

}  // namespace
}  // namespace mq::store
