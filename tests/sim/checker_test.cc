// The checker can fail: each kind of sabotage is noticed, and the same seed shows the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/log.h"
#include "cluster_sim.h"
#include "dealings.h"
#include "delivery_sim.h"

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
TEST_F(Checker, NoticesLateLossesOfADiskThatLies) {
  EXPECT_GE(caught(run_delivery, Sabotage::kLyingSync, "", 30), 3);
}
TEST_F(Checker, NoticesLostWrites) {
  EXPECT_GE(caught(run_store, Sabotage::kLostWrite, "", 20), 10);
}

#ifdef MQ_DCHECKS
TEST_F(Checker, NoticesAStoreThatAcknowledgesBeforeItWrites) {
  EXPECT_GE(caught(run_store, Sabotage::kBugAcknowledgesBeforeWriting, "", 20), 10);
  EXPECT_GE(caught(run_cluster, Sabotage::kBugAcknowledgesBeforeWriting, "", 40), 5);
}
TEST_F(Checker, NoticesAStoreThatSkipsConsumeQueueEntries) {
  EXPECT_GE(caught(run_store, Sabotage::kBugSkipsEntries, "dense", 40), 20);
  EXPECT_GE(caught(run_cluster, Sabotage::kBugSkipsEntries, "", 10), 5);
}
TEST_F(Checker, NoticesAStoreThatReorders) {
  EXPECT_GE(caught(run_store, Sabotage::kBugReorders, "order", 20), 10);
}
#endif

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
    EXPECT_EQ(run_delivery(seed, false).trace_hash, run_delivery(seed, false).trace_hash) << "seed " << seed;
  }
}

// Each rule about what clients are promised speaks up when it is broken.
TEST(Dealings, EachRuleSpeaks) {
  const QueueKey later{kLaterTopic, 0}, deal{kTransactionTopic, 0}, work{kWorkTopic, 0}, retry{kWorkersRetry, 0}, ordered{kOrderedTopic, 0};
  struct Case {
    const char* rule;
    std::function<void(Dealings&, Copies&)> make;
  };
  const auto delayed = [&](Dealings& d, int64_t offset) -> Sent& {
    Sent& s = d.issue(later, 1000);
    s.level = 1;
    s.acknowledged = true;
    s.waiting_offset = offset;
    return s;
  };
  const auto transaction = [&](Dealings& d, Decision decision) -> Sent& {
    Sent& s = d.issue(deal, 1000);
    s.transactional = s.acknowledged = true;
    s.decision = decision;
    s.decided_ms = 1500;
    return s;
  };
  const std::vector<Case> cases = {
      {"delay", [&](Dealings& d, Copies&) { delayed(d, 0); }},                                                            // lost
      {"delay", [&](Dealings& d, Copies& c) { c[later].push_back({.id = delayed(d, 0).id, .store_ms = 1999}); }},          // early
      {"delay", [&](Dealings& d, Copies& c) {                                                                             // out of order
         const uint64_t first = delayed(d, 0).id, second = delayed(d, 1).id;
         c[later] = {{.id = second, .queue_offset = 0, .store_ms = 3000}, {.id = first, .queue_offset = 1, .store_ms = 3000}};
       }},
      {"once", [&](Dealings& d, Copies& c) {
         const uint64_t id = delayed(d, 0).id;
         c[later] = {{.id = id, .queue_offset = 0, .store_ms = 3000}, {.id = id, .queue_offset = 1, .store_ms = 3000}};
       }},
      {"transaction", [&](Dealings& d, Copies& c) { c[deal].push_back({.id = transaction(d, Decision::kRollback).id}); }},
      {"transaction", [&](Dealings& d, Copies& c) { c[deal].push_back({.id = transaction(d, Decision::kNone).id}); }},
      {"transaction", [&](Dealings& d, Copies&) { transaction(d, Decision::kCommit); }},
      {"transaction", [&](Dealings& d, Copies&) { transaction(d, Decision::kNone); }},                                     // never asked about
      {"retry", [&](Dealings& d, Copies&) { d.issue(work, 1000).acknowledged = true; }},
      {"retry", [&](Dealings& d, Copies& c) {                                                                             // too early
         Sent& s = d.issue(work, 1000);
         s.failures = 1;
         s.given_back[0] = {2000, 1};
         c[retry].push_back({.id = s.id, .store_ms = 2500, .reconsumeTimes = 1, .retry_topic = kWorkTopic});
       }},
      {"retry", [&](Dealings& d, Copies&) {                                                                               // no dead letter
         Sent& s = d.issue(work, 1000);
         s.acknowledged = true;
         s.failures = 1000;
       }},
      {"orderly", [&](Dealings& d, Copies&) { d.issue(ordered, 1000).acknowledged = true; }},
      {"genuine", [&](Dealings&, Copies& c) { c[later].push_back({.id = 4711}); }},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    Dealings dealings({1000});
    Copies copies;
    cases[i].make(dealings, copies);
    const Violations found = dealings.check(copies, true);
    EXPECT_TRUE(std::any_of(found.begin(), found.end(), [&](const std::string& v) { return v.starts_with(cases[i].rule); })) << "case " << i;
  }
}

TEST(Dealings, ALockIsOneClientsUntilItEnds) {
  const QueueKey queue{kOrderedTopic, 0};
  const auto second_grant = [&](int64_t at, const std::function<void(Dealings&)>& between) {
    Dealings d({1000});
    d.granted(queue, "a", 1000, 1010);
    between(d);
    d.granted(queue, "b", at, at + 10);
    return d.violations.size();
  };
  EXPECT_EQ(second_grant(50'000, [](Dealings&) {}), 1U);
  EXPECT_EQ(second_grant(61'000, [](Dealings&) {}), 0U);
  EXPECT_EQ(second_grant(50'000, [&](Dealings& d) { d.unlocking(queue, "a"); }), 0U);
  EXPECT_EQ(second_grant(50'000, [](Dealings& d) { d.broker_gone(2000); }), 0U);
  EXPECT_EQ(second_grant(61'000, [&](Dealings& d) { d.granted(queue, "a", 30'000, 30'010); }), 1U);
  Dealings d({1000});
  d.handles(queue, 0, 16);
  d.handles(queue, 2, 48);
  EXPECT_EQ(d.violations.size(), 1U) << "offset 1 was left out";
}

}  // namespace
}  // namespace mq::sim
