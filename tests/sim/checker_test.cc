// The checker can fail: each kind of sabotage is noticed, and the same seed shows the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "store_sim.h"

namespace mq::sim {
namespace {

class Checker : public testing::Test {
 protected:
  static void SetUpTestSuite() { start_logging({.level = LogLevel::kOff}); }
  static void TearDownTestSuite() { stop_logging(); }

  /// How many of the seeds are caught; each with a sentence of that rule.
  static int caught(Sabotage sabotage, std::string_view rule, uint64_t seeds) {
    int count = 0;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      const Violations violations = run_store(seed, false, sabotage).violations;
      count += std::any_of(violations.begin(), violations.end(), [&](const std::string& v) { return v.starts_with(rule); });
    }
    return count;
  }
};

TEST_F(Checker, NoticesAcknowledgementsBeforeTheAppend) { EXPECT_GE(caught(Sabotage::kAcknowledgeEarly, "promises", 20), 10); }
TEST_F(Checker, NoticesADiskThatLiesAboutSync) { EXPECT_GE(caught(Sabotage::kLyingSync, "promises", 30), 3); }
TEST_F(Checker, NoticesLostWrites) { EXPECT_GE(caught(Sabotage::kLostWrite, "", 20), 10); }

TEST_F(Checker, SeesTheSameTwice) {
  std::set<uint64_t> hashes;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const Outcome once = run_store(seed, false), again = run_store(seed, false);
    EXPECT_EQ(once.trace_hash, again.trace_hash) << "seed " << seed;
    EXPECT_EQ(once.messages, again.messages) << "seed " << seed;
    hashes.insert(once.trace_hash);
  }
  EXPECT_EQ(hashes.size(), 10U);
}

}  // namespace
}  // namespace mq::sim
