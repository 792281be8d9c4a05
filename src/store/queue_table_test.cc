#include "store/queue_table.h"

#include <gtest/gtest.h>

namespace mq::store {
namespace {

std::vector<int32_t> ids(const std::vector<std::shared_ptr<ConsumeQueue>>& queues) {
  std::vector<int32_t> found;
  for (const auto& q : queues) found.push_back(q->queue_id());
  return found;
}

TEST(QueueTable, AQueueIsMadeOnceAndATopicsQueuesAreInOrder) {
  QueueTable table;
  for (const int32_t id : {7, 0, -1, 2147483647, 3}) EXPECT_EQ(table.find_or_make("T", id), table.find_or_make("T", id));
  table.find_or_make("T2", 1);
  EXPECT_EQ(ids(table.of_topic("T")), (std::vector<int32_t>{-1, 0, 3, 7, 2147483647}));
  EXPECT_EQ(table.find("T", 3)->topic(), "T");
  EXPECT_EQ(table.find("T", 4), nullptr);
  EXPECT_EQ(table.find("", 3), nullptr);
  EXPECT_EQ(table.size(), 6u);
  EXPECT_EQ(table.changes(), 6u);
  EXPECT_EQ(table.all().size(), 6u);
}

TEST(QueueTable, WhatIsRemovedIsGoneAndNothingElse) {
  QueueTable table;
  for (const int32_t id : {0, 1, 2}) table.find_or_make("T", id), table.find_or_make("U", id);
  const auto first = table.find("T", 0);
  table.remove(*first);
  EXPECT_EQ(ids(table.of_topic("T")), (std::vector<int32_t>{1, 2}));
  const auto again = table.find_or_make("T", 0);
  EXPECT_NE(again, first);
  table.remove(*first);   // another queue has its place
  EXPECT_EQ(table.find("T", 0), again);
  EXPECT_EQ(ids(table.remove_topic("T")), (std::vector<int32_t>{0, 1, 2}));
  EXPECT_TRUE(table.remove_topic("T").empty());
  EXPECT_TRUE(table.of_topic("T").empty());
  EXPECT_EQ(ids(table.of_topic("U")), (std::vector<int32_t>{0, 1, 2}));
  for (const int32_t id : {0, 1, 2}) table.remove(*table.find("U", id));
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.changes(), 7u + 1 + 3 + 3);
  table.find_or_make("U", 0);
  table.clear();
  EXPECT_EQ(table.size(), 0u);
  EXPECT_TRUE(table.all().empty());
}

}  // namespace
}  // namespace mq::store
