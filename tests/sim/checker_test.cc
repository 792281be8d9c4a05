// The checker can fail: each kind of sabotage is noticed, and the same seed shows the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "cluster_sim.h"

// See main.cc: what a dead process kept alive by itself is no leak worth a report.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }

namespace mq::sim {
namespace {

class Checker : public testing::Test {
 protected:
  static void SetUpTestSuite() { start_logging({.level = LogLevel::kOff}); }
  static void TearDownTestSuite() { stop_logging(); }

  /// How many of the seeds are caught; each with a sentence of that rule.
  static int caught(Outcome (*run)(uint64_t, bool, Sabotage), Sabotage sabotage, std::string_view rule, uint64_t seeds) {
    int count = 0;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      const Violations violations = run(seed, false, sabotage).violations;
      count += std::any_of(violations.begin(), violations.end(), [&](const std::string& v) { return v.starts_with(rule); });
    }
    return count;
  }
};

TEST_F(Checker, NoticesAcknowledgementsBeforeTheAppend) {
  EXPECT_GE(caught(run_store, Sabotage::kAcknowledgeEarly, "promises", 20), 10);
}
TEST_F(Checker, NoticesADiskThatLiesAboutSync) {
  EXPECT_GE(caught(run_store, Sabotage::kLyingSync, "promises", 30), 3);
  EXPECT_GE(caught(run_cluster, Sabotage::kLyingSync, "promises", 20), 3);
}
TEST_F(Checker, NoticesLostWrites) {
  EXPECT_GE(caught(run_store, Sabotage::kLostWrite, "", 20), 10);
}

TEST_F(Checker, SeesTheSameTwice) {
  std::set<uint64_t> hashes;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const Outcome once = run_store(seed, false), again = run_store(seed, false);
    EXPECT_EQ(once.trace_hash, again.trace_hash) << "seed " << seed;
    EXPECT_EQ(once.messages, again.messages) << "seed " << seed;
    hashes.insert(once.trace_hash);
  }
  EXPECT_EQ(hashes.size(), 10U);
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    EXPECT_EQ(run_cluster(seed, false).trace_hash, run_cluster(seed, false).trace_hash) << "seed " << seed;
  }
}

}  // namespace
}  // namespace mq::sim
