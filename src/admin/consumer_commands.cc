// updateSubGroup, deleteSubGroup, consumerProgress, consumerConnection, producerConnection, producer, getConsumerConfig,
// brokerConsumeStats. Source: spec mqadmin 5, 6.3.
#include <fmt/format.h>

#include "admin/command.h"
#include "admin/consumer_look_ups.h"
#include "admin/java_text.h"
#include "admin/output.h"
#include "msg/hash_order.h"
#include "wire/frame.h"

namespace mq::admin {

namespace {

using wire::RequestCode;
using wire::SubscriptionGroupConfig;

// --- groups ---------------------------------------------------------------------------------------------------------------

Result<SubscriptionGroupConfig> group_of(const Options& o) {
  SubscriptionGroupConfig c;
  c.groupName = o.get("g");
  const auto flag = [&](std::string_view name, bool otherwise) { return o.has(name) ? o.is_true(name) : otherwise; };
  c.consumeEnable = flag("s", true);
  // QUIRK: these two become false unless they are named again.
  c.consumeFromMinEnable = flag("m", false);
  c.consumeBroadcastEnable = flag("d", false);
  c.consumeMessageOrderly = flag("o", false);
  c.notifyConsumerIdsChangedEnable = flag("a", true);
  MQ_TRY(c.retryQueueNums, o.int32("q", 1));
  MQ_TRY(c.retryMaxTimes, o.int32("r", 16));
  MQ_TRY(c.brokerId, o.number("i", 0));
  MQ_TRY(c.whichBrokerWhenConsumeSlowly, o.number("w", 1));
  c.groupRetryPolicy = Json::object().add("type", "CUSTOMIZED");
  if (const auto policy = o.find("p")) {
    MQ_TRY(c.groupRetryPolicy, parse_json(*policy));
  }
  MQ_TRY(c.attributes, parse_attributes(o.get("attributes")));
  return c;
}

Result<> put_group(Session& s, const std::string& addr, const SubscriptionGroupConfig& c) {
  MQ_TRY_VOID(s.ask_plain<RequestCode::UPDATE_AND_CREATE_SUBSCRIPTIONGROUP>(addr, {}, to_text(to_json(c))));
  s.print("create subscription group to {} success.\n", addr);
  return {};
}

Result<> update_group(Session& s, const Options& o) {
  MQ_TRY(const SubscriptionGroupConfig config, group_of(o));
  MQ_TRY_VOID(change_each(s, o, [&](const std::string& addr) { return put_group(s, addr, config); }));
  s.write(config.to_text());
  return {};
}

/// The retry or dead letter topic of a deleted group, on every broker and NameServer, without a word.
Result<> delete_topic_quietly(Session& s, const std::string& cluster, const std::string& topic) {
  MQ_TRY(const auto brokers, s.all_brokers(cluster));
  for (const std::string& addr : brokers) MQ_TRY_VOID(s.ask_plain<RequestCode::DELETE_TOPIC_IN_BROKER>(addr, {topic}));
  for (const std::string& ns : s.namesrvs()) MQ_TRY_VOID(s.ask_plain<RequestCode::DELETE_TOPIC_IN_NAMESRV>(ns, {topic, {}}));
  return {};
}

Result<> delete_group(Session& s, const Options& o) {
  const std::string group = o.get("g");
  const wire::DeleteGroupHeader header{.groupName = group, .cleanOffset = o.is_true("r"), .removeOffset = o.is_true("r")};
  if (const auto addr = o.find("b")) {
    MQ_TRY_VOID(s.ask_plain<RequestCode::DELETE_SUBSCRIPTIONGROUP>(*addr, header));
    s.print("delete subscription group [{}] from broker [{}] success.\n", group, *addr);
    return {};
  }
  const std::string cluster = o.get("c");
  MQ_TRY(const auto masters, s.masters(cluster));
  for (const std::string& addr : masters) {
    MQ_TRY_VOID(s.ask_plain<RequestCode::DELETE_SUBSCRIPTIONGROUP>(addr, header));
    s.print("delete subscription group [{}] from broker [{}] in cluster [{}] success.\n", group, addr, cluster);
  }
  for (const char* prefix : {"%RETRY%", "%DLQ%"}) {
    if (const auto r = delete_topic_quietly(s, cluster, prefix + group); !r) s.complain(r.error());
  }
  return {};
}

void print_group(Session& s, const std::string& cluster, const std::string& broker, const SubscriptionGroupConfig& c) {
  s.record(Json::object().add("cluster", cluster).add("brokerName", broker).add("config", to_json(c)));
  s.print("============================={}:{}=============================\n", cluster, broker);
  const auto field = [&](std::string_view name, const auto& value) { s.write(fmt::format("{}=  {}\n", pad(name, 40), value)); };
  field("groupName", c.groupName);
  field("consumeEnable", c.consumeEnable);
  field("consumeFromMinEnable", c.consumeFromMinEnable);
  field("consumeBroadcastEnable", c.consumeBroadcastEnable);
  field("consumeMessageOrderly", c.consumeMessageOrderly);
  field("retryQueueNums", c.retryQueueNums);
  field("retryMaxTimes", c.retryMaxTimes);
  field("groupRetryPolicy", wire::retry_policy_text(c.groupRetryPolicy));
  field("brokerId", c.brokerId);
  field("whichBrokerWhenConsumeSlowly", c.whichBrokerWhenConsumeSlowly);
  field("notifyConsumerIdsChangedEnable", c.notifyConsumerIdsChangedEnable);
  field("groupSysFlag", c.groupSysFlag);
  field("consumeTimeoutMinute", c.consumeTimeoutMinute);
  field("subscriptionDataSet", c.subscriptionDataSet.is_null() ? "" : to_text(c.subscriptionDataSet));
  field("attributes", wire::attributes_text(c.attributes));
}

Result<> group_config(Session& s, const Options& o) {
  MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
  for (const auto& [name, broker] : info.brokerAddrTable) {
    const std::string addr = Session::address_of(broker);
    if (addr.empty()) continue;
    MQ_TRY(const auto r, s.ask<RequestCode::GET_ALL_SUBSCRIPTIONGROUP_CONFIG>(addr));
    MQ_TRY(const Json body, parse_json(r.body));
    const wire::SubscriptionGroupTable groups = wire::group_table_from(body);
    const auto group = groups.subscriptionGroupTable.find(o.get("g"));
    if (group != groups.subscriptionGroupTable.end()) print_group(s, broker.cluster, name, group->second);
  }
  return {};
}

// --- connections ------------------------------------------------------------------------------------------------------------

Json to_record(const wire::ClientConnection& c) {
  return Json::object().add("clientId", c.clientId).add("clientAddr", c.clientAddr).add("language", c.language).add("version", wire::version_name(c.version));
}

Result<> consumer_connection(Session& s, const Options& o) {
  MQ_TRY(const wire::ConsumerConnection c, connection_of(s, o.get("g"), o.find("b")));
  s.print("{:<36} {:<22} {:<10} {}\n", "#ClientId", "#ClientAddr", "#Language", "#Version");
  for (const wire::ClientConnection& one : c.connectionSet) {
    s.record(to_record(one));
    s.write(fmt::format("{} {} {} {}\n", pad(one.clientId, 36), pad(one.clientAddr, 22), pad(one.language, 10), wire::version_name(one.version)));
  }
  s.write("\nBelow is subscription:\n");
  s.print("{:<20} {}\n", "#Topic", "#SubExpression");
  for (const auto& [topic, subscription] : c.subscriptionTable) s.write(fmt::format("{} {}\n", pad(topic, 20), subscription.subString));
  s.print("\nConsumeType: {}\nMessageModel: {}\nConsumeFromWhere: {}\n", c.consumeType, c.messageModel, c.consumeFromWhere);
  if (!c.subscriptionsDiffer.empty()) {
    s.add_to_record("subscriptionsDiffer", c.subscriptionsDiffer);
    fmt::print(stderr, "WARN: the consumers of group {} subscribe differently: {}\n", o.get("g"), c.subscriptionsDiffer);
  }
  return {};
}

Result<> producer_connection(Session& s, const Options& o) {
  MQ_TRY(const auto route, s.route(o.get("t")));
  const auto brokers = Session::brokers_of(route);
  if (brokers.empty()) return client_failure("Not found the producer group connection");
  MQ_TRY(const auto r, s.ask<RequestCode::GET_PRODUCER_CONNECTION_LIST>(brokers.front().second, {o.get("g")}));
  MQ_TRY(const auto connections, wire::producer_connection_from(r.body));
  if (connections.empty()) return client_failure("Not found the producer group connection");
  int i = 1;
  for (const wire::ClientConnection& one : connections) {
    s.record(to_record(one));
    s.write(fmt::format("{:04}  {} {} {} {}\n", i++, pad(one.clientId, 32), pad(one.clientAddr, 22), pad(one.language, 8), wire::version_name(one.version)));
  }
  return {};
}

Result<> producers(Session& s, const Options& o) {
  MQ_TRY(const auto r, s.ask<RequestCode::GET_ALL_PRODUCER_INFO>(o.get("b")));
  MQ_TRY(const Json body, parse_json(r.body));
  for (const auto& [group, instances] : body["data"].members()) {
    const std::string name = group.as_string();
    if (instances.items().empty()) s.print("producer group ({}) instances are empty\n", name);
    for (const Json& i : instances.items()) {
      s.record(Json::object().add("group", name).add("instance", i));
      s.print("producer group ({}) instance : clientId={},remoteIP={}, language={}, version={}, lastUpdateTimestamp={}\n", name,
              i["clientId"].as_string(), i["remoteIP"].as_string(), i["language"].as_string(), i["version"].as_int(),
              i["lastUpdateTimestamp"].as_int());
    }
  }
  return {};
}

// --- progress ---------------------------------------------------------------------------------------------------------------

/// The ip of the client that has each queue, as the clients say.
std::map<wire::MessageQueue, std::string> owners(Session& s, const std::string& group) {
  std::map<wire::MessageQueue, std::string> found;
  const auto connection = connection_of(s, group);
  if (!connection) return found;
  for (const wire::ClientConnection& c : connection->connectionSet) {
    const auto info = running_info_of(s, group, c.clientId, false);
    const auto body = info ? parse_json(*info) : Result<Json>(std::unexpected(info.error()));
    if (!body) continue;
    for (const auto& [key, value] : (*body)["mqTable"].members()) found[wire::message_queue_from(key)] = c.clientId.substr(0, c.clientId.find('@'));
  }
  return found;
}

std::string time_or_na(int64_t ms) { return ms == 0 ? "N/A" : date_seconds(ms); }

Result<> progress_of(Session& s, const Options& o) {
  const std::string group = o.get("g");
  const bool show_ip = o.is_true("s");
  MQ_TRY(const wire::ConsumeStats stats, consume_stats_of(s, group, o.get("t")));
  const auto who = show_ip ? owners(s, group) : std::map<wire::MessageQueue, std::string>{};
  const auto row = [&](const std::string& topic, const std::string& broker, const auto& queue, const auto& at, const auto& consumed, const std::string& ip) {
    s.write(fmt::format("{}  {}  {:<4}  {:<20}  {:<20}  {}", pad(topic, 64), pad(broker, 32), queue, at, consumed, show_ip ? pad(ip, 20) + " " : ""));
  };
  row("#Topic", "#Broker Name", "#QID", "#Broker Offset", "#Consumer Offset", "#Client IP");
  s.print("{:<20} {:<20}{}\n", "#Diff", "#Inflight", "#LastTime");   // QUIRK: no blank before the last heading
  int64_t diffs = 0, inflights = 0;
  for (const auto& [queue, offsets] : stats.offsetTable) {
    const int64_t diff = offsets.brokerOffset - offsets.consumerOffset, inflight = offsets.pullOffset - offsets.consumerOffset;
    diffs += diff;
    inflights += inflight;
    const auto ip = who.find(queue);
    Json found = Json::object();
    found.add("topic", queue.topic).add("brokerName", queue.brokerName).add("queueId", int64_t{queue.queueId}).add("brokerOffset", offsets.brokerOffset);
    found.add("consumerOffset", offsets.consumerOffset).add("diff", diff).add("inflight", inflight).add("lastTimestamp", offsets.lastTimestamp);
    if (ip != who.end()) found.add("clientIp", ip->second);
    s.record(std::move(found));
    row(cut(queue.topic, 64), cut(queue.brokerName, 32), queue.queueId, offsets.brokerOffset, offsets.consumerOffset, ip == who.end() ? "N/A" : ip->second);
    s.print("{:<20} {:<20} {}\n", diff, inflight, time_or_na(offsets.lastTimestamp));
  }
  s.print("\nConsume TPS: {}\nConsume Diff Total: {}\nConsume Inflight Total: {}\n", fixed(stats.consumeTps, 2), diffs, inflights);
  return {};
}

void print_group_row(Session& s, const std::string& group) {
  const auto stats = consume_stats_of(s, group, "");
  const auto connection = connection_of(s, group);
  int64_t diff = 0;
  if (stats) for (const auto& [queue, offsets] : stats->offsetTable) diff += offsets.brokerOffset - offsets.consumerOffset;
  std::string type, model;
  if (connection) {
    type = connection->consumeType == "CONSUME_ACTIVELY" ? "PULL" : "PUSH";
    if (type == "PUSH") model = connection->messageModel;
  }
  s.record(Json::object()
               .add("group", group)
               .add("count", static_cast<int64_t>(connection ? connection->connectionSet.size() : 0))
               .add("version", connection ? wire::version_name(oldest_version(connection->connectionSet)) : "OFFLINE")
               .add("type", type)
               .add("model", model)
               .add("tps", stats ? stats->consumeTps : 0)
               .add("diff", diff));
  s.write(fmt::format("{}  {:<6}  {:<24} {:<5}  {:<14}  {:<7}  {}\n", pad(cut(group, 64), 64), connection ? connection->connectionSet.size() : 0,
                      connection ? wire::version_name(oldest_version(connection->connectionSet)) : "OFFLINE", type, model,
                      stats ? static_cast<int64_t>(stats->consumeTps) : 0, diff));
}

Result<> consumer_progress(Session& s, const Options& o) {
  if (o.has("g")) return progress_of(s, o);
  MQ_TRY(auto topics, s.topics());
  s.print("{:<64}  {:<6}  {:<24} {:<5}  {:<14}  {:<7}  {}\n", "#Group", "#Count", "#Version", "#Type", "#Model", "#TPS", "#Diff Total");
  hash_order(topics, [](const std::string& t) { return std::string_view(t); });
  for (const std::string& topic : topics) if (topic.starts_with("%RETRY%")) print_group_row(s, topic.substr(7));
  return {};
}

Result<> broker_consume_stats(Session& s, const Options& o) {
  MQ_TRY(const int64_t timeout, o.number("t", 50'000));
  MQ_TRY(const int64_t least, o.number("l", 0));
  MQ_TRY(const auto r, s.ask_plain<RequestCode::GET_BROKER_CONSUME_STATS>(o.get("b"), {o.is_true("o")}, {}, timeout));
  MQ_TRY(const Json body, parse_json(r.body));
  constexpr auto kRow = "{}  {}  {}  {:<4}  {:<20}  {:<20}  {:<20}  {}\n";
  s.write(fmt::format(kRow, pad("#Topic", 64), pad("#Group", 64), pad("#Broker Name", 32), "#QID", "#Broker Offset", "#Consumer Offset", "#Diff", "#LastTime"));
  int64_t total = 0;
  for (const Json& groups : body["consumeStatsList"].items()) {
    for (const auto& [group, list] : groups.members()) {
      for (const Json& one : list.items()) {
        MQ_TRY(const auto stats, wire::consume_stats_from(to_text(one)));
        for (const auto& [queue, offsets] : stats.offsetTable) {
          const int64_t diff = offsets.brokerOffset - offsets.consumerOffset;
          total += diff;   // QUIRK: also of the rows that are hidden
          if (diff < least || offsets.lastTimestamp <= 0) continue;
          s.record(Json::object()
                       .add("topic", queue.topic)
                       .add("group", group.as_string())
                       .add("brokerName", queue.brokerName)
                       .add("queueId", int64_t{queue.queueId})
                       .add("brokerOffset", offsets.brokerOffset)
                       .add("consumerOffset", offsets.consumerOffset)
                       .add("diff", diff)
                       .add("lastTimestamp", offsets.lastTimestamp));
          s.write(fmt::format(kRow, pad(cut(queue.topic, 64), 64), pad(group.as_string(), 64), pad(cut(queue.brokerName, 32), 32), queue.queueId,
                              offsets.brokerOffset, offsets.consumerOffset, diff, date_seconds(offsets.lastTimestamp)));
        }
      }
    }
  }
  s.print("\nDiff Total: {}\n", total);
  return {};
}

}  // namespace

void add_consumer_commands(std::vector<Command>& to) {
  const OptionSpec group{"g", "groupName", true, true, "subscription group name"};
  const OptionSpec broker{"b", "brokerAddr", true, false, "broker address"}, cluster{"c", "clusterName", true, false, "cluster name"};
  to.push_back({"updateSubGroup", "UpdateSubGroupSubCommand", "Update or create subscription group.",
                {broker, cluster, group, {"s", "consumeEnable", true, false, "consumption allowed, default true"},
                 {"m", "consumeFromMinEnable", true, false, "from min offset"}, {"d", "consumeBroadcastEnable", true, false, "broadcast"},
                 {"o", "consumeMessageOrderly", true, false, "consume message orderly"}, {"q", "retryQueueNums", true, false, "retry queue nums"},
                 {"r", "retryMaxTimes", true, false, "retry max times"}, {"p", "groupRetryPolicy", true, false, "the json string of retry policy"},
                 {"i", "brokerId", true, false, "consumer from which broker id"},
                 {"w", "whichBrokerWhenConsumeSlowly", true, false, "which broker id when consume slowly"},
                 {"a", "notifyConsumerIdsChanged", true, false, "notify consumerId changed"},
                 {"", "attributes", true, false, "attribute(+a=b,+c=d,-e)"}},
                update_group, "bc"});
  to.push_back({"deleteSubGroup", "DeleteSubscriptionGroupCommand", "Delete subscription group from broker.",
                {broker, cluster, group, {"r", "removeOffset", true, false, "remove offset"}}, delete_group, "bc"});
  to.push_back({"getConsumerConfig", "GetConsumerConfigSubCommand", "Get consumer config by subscription group name.", {group}, group_config, {}, extra::kJson});
  to.push_back({"consumerConnection", "ConsumerConnectionSubCommand", "Query consumer's socket connection, client version and subscription.",
                {{"g", "consumerGroup", true, true, "consumer group name"}, {"b", "brokerAddr", true, false, "broker address"}}, consumer_connection, {}, extra::kJson});
  to.push_back({"producerConnection", "ProducerConnectionSubCommand", "Query producer's socket connection and client version.",
                {{"g", "producerGroup", true, true, "producer group name"}, {"t", "topic", true, true, "topic name"}}, producer_connection, {}, extra::kJson});
  to.push_back({"producer", "ProducerSubCommand", "Query producer's instances, connection, status, etc.",
                {{"b", "broker", true, true, "broker address"}}, producers, {}, extra::kJson});
  to.push_back({"consumerProgress", "ConsumerProgressSubCommand", "Query consumer's progress, speed.",
                {{"g", "groupName", true, false, "consumer group name"}, {"t", "topicName", true, false, "topic name"},
                 {"s", "showClientIP", true, false, "Show Client IP per Queue"}, {"c", "cluster", true, false, "Cluster name or lmq parent topic"}},
                consumer_progress, {}, extra::kWatch | extra::kJson});
  to.push_back({"brokerConsumeStats", "BrokerConsumeStatsSubCommad", "Fetch broker consume stats data.",
                {{"b", "brokerAddr", true, true, "Broker address"}, {"t", "timeoutMillis", true, false, "request timeout Millis"},
                 {"l", "level", true, false, "threshold of print diff"}, {"o", "order", true, false, "order topic"}},
                broker_consume_stats, {}, extra::kJson});
}

}  // namespace mq::admin
