#include "wire/bodies/stats.h"

namespace mq::wire {

namespace {

/// A key may also come as the text of an object, which fastjson accepts.
MessageQueue queue_of_key(const Json& key) {
  if (key.is_string()) {
    if (const auto parsed = parse_json(key.as_string())) return message_queue_from(*parsed);
  }
  return message_queue_from(key);
}

}  // namespace

Json to_json(const MessageQueue& q) {
  return Json::object().add("brokerName", q.brokerName).add("queueId", q.queueId).add("topic", q.topic);
}

MessageQueue message_queue_from(const Json& j) {
  return {j["topic"].as_string(), j["brokerName"].as_string(), static_cast<int32_t>(j["queueId"].as_int())};
}

Json to_json(const TopicStatsTable& t) {
  Json offsets = Json::object();
  for (const auto& [q, o] : t.offsetTable) {
    offsets.add(to_json(q), Json::object().add("lastUpdateTimestamp", o.lastUpdateTimestamp).add("maxOffset", o.maxOffset).add("minOffset", o.minOffset));
  }
  return Json::object().add("offsetTable", std::move(offsets)).add("topicPutTps", t.topicPutTps);
}

Result<TopicStatsTable> topic_stats_from(std::string_view body) {
  MQ_TRY(const Json j, parse_json(body));
  TopicStatsTable t;
  for (const auto& [key, o] : j["offsetTable"].members()) {
    t.offsetTable[queue_of_key(key)] = {o["minOffset"].as_int(), o["maxOffset"].as_int(), o["lastUpdateTimestamp"].as_int()};
  }
  t.topicPutTps = j["topicPutTps"].as_double();
  return t;
}

Json to_json(const ConsumeStats& s) {
  Json offsets = Json::object();
  for (const auto& [q, o] : s.offsetTable) {
    offsets.add(to_json(q), Json::object()
                                .add("brokerOffset", o.brokerOffset)
                                .add("consumerOffset", o.consumerOffset)
                                .add("lastTimestamp", o.lastTimestamp)
                                .add("pullOffset", o.pullOffset));
  }
  return Json::object().add("consumeTps", s.consumeTps).add("offsetTable", std::move(offsets));
}

Result<ConsumeStats> consume_stats_from(std::string_view body) {
  MQ_TRY(const Json j, parse_json(body));
  ConsumeStats s;
  for (const auto& [key, o] : j["offsetTable"].members()) {
    const int64_t consumed = o["consumerOffset"].as_int();
    // Brokers of 4.x do not tell what is on its way: nothing, rather than a negative number.
    const int64_t pulled = o.find("pullOffset") ? o["pullOffset"].as_int() : consumed;
    s.offsetTable[queue_of_key(key)] = {o["brokerOffset"].as_int(), consumed, pulled, o["lastTimestamp"].as_int()};
  }
  s.consumeTps = j["consumeTps"].as_double();
  return s;
}

}  // namespace mq::wire
