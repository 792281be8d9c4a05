// consumerStatus, statsAll. Source: spec mqadmin 5.5, 6.8.
#include <fmt/format.h>

#include <algorithm>

#include "admin/command.h"
#include "admin/consumer_look_ups.h"
#include "admin/java_text.h"
#include "admin/running_info_text.h"
#include "admin/runtime_info.h"
#include "msg/names.h"
#include "wire/frame.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

/// FOLDER/CLIENT below the current directory. The client chose its name: it does not leave the folder.
Result<std::string> write_info(Session& s, int64_t folder, std::string client_id, std::string_view text) {
  std::replace(client_id.begin(), client_id.end(), '/', '_');
  const std::string path = fmt::format("{}/{}", folder, client_id);
  MQ_TRY_VOID(s.env().fs().make_dirs(std::to_string(folder)));
  MQ_TRY_VOID(env::replace_file(s.env().fs(), path, text, false));
  return path;
}

Result<> consumer_status(Session& s, const Options& o) {
  const std::string group = o.get("g");
  MQ_TRY(const wire::ConsumerConnection connection, connection_of(s, group, o.find("b")));
  const auto info_of = [&](const std::string& client) -> Result<Json> {
    MQ_TRY(const std::string body, running_info_of(s, group, client, o.has("s")));
    return parse_json(body);
  };
  if (const auto client = o.find("i")) {
    MQ_TRY(const Json info, info_of(*client));
    s.record(Json::object().add("clientId", *client).add("info", info));
    s.write(running_info_text(info));
    return {};
  }
  const int64_t now = s.env().clock().now_ms();
  std::map<std::string, Json> clients;
  const auto row = [&](std::string_view a, std::string_view b, std::string_view c, std::string_view d) {
    s.write(fmt::format("{} {} {} {}\n", pad(a, 10), pad(b, 40), pad(c, 20), d));
  };
  row("#Index", "#ClientId", "#Version", "#ConsumerRunningInfoFile");
  for (const wire::ClientConnection& c : connection.connectionSet) {
    auto info = info_of(c.clientId);
    auto file = info ? write_info(s, now, c.clientId, running_info_text(*info)) : Result<std::string>(std::unexpected(info.error()));
    if (!file) {
      s.complain(file.error());
      continue;
    }
    s.record(Json::object().add("clientId", c.clientId).add("version", wire::version_name(c.version)).add("file", *file).add("info", *info));
    clients[c.clientId] = std::move(*info);
    row(std::to_string(clients.size()), c.clientId, wire::version_name(c.version), *file);
  }
  if (clients.empty()) return {};
  if (!same_subscriptions(clients, now)) {
    s.write("\n\nWARN: Different subscription in the same group of consumer!!!");
    return {};
  }
  s.write("\n\nSame subscription in the same group of consumer\n\nRebalance OK\n");
  for (const auto& [client, info] : clients) s.write(queue_complaints(client, info, now));
  return {};
}

// --- statsAll ---------------------------------------------------------------------------------------------------------------

/// Summed over the masters that have counted something for the key.
Counted counted_by(Session& s, const std::vector<std::string>& masters, const std::string& stats, const std::string& key) {
  Counted sum;
  for (const std::string& addr : masters) {
    const Counted one = counted(s, addr, stats, key);
    sum.tps += one.tps;
    sum.day += one.day;
  }
  return sum;
}

std::string stats_row(const std::string& topic, const std::string& group, std::string_view behind, std::string_view in_tps, std::string_view out_tps,
                      std::string_view in_day, std::string_view out_day) {
  return fmt::format("{}  {} {} {} {} {} {}\n", pad(cut(topic, 64), 64), pad(cut(group, 64), 64), pad_left(behind, 12), pad_left(in_tps, 11),
                     pad_left(out_tps, 11), pad_left(in_day, 14), pad_left(out_day, 14));
}

Json stats_record(const std::string& topic, const std::string& group, int64_t behind, const Counted& in, const Counted& out) {
  return Json::object()
      .add("topic", topic)
      .add("group", group)
      .add("accumulation", behind)
      .add("inTps", in.tps)
      .add("outTps", out.tps)
      .add("inMsg24Hour", in.day)
      .add("outMsg24Hour", out.day);
}

Result<> print_topic_stats(Session& s, const std::string& topic, bool only_active) {
  MQ_TRY(const auto route, s.route(topic));
  MQ_TRY(auto groups, consumers_of(s, topic, route));
  std::vector<std::string> masters;
  for (const wire::BrokerData& b : route.brokerDatas) if (b.brokerAddrs.contains(0)) masters.push_back(b.brokerAddrs.at(0));
  const Counted in = counted_by(s, masters, "TOPIC_PUT_NUMS", topic);
  hash_order(groups, [](const std::string& g) { return std::string_view(g); });
  for (const std::string& group : groups) {
    const Counted out = counted_by(s, masters, "GROUP_GET_NUMS", topic + "@" + group);
    int64_t behind = 0;
    if (const auto stats = consume_stats_of(s, group, topic)) {
      for (const auto& [q, w] : stats->offsetTable) behind += w.brokerOffset - w.consumerOffset;
    }
    if (only_active && in.day <= 0 && out.day <= 0) continue;
    s.record(stats_record(topic, group, std::max<int64_t>(behind, 0), in, out));
    s.write(stats_row(topic, group, std::to_string(std::max<int64_t>(behind, 0)), fixed(in.tps, 2), fixed(out.tps, 2), std::to_string(in.day),
                      std::to_string(out.day)));
  }
  if (groups.empty() && (!only_active || in.day > 0)) {
    s.record(stats_record(topic, "", 0, in, {}));
    s.write(stats_row(topic, "", "0", fixed(in.tps, 2), "", std::to_string(in.day), "NO_CONSUMER"));
  }
  return {};
}

/// QUIRK: a topic that cannot be looked at is left out without a word.
Result<> stats_all(Session& s, const Options& o) {
  MQ_TRY(const auto topics, s.topics());
  s.write(stats_row("#Topic", "#Consumer Group", "#Accumulation", "#InTPS", "#OutTPS", "#InMsg24Hour", "#OutMsg24Hour"));
  for (const std::string& topic : topics) {
    if (is_retry_topic(topic) || is_dlq_topic(topic)) continue;
    if (const std::string only = o.get("t"); !only.empty() && only != topic) continue;
    (void)print_topic_stats(s, topic, o.has("a"));
  }
  return {};
}

}  // namespace

void add_status_commands(std::vector<Command>& to) {
  to.push_back({"consumerStatus", "ConsumerStatusSubCommand", "Query consumer's internal data structure.",
                {{"g", "consumerGroup", true, true, "consumer group name"},
                 {"i", "clientId", true, false, "The consumer's client id"},
                 {"b", "brokerAddr", true, false, "broker address"},
                 {"s", "jstack", false, false, "Run jstack command in the consumer progress"}},
                consumer_status, {}, extra::kJson});
  to.push_back({"statsAll", "StatsAllSubCommand", "Topic and Consumer tps stats.",
                {{"a", "activeTopic", false, false, "print active topic only"}, {"t", "topic", true, false, "print select topic only"}},
                stats_all, {}, extra::kJson});
}

}  // namespace mq::admin
