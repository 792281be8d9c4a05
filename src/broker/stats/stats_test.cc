#include <gtest/gtest.h>

#include "broker/stats/stats_room.h"

namespace mq::broker {
namespace {

using Span = StatsItem::Span;

TEST(StatsItem, CountsTheLastMinute) {
  StatsItem item;
  for (int64_t i = 0; i <= 30; ++i) item.sample({i * 10'000, i * 100, i * 10});   // 5 minutes, 10 a second
  const auto minute = item.over(Span::kMinute), hour = item.over(Span::kHour);
  EXPECT_EQ(minute.sum, 600);
  EXPECT_DOUBLE_EQ(minute.tps, 10);
  EXPECT_DOUBLE_EQ(minute.avgpt, 10);
  EXPECT_EQ(hour.sum, 3000);
}

TEST(StatsItem, ASampleBetweenTheStepsDoesNotShortenTheSpan) {
  StatsItem item;
  for (int64_t i = 0; i <= 30; ++i) {
    item.sample({i * 10'000, i * 100, i});
    item.sample({i * 10'000 + 3000, i * 100 + 30, i});   // somebody asked
  }
  const auto minute = item.over(Span::kMinute);
  EXPECT_GE(minute.sum, 600);
  EXPECT_LE(minute.sum, 800);
  EXPECT_DOUBLE_EQ(minute.tps, 10);
}

TEST(StatsItem, IsEmptyBeforeTheFirstSample) {
  EXPECT_EQ(StatsItem().over(Span::kDay).sum, 0);
  StatsItem item;
  item.sample({5, 7, 1});
  EXPECT_EQ(item.over(Span::kMinute).sum, 0);
  EXPECT_DOUBLE_EQ(item.over(Span::kMinute).tps, 0);
}

}  // namespace
}  // namespace mq::broker
