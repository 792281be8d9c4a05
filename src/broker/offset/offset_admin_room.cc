#include "broker/offset/offset_admin_room.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <limits>

#include "base/log.h"
#include "base/split.h"
#include "base/time_text.h"
#include "wire/bodies/stats.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {

Logger log("offset");

constexpr uint8_t kLanguageCpp = 1;

/// Java's timeMillisToHumanString3: yyyy-MM-dd#HH:mm:ss:SSS.
std::string human_time(int64_t ms) { return fmt::format("{}:{:03}", time_text(local_time(ms), "%Y-%m-%d#%H:%M:%S"), millis_of(ms)); }

}  // namespace

Answer OffsetAdminRoom::all(const wire::NoHeader&, Request& request) { return request.ok_body(meta_.offsets.encode()); }

int64_t OffsetAdminRoom::offset_at(std::string_view topic, int32_t queue_id, int64_t timestamp_ms) const {
  const store::QueueRef q = broker_.store.find_queue(topic, queue_id);
  if (!q) return 0;
  if (timestamp_ms < 0) return broker_.store.max_offset(*q).index;
  return broker_.store.offset_by_time(*q, timestamp_ms, store::Boundary::kLower).index;
}

Json OffsetAdminRoom::offset_table(std::string_view topic, const std::map<int32_t, int64_t>& offsets) const {
  Json table = Json::object();
  for (const auto& [id, offset] : offsets) table.add(to_json(wire::MessageQueue{std::string(topic), broker_.broker_name, id}), offset);
  return Json::object().add("offsetTable", std::move(table));
}

// ---- reset ---------------------------------------------------------------------------------------------------------------

Answer OffsetAdminRoom::reset(const wire::ResetOffsetHeader& h, Request& request) {
  return broker_.config.useServerSideResetOffset() ? reset_here(h, request) : reset_by_clients(h, request);
}

Answer OffsetAdminRoom::reset_here(const wire::ResetOffsetHeader& h, Request& request) {
  const TopicRef topic = meta_.topics.find(h.topic);
  if (!topic) return request.refuse(ResponseCode::TOPIC_NOT_EXIST, fmt::format("Topic {} does not exist", h.topic));
  if (!meta_.groups.find(h.group)) return request.refuse(ResponseCode::SUBSCRIPTION_GROUP_NOT_EXIST, fmt::format("Group {} does not exist", h.group));
  std::map<int32_t, int64_t> offsets;
  if (const int32_t id = h.queueId.value_or(-1); id >= 0) {
    if (h.offset && *h.offset != -1) {
      const store::QueueRef q = broker_.store.find_queue(h.topic, id);
      const int64_t min = q ? broker_.store.min_offset(*q).index : 0, max = q ? broker_.store.max_offset(*q).index : 0;
      if (*h.offset < min || *h.offset > max + 1) {
        return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("Target offset {} not in consume queue range [{}-{}]", *h.offset, min, max));
      }
      offsets[id] = *h.offset;
    } else {
      offsets[id] = offset_at(h.topic, id, h.timestamp);
    }
  } else {
    for (int32_t i = 0; i < topic->config()->readQueueNums; ++i) offsets[i] = offset_at(h.topic, i, h.timestamp);
  }
  if (offsets.empty()) return request.refuse(ResponseCode::SYSTEM_ERROR, "No queues to reset.");
  for (const auto& [id, offset] : offsets) {
    meta_.offsets.reset(h.group, h.topic, id, offset);
    log.info("offset of group {} in {} queue {} is set to {} by {}", h.group, h.topic, id, offset, request.session().peer_text());
  }
  return request.ok_body(to_text(offset_table(h.topic, offsets)));
}

/// The way of 4.x: the consumers are told, and commit what they were told.
Answer OffsetAdminRoom::reset_by_clients(const wire::ResetOffsetHeader& h, Request& request) {
  const TopicRef topic = meta_.topics.find(h.topic);
  if (!topic) {
    return request.refuse(ResponseCode::TOPIC_NOT_EXIST, fmt::format("[reset-offset] reset offset failed, no topic in this broker. topic={}", h.topic));
  }
  std::map<int32_t, int64_t> offsets;
  for (int32_t i = 0; i < topic->config()->writeQueueNums; ++i) {
    const auto now = meta_.offsets.find(h.group, h.topic, i);
    if (!now) return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("THe consumer group <{}> not exist", h.group));
    const int64_t wanted = std::max<int64_t>(0, offset_at(h.topic, i, h.timestamp));
    offsets[i] = h.isForce || wanted < *now ? wanted : *now;
  }
  const auto members = meta_.clients.consumers(h.group);
  for (const ClientChannel& c : members) {
    if (c.version < kVersionWithReset) {
      return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("the client does not support this feature. version={}", c.version));
    }
  }
  if (members.empty()) {
    return request.refuse(ResponseCode::CONSUMER_NOT_ONLINE, fmt::format("Consumer not online, so can not reset offset, Group: {} Topic: {} Timestamp: {}",
                                                                        h.group, h.topic, h.timestamp));
  }
  std::string body = to_text(offset_table(h.topic, offsets));
  const std::string answer = body;
  if (request.frame().language == kLanguageCpp) {   // QUIRK: the asking tool's language decides, not the consumer's
    Json list = Json::array();
    for (const auto& [id, offset] : offsets) {
      list.push(Json::object().add("brokerName", broker_.broker_name).add("offset", offset).add("queueId", int64_t{id}).add("topic", h.topic));
    }
    body = to_text(Json::object().add("offsetTable", std::move(list)));
  }
  for (const ClientChannel& c : members) {
    (void)c.session->loop().post([session = c.session, h, body] {
      if (!session->open()) return;
      using Info = wire::RequestInfo<wire::RequestCode::RESET_CONSUMER_CLIENT_OFFSET>;
      wire::encode_frame(session->connection().out(), {.code = Info::code, .opaque = session->next_opaque(), .flag = wire::kFlagOneway}, h,
                         as_bytes(body));
    });
  }
  return request.ok_body(answer);
}

// ---- looking and copying ---------------------------------------------------------------------------------------------------

Answer OffsetAdminRoom::time_span(const wire::TopicGroupHeader& h, Request& request) {
  const TopicRef topic = meta_.topics.find(h.topic);
  if (!topic) return request.refuse(ResponseCode::TOPIC_NOT_EXIST, fmt::format("topic[{}] not exist", h.topic));
  Json spans = Json::array();
  for (int32_t i = 0; i < topic->config()->writeQueueNums; ++i) {
    const store::QueueRef q = broker_.store.find_queue(h.topic, i);
    const int64_t end = q ? broker_.store.max_offset(*q).index : 0;
    const int64_t first = q ? broker_.store.earliest_store_time(*q) : -1, last = q ? broker_.store.store_time(*q, {end - 1}) : -1;
    const int64_t consumed = meta_.offsets.find(h.group, h.topic, i).value_or(0);
    const int64_t at = consumed > 0 && q ? broker_.store.store_time(*q, {consumed - 1}) : first;
    const int64_t behind = q && consumed < end ? broker_.env.clock().now_ms() - broker_.store.store_time(*q, {consumed}) : 0;
    spans.push(Json::object()
                   .add("consumeTimeStamp", at)
                   .add("consumeTimeStampStr", human_time(at))
                   .add("delayTime", behind)
                   .add("maxTimeStamp", last)
                   .add("maxTimeStampStr", human_time(last))
                   .add("messageQueue", to_json(wire::MessageQueue{h.topic, broker_.broker_name, i}))
                   .add("minTimeStamp", first)
                   .add("minTimeStampStr", human_time(first)));
  }
  return request.ok_body(to_text(Json::object().add("consumeTimeSpanSet", std::move(spans))));
}

/// QUIRK: the groups to be left out of the comparison lose their offsets, of every topic.
Answer OffsetAdminRoom::correction(const wire::CorrectionOffsetHeader& h, Request& request) {
  const std::string filter = h.filterGroups.value_or("");
  for (const std::string_view group : split(filter, ",")) if (!group.empty()) meta_.offsets.remove_group(group);
  std::map<int32_t, int64_t> least;
  for (const std::string& group : meta_.offsets.groups_of(h.topic)) {
    for (const auto& [id, offset] : meta_.offsets.queues_of(group, h.topic)) {
      const store::QueueRef q = broker_.store.find_queue(h.topic, id);
      if (offset < (q ? broker_.store.min_offset(*q).index : 0)) continue;
      const auto [at, added] = least.emplace(id, offset);
      if (!added) at->second = std::min(at->second, offset);
    }
  }
  for (const auto& [id, offset] : meta_.offsets.queues_of(h.compareGroup, h.topic)) {
    const auto at = least.find(id);
    if (at == least.end()) {
      return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("queue {} of {} has no valid offset of any group", id, h.topic));
    }
    at->second = at->second > offset ? std::numeric_limits<int64_t>::max() : offset;
  }
  Json table = Json::object();
  for (const auto& [id, offset] : least) table.add(int64_t{id}, offset);
  return request.ok_body(to_text(Json::object().add("correctionOffsets", std::move(table))));
}

/// QUIRK: without a topic nothing is cloned.
Answer OffsetAdminRoom::clone(const wire::CloneGroupOffsetHeader& h, Request& request) {
  const std::string topic = h.topic.value_or("");
  for (const auto& [id, offset] : meta_.offsets.queues_of(h.srcGroup, topic)) meta_.offsets.commit(h.destGroup, topic, id, offset);
  return request.ok();
}

}  // namespace mq::broker
