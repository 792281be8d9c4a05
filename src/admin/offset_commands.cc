// resetOffsetByTime, skipAccumulatedMessage, cloneGroupOffset. Source: spec mqadmin 5.9 to 5.11.
#include <fmt/format.h>

#include "admin/command.h"
#include "admin/consumer_look_ups.h"
#include "admin/java_text.h"

namespace mq::admin {

namespace {

using wire::MessageQueue;
using wire::RequestCode;

constexpr int32_t kConsumerNotOnline = 206;

struct Reset {
  std::string group, topic, cluster;
  int64_t timestamp = 0;   // ms; -1: the end
  bool force = true;
};

/// One address of every broker that has the topic. QUIRK: of all clusters; the one that is named is only looked up for topics without a route of their own.
Result<std::vector<std::string>> brokers_of(Session& s, const Reset& reset) {
  const bool routed_by_cluster = reset.topic.starts_with("%LMQ%") || reset.topic == "rmq_sys_wheel_timer";
  MQ_TRY(const auto route, s.route(routed_by_cluster && !reset.cluster.empty() ? reset.cluster : reset.topic));
  std::vector<std::string> found;
  for (auto& [name, addr] : Session::brokers_of(route)) found.push_back(std::move(addr));
  return found;
}

/// By the brokers, which tell the consumers. nullopt: a consumer is not online.
Result<std::optional<std::map<MessageQueue, int64_t>>> reset_online(Session& s, const Reset& reset) {
  MQ_TRY(const auto brokers, brokers_of(s, reset));
  std::map<MessageQueue, int64_t> all;
  for (const std::string& addr : brokers) {
    MQ_TRY(const auto r, s.call<RequestCode::INVOKE_BROKER_TO_RESET_OFFSET>(
                             addr, {.topic = reset.topic, .group = reset.group, .timestamp = reset.timestamp, .isForce = reset.force, .queueId = -1, .offset = -1}));
    if (r.code == kConsumerNotOnline) return std::optional<std::map<MessageQueue, int64_t>>();
    if (!r.ok()) return client_failure(r.code, r.remark);
    MQ_TRY(const Json body, parse_json(r.body));
    for (const auto& [queue, offset] : body["offsetTable"].members()) all[wire::message_queue_from(queue)] = offset.as_int();
  }
  return std::optional(std::move(all));
}

struct OfflineRow {
  std::string broker;
  int32_t queue = 0;
  int64_t broker_offset = 0, consumer_offset = 0, time_offset = 0, reset_offset = 0;
};

/// One queue of a group whose consumers are not there to be told.
Result<OfflineRow> reset_queue(Session& s, const std::string& addr, const Reset& reset, const MessageQueue& queue, const wire::OffsetWrapper& now) {
  OfflineRow row{queue.brokerName, queue.queueId, now.brokerOffset, now.consumerOffset, 0, 0};
  if (reset.timestamp == -1) {
    MQ_TRY(const auto r, s.ask<RequestCode::GET_MAX_OFFSET>(addr, {queue.topic, queue.queueId}));
    row.time_offset = r.header.offset.value_or(0);
  } else {
    MQ_TRY(const auto r, s.ask<RequestCode::SEARCH_OFFSET_BY_TIMESTAMP>(addr, {queue.topic, queue.queueId, reset.timestamp, {}}));
    row.time_offset = r.header.offset.value_or(0);
  }
  row.reset_offset = now.consumerOffset;
  if (reset.force || row.time_offset <= now.consumerOffset) {
    row.reset_offset = row.time_offset;
    MQ_TRY_VOID(s.ask<RequestCode::UPDATE_CONSUMER_OFFSET>(addr, {reset.group, queue.topic, queue.queueId, row.time_offset}));
  }
  return row;
}

Result<std::vector<OfflineRow>> reset_offline(Session& s, const Reset& reset) {
  MQ_TRY(const auto brokers, brokers_of(s, reset));
  std::vector<OfflineRow> rows;
  for (const std::string& addr : brokers) {
    MQ_TRY(const auto r, s.ask<RequestCode::GET_CONSUME_STATS>(addr, {.consumerGroup = reset.group}, {}, 15'000));
    MQ_TRY(const auto stats, wire::consume_stats_from(r.body));
    std::map<MessageQueue, wire::OffsetWrapper> queues;
    for (const auto& [queue, offsets] : stats.offsetTable) if (queue.topic == reset.topic) queues.emplace(queue, offsets);
    if (queues.empty()) {   // the group never consumed here: every queue of the topic
      MQ_TRY(const auto topic, s.ask<RequestCode::GET_TOPIC_STATS_INFO>(addr, {reset.topic}));
      MQ_TRY(const auto table, wire::topic_stats_from(topic.body));
      for (const auto& [queue, offsets] : table.offsetTable) queues[queue] = {.brokerOffset = offsets.maxOffset, .consumerOffset = offsets.minOffset};
    }
    for (const auto& [queue, offsets] : queues) {
      MQ_TRY(auto row, reset_queue(s, addr, reset, queue, offsets));
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

void print_online(Session& s, const std::map<MessageQueue, int64_t>& offsets) {
  s.print("{:<40}  {:<40}  {:<40}\n", "#brokerName", "#queueId", "#offset");
  for (const auto& [queue, offset] : offsets) s.write(fmt::format("{}  {:<40}  {:<40}\n", pad(cut(queue.brokerName, 32), 40), queue.queueId, offset));
}

void print_offline(Session& s, const std::vector<OfflineRow>& rows, std::string_view last_heading) {
  constexpr auto kRow = "{:<20}  {:<20}  {:<20}  {:<20}  {:<20}  {:<20}\n";
  s.write(fmt::format(kRow, "#brokerName", "#queueId", "#brokerOffset", "#consumerOffset", "#timestampOffset", last_heading));
  for (const OfflineRow& r : rows) {
    s.write(fmt::format(kRow, cut(r.broker, 32), r.queue, r.broker_offset, r.consumer_offset, r.time_offset, r.reset_offset));
  }
}

/// "now", milliseconds or yyyy-MM-dd#HH:mm:ss:SSS. Errors: as Java's tool fails.
Result<int64_t> time_of(Session& s, const std::string& text) {
  if (text == "now") return s.env().clock().now_ms();
  return parse_time(text);
}

/// One queue, at one broker.
Result<> reset_one_queue(Session& s, const Options& o, const Reset& reset, int32_t queue, int64_t offset) {
  const std::string addr = o.get("b");
  s.print("start reset consumer offset by specified, group[{}], topic[{}], queueId[{}], broker[{}], timestamp(string)[{}], timestamp(long)[{}]\n",
          reset.group, reset.topic, queue, addr, o.get("s"), reset.timestamp);
  if (!o.has("o")) {
    MQ_TRY(const auto r, s.ask<RequestCode::SEARCH_OFFSET_BY_TIMESTAMP>(addr, {reset.topic, queue, reset.timestamp, {}}, {}, 3000));
    offset = r.header.offset.value_or(0);
  }
  s.print("reset consumer offset to {}\n", offset);
  if (offset <= 0) return {};   // QUIRK: 0 is told and not done
  MQ_TRY_VOID(s.ask<RequestCode::UPDATE_CONSUMER_OFFSET>(addr, {reset.group, reset.topic, queue, offset}));
  MQ_TRY_VOID(s.ask_plain<RequestCode::INVOKE_BROKER_TO_RESET_OFFSET>(
      addr, {.topic = reset.topic, .group = reset.group, .timestamp = 0, .isForce = true, .queueId = queue, .offset = offset}));
  return {};
}

Reset reset_from(const Options& o) {
  Reset reset{.group = o.get("g"), .topic = o.get("t"), .cluster = o.get("c")};
  if (o.has("f")) reset.force = o.is_true("f");
  return reset;
}

Result<> reset_by_time(Session& s, const Options& o) {
  Reset reset = reset_from(o);
  MQ_TRY(reset.timestamp, time_of(s, o.get("s")));
  MQ_TRY(const int32_t queue, o.int32("q", -1));
  MQ_TRY(const int64_t offset, o.number("o", -1));
  if (o.has("b") && queue >= 0) return reset_one_queue(s, o, reset, queue, offset);
  const std::string what = fmt::format("group[{}], topic[{}], force[{}], timestamp(string)[{}], timestamp(long)[{}]\n", reset.group, reset.topic,
                                       reset.force, o.get("s"), reset.timestamp);
  MQ_TRY(const auto online, reset_online(s, reset));
  if (online) {
    s.write("start reset consumer offset by specified, " + what);
    print_online(s, *online);
    return {};
  }
  MQ_TRY(const auto rows, reset_offline(s, reset));
  s.write("reset consumer offset by specified consumerG" + what.substr(1));
  print_offline(s, rows, "#resetOffset");
  return {};
}

Result<> skip_accumulated(Session& s, const Options& o) {
  Reset reset = reset_from(o);
  reset.timestamp = -1;
  MQ_TRY(const auto online, reset_online(s, reset));
  if (online) {
    print_online(s, *online);
    return {};
  }
  MQ_TRY(const auto rows, reset_offline(s, reset));
  print_offline(s, rows, "#rollbackOffset");
  return {};
}

Result<> clone_offsets(Session& s, const Options& o) {
  const std::string from = o.get("s"), to = o.get("d"), topic = o.get("t");
  MQ_TRY(const wire::ConsumeStats stats, consume_stats_of(s, from, ""));
  if (!stats.offsetTable.empty()) {
    MQ_TRY(const auto route, s.route(topic));
    for (const auto& [queue, offsets] : stats.offsetTable) {   // QUIRK: of all topics of the group
      if (offsets.consumerOffset < 0) continue;
      for (const auto& [name, addr] : Session::brokers_of(route)) {
        if (name == queue.brokerName) MQ_TRY_VOID(s.ask<RequestCode::UPDATE_CONSUMER_OFFSET>(addr, {to, queue.topic, queue.queueId, offsets.consumerOffset}));
      }
    }
  }
  s.print("clone group offset success. srcGroup[{}], destGroup=[{}], topic[{}]", from, to, topic);
  return {};
}

}  // namespace

void add_offset_commands(std::vector<Command>& to) {
  const OptionSpec group{"g", "group", true, true, "set the consumer group"}, topic{"t", "topic", true, true, "set the topic"},
      force{"f", "force", true, false, "set the force rollback by timestamp switch[true|false]"}, cluster{"c", "cluster", true, false, "Cluster name or lmq parent topic"};
  to.push_back({"resetOffsetByTime", "ResetOffsetByTimeCommand", "Reset consumer offset by timestamp(without client restart).",
                {group, topic, {"s", "timestamp", true, true, "set the timestamp[now|currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]"}, force, cluster,
                 {"b", "broker", true, false, "broker addr"}, {"q", "queue", true, false, "queue id"}, {"o", "offset", true, false, "Expect queue offset"}},
                reset_by_time});
  to.push_back({"skipAccumulatedMessage", "SkipAccumulationSubCommand", "Skip all messages that are accumulated (not consumed) currently.",
                {group, topic, force, cluster}, skip_accumulated});
  to.push_back({"cloneGroupOffset", "CloneGroupOffsetCommand", "Clone offset from other group.",
                {{"s", "srcGroup", true, true, "set source consumer group"}, {"d", "destGroup", true, true, "set destination consumer group"},
                 {"t", "topic", true, true, "set the topic"}, {"o", "offline", true, false, "the group or the topic is offline"}},
                clone_offsets});
}

}  // namespace mq::admin
