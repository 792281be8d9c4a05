#include "broker/topic/topic_room.h"

#include <fmt/format.h>

#include <set>

#include <algorithm>

#include "base/log.h"
#include "broker/core/answer_later.h"
#include "broker/core/overload.h"
#include "broker/meta/attributes.h"
#include "msg/names.h"
#include "wire/bodies/route.h"
#include "wire/bodies/shape.h"
#include "wire/bodies/stats.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {
Logger log("topic");
}

std::string TopicRoom::check(std::string_view topic) const {
  if (std::string bad = check_topic_name(topic); !bad.empty()) return bad;
  if (meta_.topics.is_system(topic)) return fmt::format("The topic[{}] is conflict with system topic.", topic);
  return {};
}

Answer TopicRoom::answer_when_announced(Request& request) {
  const bool posted = broker_.ctl->post([this, responder = request.responder()]() mutable {
    // In a turn of its own: what this one tells the NameServers is under way while the disk is waited for.
    broker_.ctl->after(0, [this, responder = std::move(responder)]() mutable {
      say_unless(meta_.topics.file().persist_changes(), "topics.json");
      env::Loop& loop = responder.session().loop();
      broker_.announcer->when_announced(loop, [responder = std::move(responder)]() mutable { (void)responder.ok(); });
    });
  });
  if (!posted) return request.refuse(ResponseCode::SYSTEM_BUSY, kOverloadRemark);
  return request.later();
}

Answer TopicRoom::create(const wire::CreateTopicHeader& h, Request& request) {
  if (std::string bad = check(h.topic); !bad.empty()) return request.refuse(ResponseCode::INVALID_PARAMETER, bad);
  if (h.topicFilterType != "SINGLE_TAG" && h.topicFilterType != "MULTI_TAG") {
    return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("topicFilterType = [{}] value invalid", h.topicFilterType));
  }
  const auto changes = parse_attribute_changes(h.attributes.value_or(""));
  if (!changes) return request.refuse(ResponseCode::SYSTEM_ERROR, changes.error().message());
  if (const auto type = changes->find("+message.type"); type != changes->end() && type->second == "MIXED") {
    return request.refuse(ResponseCode::INVALID_PARAMETER, "MIXED message type is not supported.");
  }
  const TopicRef old = meta_.topics.find(h.topic);
  const auto attributes = apply_attribute_changes(AttributesOf::kTopic, old == nullptr, old ? old->config()->attributes : Attributes{}, *changes);
  if (!attributes) return request.refuse(ResponseCode::SYSTEM_ERROR, attributes.error().message());
  wire::TopicConfig c;
  c.topicName = h.topic;
  c.readQueueNums = h.readQueueNums;
  c.writeQueueNums = h.writeQueueNums;
  c.perm = h.perm;
  c.topicFilterType = h.topicFilterType;
  c.topicSysFlag = h.topicSysFlag.value_or(0);
  c.order = h.order;
  c.attributes = *attributes;
  if (!meta_.topics.put(c)) return request.ok();
  log.info("topic {} is set by {}: {}", h.topic, request.session().peer_text(), c.to_text());
  return answer_when_announced(request);
}

Answer TopicRoom::create_list(const wire::NoHeader&, Request& request) {
  const auto body = wire::parse_body(request.body_text(), wire::kTopicListShape);
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  std::vector<wire::TopicConfig> all;
  for (const Json& j : (*body)["topicConfigList"].items()) {
    wire::TopicConfig c = wire::topic_config_from(j);
    if (std::string bad = check(c.topicName); !bad.empty()) return request.refuse(ResponseCode::INVALID_PARAMETER, bad);
    // QUIRK: one topic that is as it was ends the request, and nothing of the list is done.
    const TopicRef old = meta_.topics.find(c.topicName);
    if (old && *old->config() == c) return request.ok();
    const bool signed_keys = std::any_of(c.attributes.begin(), c.attributes.end(), [](const auto& a) { return a.first.starts_with('+') || a.first.starts_with('-'); });
    if (signed_keys) {
      auto applied = apply_attribute_changes(AttributesOf::kTopic, old == nullptr, old ? old->config()->attributes : Attributes{}, c.attributes);
      if (!applied) return request.refuse(ResponseCode::SYSTEM_ERROR, applied.error().message());
      c.attributes = std::move(*applied);
    }
    all.push_back(std::move(c));
  }
  for (const wire::TopicConfig& c : all) meta_.topics.put(c);
  return all.empty() ? request.ok() : answer_when_announced(request);
}

Answer TopicRoom::get_all(const wire::GetAllTopicConfigHeader& h, Request& request) {
  wire::TopicConfigTable table = meta_.topics.table(false);
  wire::GetAllTopicConfigResponseHeader header;
  // Only who asks for pages (a slave after 5.3.3) is told how many there are.
  if (h.topicSeq || h.maxTopicNum || h.dataVersion) header.totalTopicNum = static_cast<int32_t>(table.topicConfigTable.size());
  if (h.topicSeq || h.maxTopicNum) {
    // Pages are cut from the sorted names; a page of another DataVersion starts again at the front.
    int32_t from = std::max(0, h.topicSeq.value_or(0));
    const auto asked = h.dataVersion ? parse_json(*h.dataVersion) : Result<Json>(Json());
    if (!asked || asked->is_null() || wire::data_version_from(*asked) != table.dataVersion) from = 0;
    const int32_t count = std::clamp(h.maxTopicNum.value_or(2000), 1, 2000);
    std::map<std::string, wire::TopicConfig> page;
    int32_t i = 0;
    for (auto& [name, config] : table.topicConfigTable) {
      if (i >= from && i < from + count) page.emplace(name, std::move(config));
      ++i;
    }
    table.topicConfigTable = std::move(page);
  }
  return request.ok(header, to_text(to_json(table)));
}

Answer TopicRoom::remove(const wire::TopicHeader& h, Request& request) {
  if (h.topic.find_first_not_of(" \t\r\n") == std::string::npos) return request.refuse(ResponseCode::INVALID_PARAMETER, "The specified topic is blank.");
  if (meta_.topics.is_system(h.topic)) {
    return request.refuse(ResponseCode::INVALID_PARAMETER, fmt::format("The topic[{}] is conflict with system topic.", h.topic));
  }
  // The name is given up first, so that no loop takes the topic from its cache; then the queues and their files.
  const bool known = meta_.topics.remove(h.topic);
  meta_.offsets.remove_topic(h.topic);
  log.info("topic {} is deleted by {}{}", h.topic, request.session().peer_text(), known ? "" : ", it was not known");
  return answer_after(broker_, request, [this, topic = h.topic]() -> Result<> {
    MQ_TRY_VOID(broker_.store.delete_topic(topic));
    say_unless(meta_.topics.file().persist_changes(), "topics.json");
    meta_.offsets.persist_when_durable();   // a topic that is made again must not find the old ones after a crash
    return {};
  });
}

Answer TopicRoom::get(const wire::GetTopicConfigHeader& h, Request& request) {
  const TopicRef topic = meta_.topics.find(h.topic);
  if (!topic) return request.refuse(ResponseCode::TOPIC_NOT_EXIST, fmt::format("No topic in this broker. topic: {}", h.topic));
  return request.ok_body(to_text(to_json(*topic->config())));
}

Answer TopicRoom::system_topics(const wire::NoHeader&, Request& request) {
  return request.ok_body(to_text(to_json(wire::TopicList{meta_.topics.system_topics(), ""})));
}

Answer TopicRoom::stats(const wire::TopicHeader& h, Request& request) {
  const TopicRef topic = meta_.topics.find(h.topic);
  if (!topic) return request.refuse(ResponseCode::TOPIC_NOT_EXIST, fmt::format("topic[{}] not exist", h.topic));
  const auto config = topic->config();
  wire::TopicStatsTable table;
  for (int32_t i = 0; i < std::max(config->readQueueNums, config->writeQueueNums); ++i) {
    wire::TopicOffset o;
    if (const store::QueueRef q = broker_.store.find_queue(h.topic, i)) {
      o.minOffset = std::max<int64_t>(0, broker_.store.min_offset(*q).index);
      o.maxOffset = std::max<int64_t>(0, broker_.store.max_offset(*q).index);
      if (o.maxOffset > o.minOffset) o.lastUpdateTimestamp = std::max<int64_t>(0, broker_.store.store_time(*q, {o.maxOffset - 1}));
    }
    table.offsetTable[{h.topic, broker_.broker_name, i}] = o;
  }
  return request.ok_body(to_text(to_json(table)));
}

Answer TopicRoom::consumed_by(const wire::TopicHeader& h, Request& request) {
  std::set<std::string> groups = meta_.offsets.groups_of(h.topic);
  for (std::string& g : meta_.clients.groups_subscribing(h.topic)) groups.insert(std::move(g));
  Json list = Json::array();
  for (const std::string& g : groups) list.push(g);
  return request.ok_body(to_text(Json::object().add("groupList", std::move(list))));
}

/// Removes the queues of topics that the broker does not know.
Answer TopicRoom::clean_unused(const wire::NoHeader&, Request& request) {
  std::set<std::string> unknown;
  for (const auto& [topic, id] : broker_.store.queues()) {
    if (!meta_.topics.find(topic) && !meta_.topics.is_system(topic)) unknown.insert(topic);
  }
  for (const std::string& topic : unknown) {
    if (auto r = broker_.store.delete_topic(topic); !r) return request.refuse(ResponseCode::SYSTEM_ERROR, r.error().message());
  }
  return request.ok();
}

}  // namespace mq::broker
