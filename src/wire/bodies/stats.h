// Offsets and statistics per queue. Maps keyed by MessageQueue travel as {{"brokerName":..}:{..}}. Source: spec
// protocol 6.3.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace mq::wire {

struct MessageQueue {
  std::string topic;
  std::string brokerName;
  int32_t queueId = 0;
  auto operator<=>(const MessageQueue&) const = default;   // the order of Java's compareTo: topic, broker, queue
};
Json to_json(const MessageQueue& q);
MessageQueue message_queue_from(const Json& j);

struct TopicOffset {
  int64_t minOffset = 0;
  int64_t maxOffset = 0;
  int64_t lastUpdateTimestamp = 0;   // ms
};
struct TopicStatsTable {
  std::map<MessageQueue, TopicOffset> offsetTable;
  double topicPutTps = 0;
};
Json to_json(const TopicStatsTable& t);
Result<TopicStatsTable> topic_stats_from(std::string_view body);

struct OffsetWrapper {
  int64_t brokerOffset = 0;
  int64_t consumerOffset = 0;
  int64_t pullOffset = 0;
  int64_t lastTimestamp = 0;
};
struct ConsumeStats {
  std::map<MessageQueue, OffsetWrapper> offsetTable;
  double consumeTps = 0;
};
Json to_json(const ConsumeStats& s);
Result<ConsumeStats> consume_stats_from(std::string_view body);

}  // namespace mq::wire
