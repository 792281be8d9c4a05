// The index and the keys it is fed. A fed key that its record does not have shows whether the index took the feed or read the log.
#include <gtest/gtest.h>

#include "msg/properties.h"
#include "store/format/index_layout.h"
#include "store/index_feed.h"
#include "store/test_store.h"

namespace mq::store {
namespace {

class Feed : public testing::Test {
 protected:
  void SetUp() override {
    t_.config().mappedFileSizeCommitLog.set(32 << 20);
    t_.config().mappedFileSizeConsumeQueue.set(20 * 600'000);
    t_.config().maxHashSlotNum.set(100'000);
    t_.config().maxIndexNum.set(600'000);
    ASSERT_TRUE(t_.start());
    t_.run_for(1000);   // what start() has the index do is over
  }

  /// Into the batch: a record with the key own<n>. Its room knows `keys` of it, fed<n> and fed<n>-1, ..., or none at all (-1).
  void gather(int n, int32_t keys) {
    AppendItem item{.offset = batch_.bytes.size(), .queue = t_.store().queue("T", 0), .keys = keys, .first_key = static_cast<uint32_t>(batch_.key_hashes.size())};
    item.size = encode_record({.topic = "T", .bornHost = *Host::parse("10.0.0.9", 4000), .storeHost = *Host::parse("10.0.0.1", 10911), .body = as_bytes("x"),
                               .properties = "KEYS\x01own" + std::to_string(n) + "\x02"}, batch_.bytes).value();
    for (int32_t k = 0; k < keys; ++k) batch_.key_hashes.push_back(index_hash("T", fed(n, k)));
    batch_.items.push_back(item);
  }
  void append_gathered() {
    t_.store().append(batch_);
    for (const AppendItem& item : batch_.items) {
      ASSERT_EQ(item.status, PutStatus::kPutOk);
      positions_.push_back(item.phy.bytes);
    }
    batch_.clear();
  }
  void append(int n, int32_t keys) {
    gather(n, keys);
    append_gathered();
  }
  static std::string fed(int n, int32_t k) { return "fed" + std::to_string(n) + (k == 0 ? "" : "-" + std::to_string(k)); }

  /// The look-up finds the n-th record, and nothing else, but for a hash that several keys share.
  bool finds(const std::string& key, int n) {
    const auto found = t_.store().query("T", key, 64, 0, INT64_MAX).value();
    for (const auto& bytes : found.records) {
      const auto record = decode_record(bytes.bytes, RecordCheck::kLengths);
      if (record && record->m.physicalOffset == positions_[static_cast<size_t>(n)]) return true;
    }
    return false;
  }

  TestStore t_;
  AppendBatch batch_;
  std::vector<int64_t> positions_;
};

TEST_F(Feed, ALateTurnEntersWhatWasFed) {
  for (int n = 0; n < 3000; ++n) append(n, 1);   // in one turn of the world: the index loop had none
  EXPECT_FALSE(finds("fed0", 0)) << "no turn was late";
  t_.run_for(1000);
  for (int n = 0; n < 3000; ++n) {
    ASSERT_TRUE(finds(fed(n, 0), n)) << n;
    ASSERT_FALSE(finds("own" + std::to_string(n), n)) << n << ": the log was read";
  }
}

TEST_F(Feed, WhatNobodyKnowsIsReadAndTheFeedGoesOnBehindIt) {
  for (int round = 0; round < 3; ++round) {
    const int first = static_cast<int>(positions_.size());
    for (int n = first; n < first + 400; ++n) append(n, n % 4 == 3 ? -1 : n % 4);
    t_.run_for(1000);
  }
  for (int n = 0; n < 1200; ++n) {
    const int32_t keys = n % 4 == 3 ? -1 : n % 4;
    for (int32_t k = 0; k < keys; ++k) ASSERT_TRUE(finds(fed(n, k), n)) << n;
    if (keys == 0) continue;   // what has no keys is not fed when it comes alone
    ASSERT_EQ(finds("own" + std::to_string(n), n), keys < 0) << n;
  }
}

TEST_F(Feed, TheRecordsOfABatchAreFedOneByOne) {
  const std::vector<int32_t> keys = {1, 0, 2, 1};   // of each
  AppendItem item{.records = 4, .queue = t_.store().queue("T", 0), .keys = 4, .first_part = 0};
  for (int n = 0; n < 4; ++n) {
    const auto size = encode_record({.topic = "T", .bornHost = *Host::parse("10.0.0.9", 4000), .storeHost = *Host::parse("10.0.0.1", 10911), .body = as_bytes("x"),
                                     .properties = "TAGS\x01inside\x02KEYS\x01own" + std::to_string(n) + "\x02"}, batch_.bytes).value();
    positions_.push_back(static_cast<int64_t>(item.size));
    item.size += size;
    batch_.parts.push_back({.size = static_cast<int32_t>(size), .keys = keys[static_cast<size_t>(n)], .tagsCode = 100 + n});
    for (int32_t k = 0; k < keys[static_cast<size_t>(n)]; ++k) batch_.key_hashes.push_back(index_hash("T", fed(n, k)));
  }
  batch_.items.push_back(item);
  t_.store().append(batch_);
  ASSERT_EQ(batch_.items[0].status, PutStatus::kPutOk);
  for (int64_t& at : positions_) at += batch_.items[0].phy.bytes;
  t_.run_for(1000);
  for (int n = 0; n < 4; ++n) {
    for (int32_t k = 0; k < keys[static_cast<size_t>(n)]; ++k) EXPECT_TRUE(finds(fed(n, k), n)) << n << " " << k;
    EXPECT_FALSE(finds("own" + std::to_string(n), n)) << n << ": the log was read";
    const auto entry = t_.store().entry_at(*t_.store().find_queue("T", 0), {n});
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->tagsCode, 100 + n) << "the room knows it, nobody looks";
    EXPECT_EQ(entry->phy.bytes, positions_[static_cast<size_t>(n)]);
  }
}

TEST_F(Feed, WhatIsTooMuchForTheFeedIsReadFromTheLog) {
  constexpr int kAll = 1'060'000;   // the feed takes 1,045,000 in runs of 1,000
  for (int n = 0; n < kAll; ++n) {
    gather(n, 1);
    if (n % 1000 == 999) append_gathered();
  }
  t_.run_for(5000);
  append(kAll, 1);
  t_.run_for(1000);
  int of_feed = 0, of_log = 0;
  for (int n = 0; n < kAll; n += 29) {
    const bool from_feed = finds(fed(n, 0), n), from_log = finds("own" + std::to_string(n), n);
    ASSERT_TRUE(from_feed != from_log) << n;
    of_feed += from_feed;
    of_log += from_log;
  }
  EXPECT_GT(of_feed, 1'040'000 / 29);
  EXPECT_GT(of_log, 10'000 / 29);
  EXPECT_TRUE(finds(fed(kAll, 0), kAll)) << "it is fed again afterwards";
}

// A run takes as much room as three entries.
TEST_F(Feed, ItsMemoryIsBoundedAlsoWhenEachRecordIsARunOfItsOwn) {
  gather(0, 1);
  t_.store().append(batch_);
  IndexFeed feed;
  for (int n = 0; n < 300'000; ++n) {
    batch_.items[0].phy.bytes += 1000;   // far from the one before
    feed.push(batch_);
  }
  IndexFeed::Fed taken;
  feed.take(taken);
  size_t count = 0;
  for (; !taken.empty(); ++count) taken.advance(1, 0);
  EXPECT_EQ(count, (size_t{8} << 20) / (sizeof(IndexFeed::Run) + sizeof(IndexFeed::Entry)) - 1);
}

// Two loops append, and the second one is the first to tell.
TEST_F(Feed, WhatComesInAnotherOrderIsARunOfItsOwn) {
  AppendBatch first;
  gather(0, 1);
  gather(1, 1);
  std::swap(first, batch_);
  gather(2, 1);
  t_.run_for(1000);
  IndexFeed feed;
  IndexFeed::Fed taken;
  t_.store().append(first);
  t_.store().append(batch_);
  feed.push(batch_);
  feed.push(first);
  feed.take(taken);
  ASSERT_FALSE(taken.empty());
  EXPECT_EQ(taken.front().phy, batch_.items[0].phy.bytes);
  EXPECT_EQ(taken.front().entries, 1u);
  taken.advance(1, first.items[0].phy.bytes);
  EXPECT_EQ(taken.front().phy, first.items[0].phy.bytes) << "a run of its own";
  EXPECT_EQ(taken.front().entries, 2u) << "what stands behind each other is one";
  taken.advance(1, first.items[1].phy.bytes);
  EXPECT_EQ(taken.front().phy, first.items[1].phy.bytes);
  EXPECT_EQ(taken.entries()[0].hash, first.key_hashes[1]);
  taken.advance(1, first.items[1].phy.bytes + taken.entries()[0].size);
  EXPECT_TRUE(taken.empty());
  feed.take(taken);
  EXPECT_TRUE(taken.empty()) << "taken once";
}

TEST_F(Feed, AStopAndAKillMissNothing) {
  for (int n = 0; n < 500; ++n) append(n, 1);
  t_.stop();   // no turn in between
  ASSERT_TRUE(t_.start());
  t_.run_for(1000);
  for (int n = 0; n < 500; ++n) ASSERT_TRUE(finds(fed(n, 0), n) || finds("own" + std::to_string(n), n)) << n;
  for (int n = 500; n < 1000; ++n) append(n, 1);
  t_.crash();
  ASSERT_TRUE(t_.start());
  t_.run_for(1000);
  for (int n = 500; n < 1000; ++n) ASSERT_TRUE(finds(fed(n, 0), n) || finds("own" + std::to_string(n), n)) << n;
}

}  // namespace
}  // namespace mq::store
