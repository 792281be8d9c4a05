// The search by time against a linear look at the same messages.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "store/test_store.h"

namespace mq::store {
namespace {

/// `times`: storeTimestamps from queue offset 0 on. Asks for each of them that is there, and for the times beside it.
void expect_linear(TestStore& t, const std::vector<int64_t>& times, const char* when) {
  SCOPED_TRACE(when);
  const QueueRef q = t.store().find_queue("T", 0);
  ASSERT_TRUE(q);
  const int64_t min = t.store().min_offset(*q).index;
  ASSERT_EQ(t.store().max_offset(*q).index, static_cast<int64_t>(times.size()));
  ASSERT_LT(min, static_cast<int64_t>(times.size()));
  for (size_t i = static_cast<size_t>(min); i < times.size(); ++i) {
    if (i > static_cast<size_t>(min) && times[i] == times[i - 1]) continue;
    for (const int64_t ms : {times[i] - 1, times[i], times[i] + 1}) {
      int64_t older = 0, not_newer = 0;
      for (size_t k = static_cast<size_t>(min); k < times.size(); ++k) {
        older += times[k] < ms;
        not_newer += times[k] <= ms;
      }
      EXPECT_EQ(t.store().offset_by_time(*q, ms, Boundary::kLower).index, min + older) << ms;
      EXPECT_EQ(t.store().offset_by_time(*q, ms, Boundary::kUpper).index, min + std::max<int64_t>(not_newer - 1, 0)) << ms;
    }
  }
}

/// A thousand batches of one storeTimestamp each (neighbours may share theirs), over many files; then without the log's first files.
TEST(SearchByTime, FindsTheEndsOfABatch) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(static_cast<uint32_t>(seed));
    TestStore t(seed);
    ASSERT_TRUE(t.start());
    std::vector<int64_t> times;
    size_t largest = 0;
    for (int batch = 0; batch < 50; ++batch) {
      const size_t size = random() % 3 == 0 ? 1 : 2 + random() % 46;
      for (size_t i = 0; i < size; ++i) {
        const AppendItem item = t.try_append("T", 0);
        ASSERT_EQ(item.status, PutStatus::kPutOk);
        times.push_back(item.store_timestamp);
      }
      largest = std::max<size_t>(largest, static_cast<size_t>(std::count(times.begin(), times.end(), times.back())));
      t.run_for(static_cast<int64_t>(random() % 4));
    }
    ASSERT_GE(largest, 32U) << "batches do not share a time";
    expect_linear(t, times, "all there");
    t.run_for(2'000);
    t.stop();
    const int lost = 1 + static_cast<int>(random() % 20);
    for (int n = 0; n < lost; ++n) ASSERT_TRUE(t.fs().remove(TestStore::path(TestStore::log_file(n))));
    ASSERT_TRUE(t.start());
    t.run_for(15'000);
    ASSERT_GT(t.store().min_offset(*t.store().find_queue("T", 0)).index, 0);
    expect_linear(t, times, "without its head");
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace mq::store
