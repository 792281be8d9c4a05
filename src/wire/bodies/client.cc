#include "wire/bodies/client.h"

#include <array>
#include <optional>

#include "base/text.h"
#include "msg/names.h"
#include "msg/properties.h"
#include "wire/bodies/shape.h"

namespace mq::wire {

namespace {

constexpr std::array<std::string_view, 3> kConsumeTypes{"CONSUME_ACTIVELY", "CONSUME_PASSIVELY", "CONSUME_POP"};
constexpr std::array<std::string_view, 2> kModels{"BROADCASTING", "CLUSTERING"};
constexpr std::array<std::string_view, 6> kFromWhere{"CONSUME_FROM_LAST_OFFSET", "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST",
                                                     "CONSUME_FROM_MIN_OFFSET", "CONSUME_FROM_MAX_OFFSET", "CONSUME_FROM_FIRST_OFFSET",
                                                     "CONSUME_FROM_TIMESTAMP"};

/// By name, ignoring case, or by ordinal; anything else is null.
template <class E, size_t N>
std::optional<E> enum_from(const Json& j, const std::array<std::string_view, N>& names) {
  if (j.kind() == Json::Kind::kInt) {
    const int64_t i = j.as_int();
    return i >= 0 && i < static_cast<int64_t>(N) ? std::optional(static_cast<E>(i)) : std::nullopt;
  }
  const std::string text = j.as_string();
  for (size_t i = 0; i < N; ++i) if (equal_ignoring_case(names[i], text)) return static_cast<E>(i);
  return std::nullopt;
}

/// The member of that name; else, as fastjson's smart match, one that differs in case only (Go clients write "SubString").
const Json& member(const Json& j, std::string_view key) {
  if (const Json* exact = j.find(key)) return *exact;
  for (const auto& [k, v] : j.members()) if (k.is_string() && equal_ignoring_case(k.as_string(), key)) return v;
  return j[key];
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && static_cast<unsigned char>(s.front()) <= ' ') s.remove_prefix(1);
  while (!s.empty() && static_cast<unsigned char>(s.back()) <= ' ') s.remove_suffix(1);
  return s;
}

Json to_json(const ClientConnection& c) {
  return Json::object().add("clientAddr", c.clientAddr).add("clientId", c.clientId).add("language", c.language).add("version", c.version);
}

Json connections_json(const std::vector<ClientConnection>& connections) {
  Json j = Json::array();
  for (const ClientConnection& c : connections) j.push(to_json(c));
  return j;
}

std::vector<ClientConnection> connections_from(const Json& j) {
  std::vector<ClientConnection> found;
  for (const Json& c : j.items()) {
    found.push_back({c["clientId"].as_string(), c["clientAddr"].as_string(), c["language"].as_string(), static_cast<int32_t>(c["version"].as_int())});
  }
  return found;
}

Json strings_json(const std::map<std::string, std::string>& map) {
  Json j = Json::object();
  for (const auto& [k, v] : map) j.add(k, v);
  return j;
}

}  // namespace

std::string_view to_string(ConsumeType v) noexcept { return kConsumeTypes[static_cast<size_t>(v)]; }
std::string_view to_string(MessageModel v) noexcept { return kModels[static_cast<size_t>(v)]; }
std::string_view to_string(ConsumeFromWhere v) noexcept { return kFromWhere[static_cast<size_t>(v)]; }

/// QUIRK: an empty type counts as tags when it is evaluated, but its expression is not taken apart: only "*" matches then.
Result<SubscriptionData> SubscriptionData::build(std::string_view topic, std::string_view expression, std::string_view type) {
  SubscriptionData s;
  s.topic = topic;
  s.subString = expression;
  s.expressionType = type;
  if (type != "TAG" && type.data() && !type.empty()) {
    if (expression.empty()) return fail(Errc::kInvalid, "the expression of a subscription is empty");
    return s;
  }
  if (expression.empty() || expression == "*") {
    s.subString = "*";
    return s;
  }
  if (type.data() && type.empty()) return s;
  std::string_view rest = expression;
  bool any_part = false;
  for (bool last = false; !last;) {
    const size_t bar = rest.find("||");
    last = bar == std::string_view::npos;
    const std::string_view part = rest.substr(0, bar);
    if (!last) rest.remove_prefix(bar + 2);
    any_part |= !part.empty();
    if (const std::string_view tag = trim(part); !tag.empty()) {
      s.tagsSet.emplace(tag);
      s.codeSet.insert(java_hash(tag));
    }
  }
  if (!any_part) return fail(Errc::kInvalid, "subString split error");
  return s;
}

Json to_json(const SubscriptionData& s) {
  Json codes = Json::array(), tags = Json::array();
  for (int32_t c : s.codeSet) codes.push(c);
  for (const std::string& t : s.tagsSet) tags.push(t);
  return Json::object()
      .add("classFilterMode", s.classFilterMode)
      .add("codeSet", std::move(codes))
      .add("expressionType", s.expressionType)
      .add("subString", s.subString)
      .add("subVersion", s.subVersion)
      .add("tagsSet", std::move(tags))
      .add("topic", s.topic);
}

std::string subscriptions_text(const std::vector<SubscriptionData>& subscriptions) {
  std::set<std::string> topics;
  for (const SubscriptionData& s : subscriptions) {
    if (is_retry_topic(s.topic)) continue;
    std::string what;
    for (const std::string& tag : s.tagsSet) what += (what.empty() ? "" : " || ") + tag;   // however they were written
    if (!is_tag_type(s.expressionType) || what.empty()) what = s.matches_all() ? "*" : s.subString;
    topics.insert(s.topic + " (" + what + ")");
  }
  std::string text;
  for (const std::string& t : topics) text += (text.empty() ? "" : ", ") + t;
  return text.empty() ? "nothing" : text;
}

SubscriptionData subscription_from(const Json& j) {
  SubscriptionData s;
  s.classFilterMode = member(j, "classFilterMode").as_bool();
  s.topic = member(j, "topic").as_string();
  s.subString = member(j, "subString").as_string();
  for (const Json& t : member(j, "tagsSet").items()) s.tagsSet.insert(t.as_string());
  for (const Json& c : member(j, "codeSet").items()) s.codeSet.insert(static_cast<int32_t>(c.as_int()));
  s.subVersion = member(j, "subVersion").as_int();
  s.expressionType = member(j, "expressionType").as_string("TAG");
  return s;
}

Result<HeartbeatData> heartbeat_from(std::string_view body) {
  MQ_TRY(const Json j, parse_body(body, kHeartbeatShape));
  HeartbeatData h;
  h.clientID = j["clientID"].as_string();
  h.heartbeatFingerprint = static_cast<int32_t>(j["heartbeatFingerprint"].as_int());
  h.withoutSub = h.heartbeatFingerprint != 0 && (j["withoutSub"].as_bool() || j["isWithoutSub"].as_bool());   // of the second form alone
  for (const Json& p : j["producerDataSet"].items()) h.producerGroups.push_back(p["groupName"].as_string());
  for (const Json& c : j["consumerDataSet"].items()) {
    ConsumerData d;
    d.groupName = c["groupName"].as_string();
    d.consumeType = enum_from<ConsumeType>(c["consumeType"], kConsumeTypes);
    d.messageModel = enum_from<MessageModel>(c["messageModel"], kModels);
    d.consumeFromWhere = enum_from<ConsumeFromWhere>(c["consumeFromWhere"], kFromWhere);
    for (const Json& s : c["subscriptionDataSet"].items()) d.subscriptionDataSet.push_back(subscription_from(s));
    d.unitMode = c["unitMode"].as_bool();
    h.consumers.push_back(std::move(d));
  }
  return h;
}

std::string encode_heartbeat(const HeartbeatData& h) {
  Json consumers = Json::array(), producers = Json::array();
  for (const ConsumerData& c : h.consumers) {
    Json subscriptions = Json::array();
    for (const SubscriptionData& s : c.subscriptionDataSet) subscriptions.push(to_json(s));
    Json d = Json::object();
    if (c.consumeFromWhere) d.add("consumeFromWhere", to_string(*c.consumeFromWhere));
    if (c.consumeType) d.add("consumeType", to_string(*c.consumeType));
    d.add("groupName", c.groupName);
    if (c.messageModel) d.add("messageModel", to_string(*c.messageModel));
    d.add("subscriptionDataSet", std::move(subscriptions)).add("unitMode", c.unitMode);
    consumers.push(std::move(d));
  }
  for (const std::string& g : h.producerGroups) producers.push(Json::object().add("groupName", g));
  return to_text(Json::object()
                     .add("clientID", h.clientID)
                     .add("consumerDataSet", std::move(consumers))
                     .add("heartbeatFingerprint", h.heartbeatFingerprint)
                     .add("producerDataSet", std::move(producers))
                     .add("withoutSub", h.withoutSub));
}

std::string retry_policy_text(const Json& policy) {
  const auto number = [](const Json& j) { return std::to_string(j.as_int()); };
  std::string exponential = "null", customized = "null";
  if (const Json& e = policy["exponentialRetryPolicy"]; e.is_object()) {
    exponential = "ExponentialRetryPolicy{initial=" + number(e["initial"]) + ", max=" + number(e["max"]) + ", multiplier=" + number(e["multiplier"]) + "}";
  }
  if (const Json& c = policy["customizedRetryPolicy"]; c.is_object()) {
    customized = "CustomizedRetryPolicy{next=[";
    for (const Json& n : c["next"].items()) customized += (customized.back() == '[' ? "" : ", ") + number(n);
    customized += "]}";
  }
  const std::string type = policy["type"].is_string() ? policy["type"].as_string() : "CUSTOMIZED";
  return "GroupRetryPolicy{type=" + type + ", exponentialRetryPolicy=" + exponential + ", customizedRetryPolicy=" + customized + "}";
}

std::string SubscriptionGroupConfig::to_text() const {
  auto b = [](bool v) { return v ? "true" : "false"; };
  return "SubscriptionGroupConfig{groupName=" + groupName + ", consumeEnable=" + b(consumeEnable) + ", consumeFromMinEnable=" +
         b(consumeFromMinEnable) + ", consumeBroadcastEnable=" + b(consumeBroadcastEnable) + ", consumeMessageOrderly=" +
         b(consumeMessageOrderly) + ", retryQueueNums=" + std::to_string(retryQueueNums) + ", retryMaxTimes=" + std::to_string(retryMaxTimes) +
         ", groupRetryPolicy=" + retry_policy_text(groupRetryPolicy) + ", brokerId=" +
         std::to_string(brokerId) + ", whichBrokerWhenConsumeSlowly=" + std::to_string(whichBrokerWhenConsumeSlowly) +
         ", notifyConsumerIdsChangedEnable=" + b(notifyConsumerIdsChangedEnable) + ", groupSysFlag=" + std::to_string(groupSysFlag) +
         ", consumeTimeoutMinute=" + std::to_string(consumeTimeoutMinute) + ", subscriptionDataSet=" +
         (subscriptionDataSet.is_null() ? "null" : mq::to_text(subscriptionDataSet)) + ", attributes=" + attributes_text(attributes) + "}";
}

Json to_json(const SubscriptionGroupConfig& c) {
  return Json::object()
      .add("attributes", strings_json(c.attributes))
      .add("brokerId", c.brokerId)
      .add("consumeBroadcastEnable", c.consumeBroadcastEnable)
      .add("consumeEnable", c.consumeEnable)
      .add("consumeFromMinEnable", c.consumeFromMinEnable)
      .add("consumeMessageOrderly", c.consumeMessageOrderly)
      .add("consumeTimeoutMinute", c.consumeTimeoutMinute)
      .add("groupName", c.groupName)
      .add("groupRetryPolicy", c.groupRetryPolicy.is_null() ? Json::object().add("type", "CUSTOMIZED") : c.groupRetryPolicy)
      .add("groupSysFlag", c.groupSysFlag)
      .add("notifyConsumerIdsChangedEnable", c.notifyConsumerIdsChangedEnable)
      .add("retryMaxTimes", c.retryMaxTimes)
      .add("retryQueueNums", c.retryQueueNums)
      .add("subscriptionDataSet", c.subscriptionDataSet)
      .add("whichBrokerWhenConsumeSlowly", c.whichBrokerWhenConsumeSlowly);
}

SubscriptionGroupConfig group_config_from(const Json& j) {
  SubscriptionGroupConfig c;
  c.groupName = j["groupName"].as_string();
  c.consumeEnable = j["consumeEnable"].as_bool(c.consumeEnable);
  c.consumeFromMinEnable = j["consumeFromMinEnable"].as_bool(c.consumeFromMinEnable);
  c.consumeBroadcastEnable = j["consumeBroadcastEnable"].as_bool(c.consumeBroadcastEnable);
  c.consumeMessageOrderly = j["consumeMessageOrderly"].as_bool(c.consumeMessageOrderly);
  c.retryQueueNums = static_cast<int32_t>(j["retryQueueNums"].as_int(c.retryQueueNums));
  c.retryMaxTimes = static_cast<int32_t>(j["retryMaxTimes"].as_int(c.retryMaxTimes));
  c.groupRetryPolicy = j["groupRetryPolicy"];
  c.brokerId = j["brokerId"].as_int(c.brokerId);
  c.whichBrokerWhenConsumeSlowly = j["whichBrokerWhenConsumeSlowly"].as_int(c.whichBrokerWhenConsumeSlowly);
  c.notifyConsumerIdsChangedEnable = j["notifyConsumerIdsChangedEnable"].as_bool(c.notifyConsumerIdsChangedEnable);
  c.groupSysFlag = static_cast<int32_t>(j["groupSysFlag"].as_int());
  c.consumeTimeoutMinute = static_cast<int32_t>(j["consumeTimeoutMinute"].as_int(c.consumeTimeoutMinute));
  c.subscriptionDataSet = j["subscriptionDataSet"];
  for (const auto& [k, v] : j["attributes"].members()) c.attributes[k.as_string()] = v.as_string();
  return c;
}

Json to_json(const SubscriptionGroupTable& t) {
  Json groups = Json::object(), forbidden = Json::object();
  for (const auto& [name, config] : t.subscriptionGroupTable) groups.add(name, to_json(config));
  for (const auto& [group, topics] : t.forbiddenTable) {
    Json bits = Json::object();
    for (const auto& [topic, mask] : topics) bits.add(topic, mask);
    forbidden.add(group, std::move(bits));
  }
  return Json::object().add("dataVersion", to_json(t.dataVersion)).add("forbiddenTable", std::move(forbidden)).add("subscriptionGroupTable", std::move(groups));
}

SubscriptionGroupTable group_table_from(const Json& j) {
  SubscriptionGroupTable t;
  t.dataVersion = data_version_from(j["dataVersion"]);
  for (const auto& [name, config] : j["subscriptionGroupTable"].members()) {
    SubscriptionGroupConfig c = group_config_from(config);
    if (c.groupName.empty()) c.groupName = name.as_string();
    t.subscriptionGroupTable.insert_or_assign(name.as_string(), std::move(c));
  }
  for (const auto& [group, topics] : j["forbiddenTable"].members()) {
    for (const auto& [topic, mask] : topics.members()) t.forbiddenTable[group.as_string()][topic.as_string()] = static_cast<int32_t>(mask.as_int());
  }
  return t;
}

Json to_json(const ConsumerConnection& c) {
  Json subscriptions = Json::object();
  for (const auto& [topic, s] : c.subscriptionTable) subscriptions.add(topic, to_json(s));
  Json j = Json::object()
      .add("connectionSet", connections_json(c.connectionSet))
      .add("consumeFromWhere", c.consumeFromWhere)
      .add("consumeType", c.consumeType)
      .add("messageModel", c.messageModel)
      .add("subscriptionTable", std::move(subscriptions));
  if (!c.subscriptionsDiffer.empty()) j.add("subscriptionsDiffer", c.subscriptionsDiffer);
  return j;
}

Result<ConsumerConnection> consumer_connection_from(std::string_view body) {
  MQ_TRY(const Json j, parse_json(body));
  ConsumerConnection c;
  c.connectionSet = connections_from(j["connectionSet"]);
  for (const auto& [topic, s] : j["subscriptionTable"].members()) c.subscriptionTable[topic.as_string()] = subscription_from(s);
  c.consumeType = j["consumeType"].as_string();
  c.messageModel = j["messageModel"].as_string();
  c.consumeFromWhere = j["consumeFromWhere"].as_string();
  c.subscriptionsDiffer = j["subscriptionsDiffer"].as_string();
  return c;
}

Json producer_connection_json(const std::vector<ClientConnection>& connections) {
  return Json::object().add("connectionSet", connections_json(connections));
}

Result<std::vector<ClientConnection>> producer_connection_from(std::string_view body) {
  MQ_TRY(const Json j, parse_json(body));
  return connections_from(j["connectionSet"]);
}

}  // namespace mq::wire
