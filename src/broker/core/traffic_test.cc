#include "broker/core/traffic.h"

#include <gtest/gtest.h>

namespace mq::broker {
namespace {

TEST(Traffic, SumsTheLoops) {
  Traffic traffic(2);
  TopicTraffic& first = traffic.topic(0, "T");
  EXPECT_EQ(&first, &traffic.topic(0, "T"));
  first.put(MessageType::kNormal, 1, 500);
  traffic.topic(1, "T").put(MessageType::kDelay, 3, 6000);
  traffic.topic(1, "U").put(MessageType::kNormal, 1, 5'000'000);
  traffic.group(0, "T", "g").get(2, 700);
  traffic.group(1, "T", "g").get(3, 800);
  traffic.group(1, "T", "g").send_back_nums.add();
  std::string seen;
  traffic.each_topic([&](const std::string& topic, const Traffic::TopicSum& s) {
    seen += topic + ":" + std::to_string(s.put_nums[0]) + "," + std::to_string(s.put_nums[2]) + "," + std::to_string(s.put_bytes[0] + s.put_bytes[2]) + ";";
    if (topic == "T") EXPECT_EQ(s.put_sizes, (std::array<int64_t, 7>{1, 3, 0, 0, 0, 0, 0}));
    else EXPECT_EQ(s.put_sizes, (std::array<int64_t, 7>{0, 0, 0, 0, 0, 0, 1}));
  });
  EXPECT_EQ(seen, "T:1,3,6500;U:1,0,5000000;");
  seen.clear();
  traffic.each_group([&](const std::string& topic, const std::string& group, const Traffic::GroupSum& s) {
    seen += topic + "/" + group + ":" + std::to_string(s.get_nums) + "," + std::to_string(s.get_bytes) + "," + std::to_string(s.send_back_nums);
  });
  EXPECT_EQ(seen, "T/g:5,1500,1");
  EXPECT_EQ(traffic.topic_sum("T").put_sizes, (std::array<int64_t, 7>{1, 3, 0, 0, 0, 0, 0}));
  EXPECT_EQ(traffic.group_sum("T", "g").get_bytes, 1500);
  EXPECT_EQ(traffic.topic_sum("none").put_nums[0] + traffic.group_sum("T", "none").get_nums, 0);
}

TEST(Traffic, IsBounded) {
  Traffic traffic(1);
  for (int i = 0; i < (1 << 16) + 10; ++i) traffic.topic(0, "topic" + std::to_string(i)).put(MessageType::kNormal, 1, 1);
  size_t count = 0;
  traffic.each_topic([&](const std::string&, const Traffic::TopicSum&) { ++count; });
  EXPECT_EQ(count, size_t{1} << 16);
}

}  // namespace
}  // namespace mq::broker
