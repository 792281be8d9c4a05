#include "admin/static_mapping.h"

#include <gtest/gtest.h>

namespace mq::admin {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;
size_t last_of(size_t n) { return n - 1; }

/// How many queues each broker is written at.
std::map<std::string, int> led(const MappedTopics& brokers) {
  std::map<std::string, int> count;
  for (const auto& [name, t] : brokers) {
    for (const auto& [id, items] : t.mapping->hostedQueues) count[name] += items.back().bname == name ? 1 : 0;
  }
  return count;
}

TEST(StaticMapping, NewQueuesGoToThoseWhoLeadTheFewest) {
  auto change = with_queues("T", 5, {"a", "b"}, {}, kNow, last_of);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->epoch, kNow + 1000);
  auto count = led(change->brokers);
  EXPECT_EQ(count["a"] + count["b"], 5);
  EXPECT_LE(std::abs(count["a"] - count["b"]), 1);
  for (const auto& [name, t] : change->brokers) {
    EXPECT_EQ(t.config.writeQueueNums, count[name]);
    EXPECT_EQ(t.mapping->totalQueues, 5);
  }
  // More queues, one more broker: the old ones stay where they are.
  auto more = with_queues("T", 8, {"c"}, change->brokers, kNow, last_of);
  ASSERT_TRUE(more);
  count = led(more->brokers);
  EXPECT_EQ(count["c"], 3);
  EXPECT_EQ(count["a"] + count["b"], 5);
  EXPECT_EQ(more->epoch, kNow + 2000);
  EXPECT_EQ(with_queues("T", 4, {"a"}, change->brokers, kNow, last_of).error().message(), "Cannot decrease the queue num for static topic 4 < 5");
  EXPECT_EQ(with_queues("T", 5, {"a"}, change->brokers, kNow, last_of).error().message(), "The topic queue num is equal the existed queue num, do nothing");
}

TEST(StaticMapping, MovesAreFewAndKeepTheHistory) {
  auto change = with_queues("T", 4, {"a", "b"}, {}, kNow, last_of);
  ASSERT_TRUE(change);
  auto moved = moved_to("T", {"b", "c"}, change->brokers, kNow);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->map_in, std::set<std::string>{"c"});
  EXPECT_EQ(moved->map_out, std::set<std::string>{"a"});
  auto count = led(moved->brokers);
  EXPECT_EQ(count["a"], 0);
  EXPECT_EQ(count["b"], 2);
  EXPECT_EQ(count["c"], 2);
  for (const auto& [id, items] : moved->brokers.at("c").mapping->hostedQueues) {
    ASSERT_EQ(items.size(), 2u);
    EXPECT_EQ(items[0].bname, "a");
    EXPECT_EQ(items[1].gen, 1);
    EXPECT_EQ(items[1].logicOffset, -1);
    EXPECT_EQ(moved->brokers.at("a").mapping->hostedQueues.at(id).size(), 2u);
  }
}

TEST(StaticMapping, TravelsAsJavaWritesIt) {
  auto change = with_queues("T", 1, {"a"}, {}, kNow, last_of);
  ASSERT_TRUE(change);
  const std::string text = to_text(to_json(*change->brokers.at("a").mapping));
  EXPECT_EQ(text, R"({"bname":"a","currIdMap":{},"dirty":false,"epoch":1700000001000,"hostedQueues":{0:[{"bname":"a","endOffset":-1,"gen":0,)"
                  R"("logicOffset":0,"queueId":0,"startOffset":0,"timeOfEnd":-1,"timeOfStart":-1}]},"scope":"__global__","topic":"T","totalQueues":1})");
  EXPECT_EQ(to_text(to_json(queue_mapping_from(*parse_json(text)))), text);
  const Json topic = to_json(change->brokers.at("a"));
  EXPECT_EQ(to_text(to_json(mapped_topic_from(topic))), to_text(topic));
  EXPECT_NE(to_text(to_json(*change)).find(R"("attributes":{},"mappingDetail":{"bname":"a")"), std::string::npos);
}

TEST(StaticMapping, AMovedQueueGoesOnBehindTheFormerOne) {
  const MappingItem former{.bname = "a", .logicOffset = 20'000};
  EXPECT_EQ(*next_logic_offset(former, 0), 30'000);
  EXPECT_EQ(*next_logic_offset(former, 4'999), 30'000);
  EXPECT_EQ(*next_logic_offset(former, 5'000), 40'000);
  EXPECT_FALSE(next_logic_offset({.bname = "a", .logicOffset = 0, .startOffset = 7}, 6));
}

TEST(StaticMapping, BrokersThatDisagreeAreRefused) {
  auto change = with_queues("T", 2, {"a", "b"}, {}, kNow, last_of);
  ASSERT_TRUE(change);
  MappedTopics brokers = change->brokers;
  brokers.at("b").mapping->epoch += 1;
  EXPECT_FALSE(check_agreement("T", brokers));
  brokers = change->brokers;
  brokers.at("b").mapping.reset();
  EXPECT_EQ(check_agreement("T", brokers).error().message(), "Mapping info should not be null in broker b");
  brokers = change->brokers;
  brokers.erase("b");
  EXPECT_FALSE(moved_to("T", {"a"}, brokers, kNow)) << "a queue has no leader";
}

}  // namespace
}  // namespace mq::admin
