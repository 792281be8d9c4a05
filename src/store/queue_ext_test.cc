// ConsumeQueueExt: its bytes, what reads make of it, and that it survives every end of the process as the ConsumeQueue does.
#include "store/queue_ext.h"

#include <gtest/gtest.h>

#include "store/format/consume_queue_entry.h"
#include "store/test_store.h"

namespace mq::store {
namespace {

constexpr int64_t kExtFile = 1024;
constexpr size_t kUnit = 34;   // with a bit map of 14 bytes

/// Every message of topic A matches what its turn says: bit 0 for the even ones, bit 1 for the odd ones.
class Bits final : public FilterBits {
 public:
  uint64_t version() const noexcept override { return version_value; }
  size_t append(std::string_view topic, std::string_view, ByteBuffer& out) const noexcept override {
    if (topic != "A") return 0;
    std::string map(14, '\0');
    map[0] = static_cast<char>(turn++ % 2 == 0 ? 1 : 2);
    out.append(map);
    return map.size();
  }
  uint64_t version_value = 4;
  mutable int turn = 0;
};

struct WithExt : TestStore {
  explicit WithExt(uint64_t seed = 1) : TestStore(seed, true) {
    config().enableConsumeQueueExt.set(true);
    config().mappedFileSizeConsumeQueueExt.set(static_cast<int32_t>(kExtFile));
    hooks.filter_bits = &bits;
  }
  std::string ext_file(int n) { return read("consumequeue_ext/A/0/" + std::string(n == 0 ? "00000000000000000000" : "00000000000000001024")); }
  int64_t raw_tags_code(int index) {
    const std::string file = read(queue_file("A", 0, index / 8));
    return load_be<int64_t>(as_bytes(file).data() + index % 8 * 20 + 12);
  }
  Bits bits;
};

/// Wants the messages whose bit is set and counts how many records it was shown.
struct ByBit final : MessageFilter {
  explicit ByBit(int b) : bit(b) {}
  bool by_consume_queue(int64_t tagsCode) const noexcept override { return tagsCode >= INT32_MIN; }
  bool by_bit_map(int64_t, ByteView map) const noexcept override { return map.empty() || (std::to_integer<int>(map[0]) & bit) != 0; }
  bool needs_record() const noexcept override { return true; }
  bool by_record(const RecordView&) const noexcept override { return ++shown; }
  int bit;
  mutable int shown = 0;
};

int shown(Store& store, int bit) {
  ByBit filter(bit);
  ReadResult result;
  store.read(store.find_queue("A", 0).get(), {.offset = {0}, .max_messages = 32, .filter = &filter, .may_wait = true}, result);
  EXPECT_EQ(result.message_count, filter.shown);
  return filter.shown;
}

TEST(QueueExt, UnitsAndAddressesAreThoseOfJava) {
  WithExt t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 32);
  t.run_for(3000);
  const std::string first = t.ext_file(0), second = t.ext_file(1);
  ASSERT_EQ(first.size(), static_cast<size_t>(kExtFile));
  ASSERT_EQ(second.size(), static_cast<size_t>(kExtFile));
  const auto unit = ExtUnit::load(as_bytes(first));
  ASSERT_TRUE(unit);
  EXPECT_EQ(first.substr(0, 2), std::string("\0\x22", 2));
  EXPECT_EQ(first.substr(18, 3), std::string("\0\x0e\x01", 3));
  EXPECT_EQ(unit->storeTimestamp, t.store().store_time(*t.store().find_queue("A", 0), {0}));
  EXPECT_EQ(unit->tagsCode, t.store().entry_at(*t.store().find_queue("A", 0), {0})->tagsCode);
  // 30 units fill 1,020 bytes; the 4 that are left end the file.
  EXPECT_EQ(first.substr(30 * kUnit), std::string("\xff\xff\0\0", 4));
  EXPECT_EQ(t.raw_tags_code(0), INT64_MIN);
  EXPECT_EQ(t.raw_tags_code(29), INT64_MIN + 29 * static_cast<int64_t>(kUnit));
  EXPECT_EQ(t.raw_tags_code(30), INT64_MIN + kExtFile);
  EXPECT_TRUE(ExtUnit::load(as_bytes(second).subspan(kUnit)));
  EXPECT_FALSE(ExtUnit::load(as_bytes(second).subspan(2 * kUnit))) << "nothing stands behind the last";
}

TEST(QueueExt, BitMapsSpareTheRecords) {
  WithExt t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 20);
  EXPECT_EQ(shown(t.store(), 1), 10);   // from memory
  EXPECT_EQ(shown(t.store(), 4), 0);
  t.run_for(3000);
  EXPECT_EQ(shown(t.store(), 2), 10);   // from the files
  EXPECT_EQ(shown(t.store(), 3), 20);
}

TEST(QueueExt, NoBitsOfFiltersThatChangedMeanwhile) {
  WithExt t;
  ASSERT_TRUE(t.start());
  t.bits.version_value = 5;             // a change is under way
  t.append("A", 0, 4);
  EXPECT_EQ(shown(t.store(), 4), 4) << "without a bit map each message is looked at";
  t.run_for(3000);
  EXPECT_EQ(t.ext_file(0).substr(0, 2), std::string("\0\x14", 2));
}

TEST(QueueExt, SurvivesEveryEnd) {
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    WithExt t(seed);
    ASSERT_TRUE(t.start());
    PhyOffset end;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 25; ++i) {
        const AppendItem item = t.try_append("A", 0);
        ASSERT_EQ(item.status, PutStatus::kPutOk);
        end = end_of(item);
        if (i % 9 == 0) t.run_for(static_cast<int64_t>(seed) * 300);
      }
      ASSERT_EQ(t.when_durable(end), PutStatus::kPutOk);
      if (seed % 3 == 0) t.stop();
      else t.crash(seed % 3 == 1 ? env::Crash::kPower : env::Crash::kProcess);
      t.expect_restart("again");
      const auto queue = t.store().find_queue("A", 0);
      for (int64_t offset = 0; offset < t.store().max_offset(*queue).index; ++offset) {
        const auto entry = t.store().entry_at(*queue, {offset});
        ASSERT_TRUE(entry);
        EXPECT_GE(entry->tagsCode, INT32_MIN) << "the unit of offset " << offset << " is lost";
      }
      EXPECT_EQ(shown(t.store(), 3), std::min<int64_t>(32, t.store().max_offset(*queue).index));
    }
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(QueueExt, SwitchedOffWhatIsThereIsStillRead) {
  WithExt t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 10);
  t.stop();
  t.config().enableConsumeQueueExt.set(false);
  ASSERT_TRUE(t.start());
  t.append("A", 0, 4);
  t.run_for(2000);
  EXPECT_GE(t.raw_tags_code(10), INT32_MIN) << "new entries have the tagsCode itself";
  EXPECT_EQ(shown(t.store(), 1), 5 + 4);
}

TEST(QueueExt, GoesWithItsTopic) {
  WithExt t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 40);
  t.run_for(3000);
  EXPECT_FALSE(t.ext_file(1).empty());
  ASSERT_TRUE(t.store().delete_topic("A"));
  EXPECT_TRUE(t.ext_file(0).empty());
  EXPECT_TRUE(t.ext_file(1).empty());
}

TEST(QueueExt, AddressesOfLostFilesAreNotGivenAgain) {
  WithExt t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 10);
  t.stop();
  t.remove_all("consumequeue_ext/A/0");
  ASSERT_TRUE(t.start());
  t.bits.turn = 1;   // the next messages match what the lost ones did not
  t.append("A", 0, 10);
  t.run_for(3000);
  EXPECT_EQ(t.raw_tags_code(10), ExtUnit::address(kExtFile));
  EXPECT_EQ(shown(t.store(), 1), 10 + 5) << "without its unit each of the first ten is looked at";
  t.crash();
  ASSERT_TRUE(t.start());
  EXPECT_EQ(shown(t.store(), 1), 10 + 5);
}

TEST(QueueExt, AForeignFileStopsNoDeletion) {
  WithExt t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 10);
  t.run_for(3000);
  t.make("consumequeue_ext/A/0/note.txt", "mine");
  ASSERT_TRUE(t.store().delete_topic("A"));
  EXPECT_TRUE(t.ext_file(0).empty());
  EXPECT_EQ(t.read("consumequeue_ext/A/0/note.txt"), "mine");
}

TEST(QueueExt, TheSizeOfMostFilesCounts) {
  WithExt t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 40);
  t.append("B", 0, 2);
  t.run_for(3000);
  t.stop();
  t.truncate("consumequeue_ext/A/0/00000000000000000000", 209);   // the first that is met
  ASSERT_TRUE(t.start());
  EXPECT_EQ(t.store().entry_at(*t.store().find_queue("A", 0), {39})->tagsCode, t.store().entry_at(*t.store().find_queue("A", 0), {0})->tagsCode);
  EXPECT_GE(t.store().entry_at(*t.store().find_queue("A", 0), {39})->tagsCode, INT32_MIN) << "its unit is where it was";
  t.append("A", 0, 40);
  EXPECT_GE(t.store().entry_at(*t.store().find_queue("A", 0), {79})->tagsCode, INT32_MIN);
}

TEST(QueueExt, OffCostsNothing) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 10);
  t.run_for(3000);
  EXPECT_FALSE(t.fs().exists(TestStore::path("consumequeue_ext")));
}

}  // namespace
}  // namespace mq::store
