#include "broker/offset/offset_room.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/split.h"
#include "base/text.h"
#include "broker/meta/attributes.h"
#include "msg/names.h"
#include "wire/bodies/stats.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using wire::OffsetResponseHeader;
using wire::ResponseCode;

Answer OffsetRoom::query(const wire::QueryConsumerOffsetHeader& h, Request& request) {
  if (const auto offset = meta_.offsets.find(h.consumerGroup, h.topic, h.queueId)) return request.ok(OffsetResponseHeader{*offset});
  if (h.setZeroIfNotFound && !*h.setZeroIfNotFound) {
    return request.answer(ResponseCode::QUERY_NOT_FOUND, OffsetResponseHeader{}, "Not found, do not set to zero, maybe this group boot first");
  }
  if (begins_by_client(h.consumerGroup, h.topic)) {
    return request.answer(ResponseCode::QUERY_NOT_FOUND, OffsetResponseHeader{}, "Not found, the group's consume.from.where is CLIENT");
  }
  // QUIRK: a new group on a queue whose first message is still in memory starts at 0, whatever CONSUME_FROM_WHERE says.
  const store::QueueRef q = broker_.store.find_queue(h.topic, h.queueId);
  Result<store::Store::Entry> first = fail(Errc::kNotFound, "no first message");
  if (q && broker_.store.min_offset(*q).index <= 0) first = broker_.store.entry_at(*q, {0});
  if (first && broker_.store.in_memory(first->phy)) return request.ok(OffsetResponseHeader{0});
  // 4.x brokers say 0 of an empty queue too, and their clients rely on it: told "not found", they ask for the end, and what arrives
  // between the two questions is never consumed.
  const bool never_held_any = !first && (!q || broker_.store.min_offset(*q).index <= 0);
  if (never_held_any && request.frame().version < wire::kVersion5) return request.ok(OffsetResponseHeader{0});
  return request.answer(ResponseCode::QUERY_NOT_FOUND, OffsetResponseHeader{}, "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first");
}

/// Retries are never begun at their end: what stands there is the group's own.
bool OffsetRoom::begins_by_client(std::string_view group, std::string_view topic) const {
  const auto config = meta_.groups.find(group);
  if (!config || config->attributes.empty() || is_retry_topic(topic)) return false;
  const auto value = config->attributes.find(std::string(kConsumeFromWhere));
  return value != config->attributes.end() && value->second == "CLIENT";
}

Answer OffsetRoom::update(const wire::UpdateConsumerOffsetHeader& h, Request& request) {
  const wire::EmptyResponseHeader empty;
  if (!meta_.groups.find(h.consumerGroup)) {
    return request.answer(ResponseCode::SUBSCRIPTION_GROUP_NOT_EXIST, empty, fmt::format("Group {} not exist!", h.consumerGroup));
  }
  if (!meta_.topics.find(h.topic)) return request.answer(ResponseCode::TOPIC_NOT_EXIST, empty, fmt::format("Topic {} not exist!", h.topic));
  if (!h.queueId) return request.answer(ResponseCode::INVALID_PARAMETER, empty, fmt::format("QueueId is null, topic is {}", h.topic));
  if (!h.commitOffset) return request.answer(ResponseCode::INVALID_PARAMETER, empty, fmt::format("Offset is null, topic is {}", h.topic));
  if (meta_.offsets.reset_pending(h.consumerGroup, h.topic, *h.queueId)) {
    return request.answer(ResponseCode::SUCCESS, empty, "Offset has been previously reset");
  }
  meta_.offsets.commit(h.consumerGroup, h.topic, *h.queueId, *h.commitOffset);
  return request.ok(empty);
}

Answer OffsetRoom::search(const wire::SearchOffsetHeader& h, Request& request) {
  const store::QueueRef q = broker_.store.find_queue(h.topic, h.queueId);
  if (!q) return request.ok(OffsetResponseHeader{0});
  const bool upper = h.boundaryType.size() == 5 && std::equal(h.boundaryType.begin(), h.boundaryType.end(), "upper", [](char a, char b) { return (a | 0x20) == b; });
  return request.ok(OffsetResponseHeader{broker_.store.offset_by_time(*q, h.timestamp, upper ? store::Boundary::kUpper : store::Boundary::kLower).index});
}

Answer OffsetRoom::max(const wire::QueueHeader& h, Request& request) {
  const store::QueueRef q = broker_.store.find_queue(h.topic, h.queueId);
  return request.ok(OffsetResponseHeader{q ? broker_.store.max_offset(*q).index : 0});
}

/// QUIRK: the remark of a success is the empty text, not absent.
Answer OffsetRoom::min(const wire::QueueHeader& h, Request& request) {
  const store::QueueRef q = broker_.store.find_queue(h.topic, h.queueId);
  return request.answer(ResponseCode::SUCCESS, OffsetResponseHeader{q ? broker_.store.min_offset(*q).index : 0}, std::string_view(""));
}

Answer OffsetRoom::earliest(const wire::QueueHeader& h, Request& request) {
  const store::QueueRef q = broker_.store.find_queue(h.topic, h.queueId);
  return request.ok(wire::TimestampResponseHeader{q ? broker_.store.earliest_store_time(*q) : -1});
}

void OffsetRoom::add_stats(const std::string& group, const std::string& topic, const std::optional<wire::ConsumerConnection>& connection,
                           wire::ConsumeStats& stats) const {
  const TopicRef t = meta_.topics.find(topic);
  if (!t) return;
  if (connection && !connection->subscriptionTable.empty() && !connection->subscriptionTable.contains(topic)) return;
  for (int32_t i = 0; i < t->config()->readQueueNums; ++i) {
    wire::OffsetWrapper o;
    const store::QueueRef q = broker_.store.find_queue(topic, i);
    o.brokerOffset = q ? broker_.store.max_offset(*q).index : 0;
    o.consumerOffset = meta_.offsets.find(group, topic, i).value_or(0);
    o.pullOffset = std::max(o.consumerOffset, meta_.offsets.pull_offset(group, topic, i).value_or(0));
    if (q && o.consumerOffset > 0) o.lastTimestamp = std::max<int64_t>(0, broker_.store.store_time(*q, {o.consumerOffset - 1}));
    stats.offsetTable[{topic, broker_.broker_name, i}] = o;
  }
}

/// topicList, names with semicolons between, goes before topic; neither: all topics of the group.
Answer OffsetRoom::consume_stats(const wire::ConsumeStatsHeader& h, Request& request) {
  std::set<std::string> topics;
  if (h.topicList && !is_blank(*h.topicList)) {
    for (const std::string_view topic : split(*h.topicList, ";")) if (!topic.empty()) topics.emplace(topic);
  }
  if (topics.empty() && h.topic && !is_blank(*h.topic)) topics.insert(*h.topic);
  if (topics.empty()) topics = meta_.offsets.topics_of(h.consumerGroup);
  const auto connection = meta_.clients.connection(h.consumerGroup);
  wire::ConsumeStats stats;
  for (const std::string& topic : topics) add_stats(h.consumerGroup, topic, connection, stats);
  return request.ok_body(to_text(to_json(stats)));
}

/// Of each group that has offsets here, one ConsumeStats for each of its topics.
Answer OffsetRoom::broker_consume_stats(const wire::BrokerConsumeStatsHeader& h, Request& request) {
  Json list = Json::array();
  int64_t behind = 0, in_flight = 0;
  for (const auto& [group, config] : meta_.groups.table().subscriptionGroupTable) {
    const auto connection = meta_.clients.connection(group);
    Json of_group = Json::array();
    for (const std::string& topic : meta_.offsets.topics_of(group)) {
      const TopicRef t = meta_.topics.find(topic);
      if (!t || (h.isOrder && !t->config()->order)) continue;
      wire::ConsumeStats stats;
      add_stats(group, topic, connection, stats);
      if (stats.offsetTable.empty()) continue;
      for (const auto& [queue, o] : stats.offsetTable) {
        behind += o.brokerOffset - o.consumerOffset;
        in_flight += o.pullOffset - o.consumerOffset;
      }
      of_group.push(to_json(stats));
    }
    if (of_group.size() > 0) list.push(Json::object().add(group, std::move(of_group)));
  }
  return request.ok_body(to_text(Json::object()
                                     .add("brokerAddr", broker_.addr)
                                     .add("consumeStatsList", std::move(list))
                                     .add("totalDiff", behind)
                                     .add("totalInflightDiff", in_flight)));
}

}  // namespace mq::broker
