#include "broker/core/traffic.h"

#include <algorithm>
#include <map>

#include "base/badges.h"

namespace mq::broker {

namespace {

constexpr size_t kMaxCells = 1 << 16;
using GroupKey = std::pair<std::string, std::string>;   // topic, group

void add(Traffic::TopicSum& sum, const TopicTraffic& cell) {
  for (size_t i = 0; i < sum.put_nums.size(); ++i) sum.put_nums[i] += cell.put_nums[i].value(), sum.put_bytes[i] += cell.put_bytes[i].value();
  for (size_t i = 0; i < sum.put_sizes.size(); ++i) sum.put_sizes[i] += cell.put_sizes[i].value();
}

void add(Traffic::GroupSum& sum, const GroupTraffic& cell) {
  sum.get_nums += cell.get_nums.value();
  sum.get_bytes += cell.get_bytes.value();
  sum.send_back_nums += cell.send_back_nums.value();
}

}  // namespace

struct Traffic::Lane {
  mutable Mutex mu;
  std::map<std::string, TopicTraffic, std::less<>> topics GUARDED_BY(mu);   // the map; its cells are published
  std::map<GroupKey, GroupTraffic> groups GUARDED_BY(mu);
  TopicTraffic other_topics;
  GroupTraffic other_groups;
};

void TopicTraffic::put(MessageType type, int64_t messages, int64_t bytes) noexcept {
  const auto at = static_cast<size_t>(type);
  put_nums[at].add(messages);
  put_bytes[at].add(bytes);
  const auto each = static_cast<double>(messages > 1 ? bytes / messages : messages * bytes);   // one seldom needs the division
  size_t bucket = 0;
  while (bucket < kSizeBounds.size() && each > kSizeBounds[bucket]) ++bucket;
  put_sizes[bucket].add(messages);
}

Traffic::Traffic(size_t loops) {
  for (size_t i = 0; i < loops; ++i) lanes_.push_back(std::make_unique<Lane>());
}
Traffic::~Traffic() = default;

TopicTraffic& Traffic::topic(size_t loop, std::string_view topic) {
  Lane& lane = *lanes_.at(loop);
  MutexLock lock(lane.mu);
  if (const auto it = lane.topics.find(topic); it != lane.topics.end()) return it->second;
  return lane.topics.size() < kMaxCells ? lane.topics[std::string(topic)] : lane.other_topics;
}

GroupTraffic& Traffic::group(size_t loop, std::string_view topic, std::string_view group) {
  Lane& lane = *lanes_.at(loop);
  GroupKey key{topic, group};
  MutexLock lock(lane.mu);
  if (const auto it = lane.groups.find(key); it != lane.groups.end()) return it->second;
  return lane.groups.size() < kMaxCells ? lane.groups[std::move(key)] : lane.other_groups;
}

Traffic::TopicSum Traffic::topic_sum(std::string_view topic) const {
  TopicSum sum;
  for (const auto& lane : lanes_) {
    MutexLock lock(lane->mu);
    if (const auto it = lane->topics.find(topic); it != lane->topics.end()) add(sum, it->second);
  }
  return sum;
}

Traffic::GroupSum Traffic::group_sum(std::string_view topic, std::string_view group) const {
  GroupSum sum;
  const GroupKey key{topic, group};
  for (const auto& lane : lanes_) {
    MutexLock lock(lane->mu);
    if (const auto it = lane->groups.find(key); it != lane->groups.end()) add(sum, it->second);
  }
  return sum;
}

void Traffic::each_topic(const std::function<void(const std::string&, const TopicSum&)>& use) const {
  std::map<std::string, TopicSum> sums;
  for (const auto& lane : lanes_) {
    MutexLock lock(lane->mu);
    for (const auto& [topic, cell] : lane->topics) add(sums[topic], cell);
  }
  for (const auto& [topic, sum] : sums) use(topic, sum);
}

void Traffic::each_group(const std::function<void(const std::string&, const std::string&, const GroupSum&)>& use) const {
  std::map<GroupKey, GroupSum> sums;
  for (const auto& lane : lanes_) {
    MutexLock lock(lane->mu);
    for (const auto& [key, cell] : lane->groups) add(sums[key], cell);
  }
  for (const auto& [key, sum] : sums) use(key.first, key.second, sum);
}

}  // namespace mq::broker
