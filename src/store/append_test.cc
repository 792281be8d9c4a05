// What an append promises about order: items keep theirs, queues are dense, and each entry leads to its record.
#include <gtest/gtest.h>

#include <atomic>
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

TEST(Append, AWaitForAnotherAppendIsNoSignOfASlowDisk) {
  struct HandClock final : env::Clock {
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
  HandClock clock;
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
