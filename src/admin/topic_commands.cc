// updateTopic, deleteTopic, topicRoute, topicStatus, topicClusterList, topicList. Source: spec mqadmin 3.
#include <fmt/format.h>

#include <algorithm>

#include "admin/command.h"
#include "admin/consumer_look_ups.h"
#include "admin/java_text.h"
#include "admin/topic_writes.h"
#include "base/split.h"
#include "msg/names.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

Result<wire::TopicConfig> config_of(const Options& o) {
  wire::TopicConfig c;
  c.topicName = o.get("t");
  MQ_TRY(c.readQueueNums, o.int32("r", 8));
  MQ_TRY(c.writeQueueNums, o.int32("w", 8));
  MQ_TRY(c.perm, o.int32("p", 6));
  c.order = o.is_true("o");
  c.topicSysFlag = (o.is_true("u") ? 1 : 0) | (o.is_true("s") ? 2 : 0);
  MQ_TRY(c.attributes, parse_attributes(o.get("a")));
  return c;
}

/// Replaces or adds this broker's "name:queues" in the stored list and stores it everywhere.
Result<> set_broker_order(Session& s, const std::string& addr, const wire::TopicConfig& c) {
  MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
  std::string name;
  for (const auto& [n, b] : info.brokerAddrTable) {
    for (const auto& [id, a] : b.brokerAddrs) if (a == addr) name = n;
  }
  if (name.empty()) return fail(Errc::kNotFound, std::string(kNoCluster));
  const std::string part = fmt::format("{}:{}", name, c.writeQueueNums);
  std::string conf;
  const auto old = s.ask_namesrv<RequestCode::GET_KV_CONFIG>({std::string(kOrderTopicNamespace), c.topicName});
  if (!old) s.complain(old.error());   // QUIRK: the first broker of a topic finds no list; that is said, and goes on
  if (old && old->header.value) {
    for (const std::string_view one : split(*old->header.value, ";")) {
      if (!one.empty() && one.substr(0, one.find(':')) != name) conf += std::string(one) + ";";
    }
  }
  MQ_TRY_VOID(put_order_conf(s, c.topicName, conf + part));
  s.print("set broker orderConf. isOrder={}, orderConf=[{}]\n", c.order, part);
  return {};
}

Result<> update_topic(Session& s, const Options& o) {
  MQ_TRY(const wire::TopicConfig config, config_of(o));
  if (const auto addr = o.find("b")) {
    MQ_TRY_VOID(create_topic(s, *addr, config));
    if (config.order) MQ_TRY_VOID(set_broker_order(s, *addr, config));
    s.print("create topic to {} success.\n", *addr);
    s.print("{}\n", config.to_text());
    return {};
  }
  const std::string cluster = o.get("c");
  MQ_TRY(const auto masters, s.masters(cluster));
  for (const std::string& addr : masters) {
    MQ_TRY_VOID(create_topic(s, addr, config));
    s.print("create topic to {} success.\n", addr);
  }
  if (config.order) {
    MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
    std::vector<std::string> names;
    if (const auto it = info.clusterAddrTable.find(cluster); it != info.clusterAddrTable.end()) names.assign(it->second.begin(), it->second.end());
    if (names.empty()) return fail(Errc::kNotFound, std::string(kNoCluster));
    hash_order(names, [](const std::string& n) { return std::string_view(n); });
    std::string conf;
    for (const std::string& n : names) conf += fmt::format("{}{}:{}", conf.empty() ? "" : ";", n, config.writeQueueNums);
    MQ_TRY_VOID(put_order_conf(s, config.topicName, conf));
    s.print("set cluster orderConf. isOrder={}, orderConf=[{}]\n", config.order, conf);
  }
  s.print("{}\n", config.to_text());
  return {};
}

Result<> delete_topic(Session& s, const Options& o) {
  const std::string topic = o.get("t"), cluster = o.get("c");
  MQ_TRY(const auto masters, s.masters(cluster));
  for (const std::string& addr : masters) {
    MQ_TRY_VOID(s.ask_plain<RequestCode::DELETE_TOPIC_IN_BROKER>(addr, {topic}));
  }
  s.print("delete topic [{}] from cluster [{}] success.\n", topic, cluster);
  for (const std::string& ns : s.namesrvs()) {
    MQ_TRY_VOID(s.ask_plain<RequestCode::DELETE_TOPIC_IN_NAMESRV>(ns, {topic, cluster}));
  }
  s.print("delete topic [{}] from NameServer success.\n", topic);
  return {};
}

/// Java's map text: {0=127.0.0.1:10911}.
std::string addrs_text(const wire::BrokerData& b) {
  std::string text = "{";
  for (const auto& [id, addr] : b.brokerAddrs) text += fmt::format("{}{}={}", text.size() > 1 ? ", " : "", id, addr);
  return text + "}";
}

void print_route_list(Session& s, const wire::TopicRouteData& route) {
  auto row = [&](const std::string& a, const std::string& b, const std::string& c, const std::string& d, const std::string& e, const std::string& f) {
    s.write(fmt::format("{} {} {} {} {} {}\n", pad(a, 45), pad(b, 32), pad(c, 50), pad(d, 10), pad(e, 11), pad(f, 5)));
  };
  row("#ClusterName", "#BrokerName", "#BrokerAddrs", "#ReadQueue", "#WriteQueue", "#Perm");
  auto queues = route.queueDatas;
  std::sort(queues.begin(), queues.end(), [](const auto& a, const auto& b) { return a.brokerName < b.brokerName; });
  int32_t read = 0, write = 0;
  for (const wire::QueueData& q : queues) {
    const auto broker = std::find_if(route.brokerDatas.begin(), route.brokerDatas.end(), [&](const auto& b) { return b.brokerName == q.brokerName; });
    const bool known = broker != route.brokerDatas.end();
    row(known ? broker->cluster : "", q.brokerName, known ? addrs_text(*broker) : "{}", std::to_string(q.readQueueNums),
        std::to_string(q.writeQueueNums), std::to_string(q.perm));
    read += q.readQueueNums;
    write += q.writeQueueNums;
  }
  s.write(std::string(158, '-') + "\n");
  row("Total:", std::to_string(queues.size()), "", std::to_string(read), std::to_string(write), "");
}

Result<> topic_route(Session& s, const Options& o) {
  MQ_TRY(const auto route, s.route(o.get("t")));
  s.record(to_json(route));
  if (o.has("l")) {
    print_route_list(s, route);
  } else {
    s.print("{}\n", to_text(to_json(route), {.pretty = true}));
  }
  return {};
}

Result<> topic_status(Session& s, const Options& o) {
  const std::string topic = o.get("t");
  MQ_TRY(const auto route, s.route(o.get("c", topic)));
  wire::TopicStatsTable all;
  for (const auto& [name, addr] : Session::brokers_of(route)) {
    MQ_TRY(const auto r, s.ask<RequestCode::GET_TOPIC_STATS_INFO>(addr, {topic}));
    MQ_TRY(const auto table, wire::topic_stats_from(r.body));
    all.offsetTable.insert(table.offsetTable.begin(), table.offsetTable.end());
  }
  if (all.offsetTable.empty()) return client_failure("Not found the topic stats info");
  auto row = [&](std::string_view a, std::string_view b, std::string_view c, std::string_view d, std::string_view e) {
    s.write(fmt::format("{}  {}  {}  {}    {}\n", pad(a, 32), pad(b, 4), pad(c, 20), pad(d, 20), e));
  };
  row("#Broker Name", "#QID", "#Min Offset", "#Max Offset", "#Last Updated");
  for (const auto& [mq, t] : all.offsetTable) {
    s.record(Json::object()
                 .add("brokerName", mq.brokerName)
                 .add("queueId", int64_t{mq.queueId})
                 .add("minOffset", t.minOffset)
                 .add("maxOffset", t.maxOffset)
                 .add("lastUpdateTimestamp", t.lastUpdateTimestamp));
    row(cut(mq.brokerName, 32), std::to_string(mq.queueId), std::to_string(t.minOffset), std::to_string(t.maxOffset),
        t.lastUpdateTimestamp > 0 ? date_millis(t.lastUpdateTimestamp) : "");
  }
  s.print("\nTopic Put TPS: {}\n", "0.0");   // QUIRK: Java merges only the offset tables
  return {};
}

Result<> topic_cluster_list(Session& s, const Options& o) {
  MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
  MQ_TRY(const auto route, s.route(o.get("t")));
  if (route.brokerDatas.empty()) return {};
  for (const auto& [cluster, names] : info.clusterAddrTable) {
    if (!names.contains(route.brokerDatas.front().brokerName)) continue;
    s.record(cluster);
    s.print("{}\n", cluster);
  }
  return {};
}

/// The groups that consume a topic, as its first reachable broker knows them.
Result<> topic_list(Session& s, const Options& o) {
  if (!o.has("c")) {
    MQ_TRY(const auto topics, s.topics());
    for (const std::string& t : topics) {
      s.record(t);
      s.print("{}\n", t);
    }
    return {};
  }
  MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
  s.write(fmt::format("{}  {}  {}\n", pad("#Cluster Name", 20), pad("#Topic", 48), pad("#Consumer Group", 48)));
  MQ_TRY(const auto topics, s.topics());
  for (const std::string& topic : topics) {
    if (topic.starts_with("%RETRY%") || topic.starts_with("%DLQ%")) continue;
    std::string cluster;
    std::vector<std::string> groups;
    if (const auto route = s.route(topic)) {
      if (!route->brokerDatas.empty()) {
        const auto& name = route->brokerDatas.front().brokerName;
        for (const auto& [c, names] : info.clusterAddrTable) if (names.contains(name)) cluster = c;
      }
      groups = consumers_of(s, topic, *route).value_or(std::vector<std::string>{});
    }
    if (groups.empty()) groups.emplace_back();
    for (const std::string& g : groups) {
      s.record(Json::object().add("cluster", cluster).add("topic", topic).add("group", g));
      s.write(fmt::format("{}  {}  {}\n", pad(cut(cluster, 20), 20), pad(cut(topic, 64), 64), pad(cut(g, 64), 64)));
    }
  }
  return {};
}

}  // namespace

void add_topic_commands(std::vector<Command>& to) {
  const OptionSpec topic{"t", "topic", true, true, "topic name"};
  to.push_back({"updateTopic", "UpdateTopicSubCommand", "Update or create topic.",
                {{"b", "brokerAddr", true, true, "create topic to which broker", 1},
                 {"c", "clusterName", true, true, "create topic to which cluster", 1},
                 topic,
                 {"r", "readQueueNums", true, false, "set read queue nums"},
                 {"w", "writeQueueNums", true, false, "set write queue nums"},
                 {"p", "perm", true, false, "set topic's permission(2|4|6), intro[2:W 4:R; 6:RW]"},
                 {"o", "order", true, false, "set topic's order(true|false)"},
                 {"u", "unit", true, false, "is unit topic (true|false)"},
                 {"s", "hasUnitSub", true, false, "has unit sub (true|false)"},
                 {"a", "attributes", true, false, "attribute(+a=b,+c=d,-e)"}},
                update_topic});
  to.push_back({"deleteTopic", "DeleteTopicSubCommand", "Delete topic from broker and NameServer.",
                {topic, {"c", "clusterName", true, true, "delete topic from which cluster"}}, delete_topic});
  to.push_back({"topicRoute", "TopicRouteSubCommand", "Examine topic route info.",
                {topic, {"l", "list", false, false, "Use list format to print data"}}, topic_route, {}, extra::kJson});
  to.push_back({"topicStatus", "TopicStatusSubCommand", "Examine topic Status info.",
                {topic, {"c", "cluster", true, false, "cluster name or lmq parent topic, lmq is used to find the route."}}, topic_status, {}, extra::kJson});
  to.push_back({"topicClusterList", "TopicClusterSubCommand", "Get cluster info for topic.", {topic}, topic_cluster_list, {}, extra::kJson});
  to.push_back({"topicList", "TopicListSubCommand", "Fetch all topic list from name server.",
                {{"c", "clusterModel", false, false, "clusterModel"}}, topic_list, {}, extra::kJson});
}

}  // namespace mq::admin
