// exportMetadata, exportConfigs, exportMetrics. Source: spec mqadmin 8.4.
#include <fmt/format.h>

#include <algorithm>

#include "admin/command.h"
#include "admin/consumer_look_ups.h"
#include "admin/java_text.h"
#include "admin/runtime_info.h"
#include "admin/topic_writes.h"
#include "msg/hash_order.h"
#include "msg/names.h"
#include "wire/frame.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

constexpr std::string_view kFolder = "/tmp/rocketmq/export";
constexpr int64_t kTimeoutMs = 10'000;

/// FOLDER/NAME, the folder made when missing; told on stdout.
Result<> write_export(Session& s, const Options& o, std::string_view name, const Json& content, std::string_view end) {
  const std::string folder = o.get("f", kFolder);
  const std::string path = fmt::format("{}/{}", folder, name);
  MQ_TRY_VOID(s.env().fs().make_dirs(folder));
  MQ_TRY_VOID(env::replace_file(s.env().fs(), path, to_text(content, {.pretty = true}), false));
  s.record(Json::object().add("file", path).add("content", content));
  s.print("export {} success{}", path, end);
  return {};
}

// --- metadata ---------------------------------------------------------------------------------------------------------------

template <class Config>
using Entries = std::vector<std::pair<std::string, Config>>;   // in the order of the map that Java would hold them in

/// A table without what every broker has of its own.
template <class Config>
struct UserTable {
  wire::DataVersion version;
  Entries<Config> entries;
};
using UserTopics = UserTable<wire::TopicConfig>;
using UserGroups = UserTable<wire::SubscriptionGroupConfig>;

template <class Config, class Drop>
UserTable<Config> user_table(const wire::DataVersion& version, std::map<std::string, Config> table, Drop drop) {
  UserTable<Config> user{version, {std::make_move_iterator(table.begin()), std::make_move_iterator(table.end())}};
  hash_order(user.entries, [](const auto& e) { return std::string_view(e.first); });
  std::erase_if(user.entries, drop);   // the map keeps its order
  return user;
}

Result<UserTopics> topics_of(Session& s, const std::string& addr, bool with_retry_topics) {
  MQ_TRY(const auto r, s.ask<RequestCode::GET_ALL_TOPIC_CONFIG>(addr, {}, {}, kTimeoutMs));
  MQ_TRY(const Json body, parse_json(r.body));
  MQ_TRY(const auto system, s.ask_plain<RequestCode::GET_SYSTEM_TOPIC_LIST_FROM_BROKER>(addr, {}, {}, kTimeoutMs));
  MQ_TRY(const auto own, wire::topic_list_from(system.body));
  auto table = wire::topic_config_table_from(body);
  return user_table(table.dataVersion, std::move(table.topicConfigTable), [&](const auto& entry) {
    const auto& [name, config] = entry;
    return is_system_topic(name) || std::find(own.topicList.begin(), own.topicList.end(), name) != own.topicList.end() ||
           (!with_retry_topics && (is_retry_topic(name) || is_dlq_topic(name))) || !is_valid_perm(config.perm);
  });
}

Result<UserGroups> groups_of(Session& s, const std::string& addr) {
  MQ_TRY(const auto r, s.ask<RequestCode::GET_ALL_SUBSCRIPTIONGROUP_CONFIG>(addr, {}, {}, kTimeoutMs));
  MQ_TRY(const Json body, parse_json(r.body));
  auto table = wire::group_table_from(body);
  return user_table(table.dataVersion, std::move(table.subscriptionGroupTable), [](const auto& entry) { return is_predefined_group(entry.first); });
}

template <class Config>
Json to_json(const Entries<Config>& entries) {
  Json object = Json::object();
  for (const auto& [name, config] : entries) object.add(name, to_json(config));
  return object;
}
template <class Config>
Json to_json(const UserTable<Config>& t, std::string_view member) {
  return Json::object().add("dataVersion", to_json(t.version)).add(std::string(member), to_json(t.entries));
}

/// QUIRK: without -t and -g nothing is written.
Result<> export_broker(Session& s, const Options& o, const std::string& addr) {
  if (o.has("t")) {
    MQ_TRY(const UserTopics topics, topics_of(s, addr, o.has("s")));
    return write_export(s, o, "topic.json", to_json(topics, "topicConfigTable"), "");
  }
  if (!o.has("g")) return {};
  MQ_TRY(const UserGroups groups, groups_of(s, addr));
  return write_export(s, o, "subscriptionGroup.json", to_json(groups, "subscriptionGroupTable"), "");
}

/// Adds the entries of one more broker; `sum` puts what an earlier one of the same name counts into the new one.
template <class Config, class Sum>
void merge(Entries<Config>& all, Entries<Config> more, Sum sum) {
  for (auto& [name, config] : more) {
    const auto earlier = std::find_if(all.begin(), all.end(), [&](const auto& e) { return e.first == name; });
    if (earlier == all.end()) {
      all.emplace_back(name, std::move(config));
    } else {
      sum(config, earlier->second);
      earlier->second = std::move(config);
    }
  }
}

/// The numbers of queues of one name are added up over the masters; the rest is that of the last one.
Result<> export_metadata(Session& s, const Options& o) {
  if (const auto addr = o.find("b")) return export_broker(s, o, *addr);
  MQ_TRY(const auto masters, s.masters(o.get("c")));
  Entries<wire::TopicConfig> topics;
  Entries<wire::SubscriptionGroupConfig> groups;
  for (const std::string& addr : masters) {
    MQ_TRY(UserTopics here, topics_of(s, addr, o.has("s")));
    merge(topics, std::move(here.entries), [](auto& config, const auto& earlier) {
      config.readQueueNums += earlier.readQueueNums;
      config.writeQueueNums += earlier.writeQueueNums;
    });
    MQ_TRY(UserGroups there, groups_of(s, addr));
    merge(groups, std::move(there.entries), [](auto& config, const auto& earlier) { config.retryQueueNums += earlier.retryQueueNums; });
  }
  Json all = Json::object();
  if (!o.has("g") || o.has("t")) all.add("topicConfigTable", to_json(topics));
  if (!o.has("t")) all.add("subscriptionGroupTable", to_json(groups));
  all.add("exportTime", s.env().clock().now_ms());
  const std::string_view name = o.has("t") ? "topic.json" : o.has("g") ? "subscriptionGroup.json" : "metadata.json";
  return write_export(s, o, name, in_hash_order(std::move(all), 2), "\n");
}

// --- configuration --------------------------------------------------------------------------------------------------------------

/// In the order in which java.util.Properties keeps them.
constexpr std::string_view kConfigKeys[] = {
    "brokerId", "traceOn", "flushDiskType", "msgTraceTopicName", "traceTopicEnable", "messageDelayLevel", "autoCreateTopicEnable", "brokerRole",
    "slaveReadEnable", "fileReservedTime", "brokerClusterName", "brokerName", "maxMessageSize", "useTLS", "autoCreateSubscriptionGroup",
    "filterServerNums"};

Result<> export_configs(Session& s, const Options& o) {
  MQ_TRY(const auto brokers, s.brokers_in(o.get("c")));
  Json configs = Json::object();
  int64_t masters = 0, slaves = 0;
  for (const wire::BrokerData& b : brokers) {
    if (!b.brokerAddrs.contains(0)) continue;
    ++masters;
    slaves += static_cast<int64_t>(b.brokerAddrs.size()) - 1;
    MQ_TRY(const auto config, broker_config(s, b.brokerAddrs.at(0)));
    Json chosen = Json::object();
    for (const std::string_view key : kConfigKeys) {
      if (const auto line = config.find(key); line != config.end()) chosen.add(line->first, line->second);
    }
    const std::string name = chosen["brokerName"].as_string("null");
    configs.add(name, std::move(chosen));
  }
  Json scale = Json::object();
  scale.add("namesrvSize", static_cast<int64_t>(s.namesrvs().size())).add("masterBrokerSize", masters).add("slaveBrokerSize", slaves);
  return write_export(s, o, "configs.json", in_hash_order(Json::object().add("brokerConfigs", std::move(configs)).add("clusterScale", std::move(scale))), "");
}

// --- metrics ------------------------------------------------------------------------------------------------------------------

struct Load {
  double in_tps = 0, out_tps = 0, half_tps = 0, delayed_tps = 0;
  int64_t in_day = 0, out_day = 0, half_day = 0, delayed_day = 0;
  void add(const Load& o) {
    in_tps += o.in_tps, out_tps += o.out_tps, half_tps += o.half_tps, delayed_tps += o.delayed_tps;
    in_day += o.in_day, out_day += o.out_day, half_day += o.half_day, delayed_day += o.delayed_day;
  }
  /// `total`: with names of sums.
  Json tps_json(bool total) const {
    const auto name = [&](std::string_view rest) {
      std::string text(rest);
      if (total) text = "total" + std::string(1, static_cast<char>(text[0] - 'a' + 'A')) + text.substr(1);
      return text;
    };
    return Json::object().add(name("normalInTps"), in_tps).add(name("normalOutTps"), out_tps).add(name("transInTps"), half_tps).add(name("scheduleInTps"), delayed_tps);
  }
  Json day_json() const {
    return Json::object()
        .add("normalOneDayInNum", in_day)
        .add("normalOneDayOutNum", out_day)
        .add("transOneDayInNum", half_day)
        .add("scheduleOneDayInNum", delayed_day);
  }
};

Load load_of(Session& s, const std::string& addr, const RuntimeInfo& info) {
  Load load;
  load.in_tps = info.first("putTps");
  load.out_tps = info.first("getTransferredTps");
  load.in_day = info.integer("msgPutTotalTodayMorning") - info.integer("msgPutTotalYesterdayMorning");
  load.out_day = info.integer("msgGetTotalTodayMorning") - info.integer("msgGetTotalYesterdayMorning");
  const Counted half = counted(s, addr, "TOPIC_PUT_NUMS", std::string(kHalfTopic)), delayed = counted(s, addr, "TOPIC_PUT_NUMS", std::string(kScheduleTopic));
  load.half_tps = half.tps, load.half_day = half.day;
  load.delayed_tps = delayed.tps, load.delayed_day = delayed.day;
  return load;
}

/// "JAVA%V5_3_3" for each kind of client that is connected.
Json client_kinds(Session& s, const UserGroups& groups) {
  std::set<std::string> kinds;
  for (const auto& [name, config] : groups.entries) {
    const auto connection = connection_of(s, name);
    if (!connection) continue;
    for (const wire::ClientConnection& c : connection->connectionSet) kinds.insert(fmt::format("{}%{}", c.language, wire::version_name(c.version)));
  }
  Json list = Json::array();
  for (const std::string& k : kinds) list.push(k);
  return list;
}

/// A text, or null when the broker does not tell it; null members are not written.
Json or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Result<Json> broker_report(Session& s, const std::string& addr, Load& total) {
  MQ_TRY(const RuntimeInfo info, RuntimeInfo::of(s, addr));
  MQ_TRY(const auto config, broker_config(s, addr));
  const auto threads = config.find("clientCallbackExecutorThreads");
  MQ_TRY(const UserGroups groups, groups_of(s, addr));
  MQ_TRY(const UserTopics topics, topics_of(s, addr, false));
  const Load load = load_of(s, addr, info);
  total.add(load);
  Json quota = Json::object();
  quota.add("diskRatio", Json::object()
                             .add("commitLogDiskRatio", or_null(info.get("commitLogDiskRatio")))
                             .add("consumeQueueDiskRatio", or_null(info.get("consumeQueueDiskRatio"))))
      .add("tps", load.tps_json(false))
      .add("oneDayNum", load.day_json())
      .add("messageAverageSize", or_null(info.get("putMessageAverageSize")))
      .add("topicSize", static_cast<int64_t>(topics.entries.size()))
      .add("groupSize", static_cast<int64_t>(groups.entries.size()));
  return Json::object()
      .add("runtimeEnv", Json::object()
                             .add("cpuNum", threads == config.end() ? Json() : Json(threads->second))
                             .add("totalMemKBytes", or_null(info.get("totalMemKBytes"))))
      .add("runtimeQuota", std::move(quota))
      .add("runtimeVersion", Json::object().add("rocketmqVersion", wire::version_name(wire::kOurVersion)).add("clientInfo", client_kinds(s, groups)));
}

Result<> export_metrics(Session& s, const Options& o) {
  MQ_TRY(const auto brokers, s.brokers_in(o.get("c")));
  Json reports = Json::object();
  Load total;
  for (const wire::BrokerData& b : brokers) {
    if (!b.brokerAddrs.contains(0)) continue;
    MQ_TRY(Json report, broker_report(s, b.brokerAddrs.at(0), total));
    reports.add(b.brokerName, std::move(report));
  }
  Json sums = Json::object().add("totalTps", total.tps_json(true)).add("totalOneDayNum", total.day_json());
  return write_export(s, o, "metrics.json", in_hash_order(Json::object().add("evaluateReport", std::move(reports)).add("totalData", std::move(sums))), "");
}

}  // namespace

void add_export_commands(std::vector<Command>& to) {
  to.push_back({"exportMetadata", "ExportMetadataCommand", "Export metadata.",
                {{"c", "clusterName", true, false, "choose a cluster to export"},
                 {"b", "brokerAddr", true, false, "choose a broker to export"},
                 {"f", "filePath", true, false, "export metadata.json path | default /tmp/rocketmq/export"},
                 {"t", "topic", false, false, "only export topic metadata"},
                 {"g", "subscriptionGroup", false, false, "only export subscriptionGroup metadata"},
                 {"s", "specialTopic", false, false, "need retryTopic and dlqTopic"}},
                export_metadata, "bc", extra::kJson});
  to.push_back({"exportConfigs", "ExportConfigsCommand", "Export configs.",
                {{"c", "clusterName", true, true, "choose a cluster to export"},
                 {"f", "filePath", true, false, "export configs.json path | default /tmp/rocketmq/export"}},
                export_configs, {}, extra::kJson});
  to.push_back({"exportMetrics", "ExportMetricsCommand", "Export metrics.",
                {{"c", "clusterName", true, true, "choose a cluster to export"},
                 {"f", "filePath", true, false, "export metrics.json path | default /tmp/rocketmq/export"}},
                export_metrics, {}, extra::kJson});
}

}  // namespace mq::admin
