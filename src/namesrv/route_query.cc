// The questions to the tables: routes and lists.
#include <algorithm>

#include "msg/hash_order.h"
#include "msg/types.h"
#include "namesrv/route_table.h"

namespace mq::namesrv {
namespace {
constexpr std::string_view kSyncMemberPrefix = "rmq_sys_SYNC_BROKER_MEMBER_";
}

std::optional<wire::DataVersion> RouteTables::data_version(std::string_view cluster, std::string_view addr) const {
  const Live* live = find_live(cluster, addr);
  if (!live) return std::nullopt;
  return live->version;
}

std::optional<wire::TopicRouteData> RouteTables::route(std::string_view topic) const {
  auto it = topics_.find(topic);
  if (it == topics_.end()) return std::nullopt;
  wire::TopicRouteData route;
  // QUIRK: the order of Java's HashMap of broker names, which mqadmin topicRoute shows.
  std::vector<std::string_view> names;
  for (const auto& [broker_name, queue] : it->second.queues) names.push_back(broker_name);
  hash_order(names, [](std::string_view n) { return n; });
  for (const std::string_view broker_name : names) {
    route.queueDatas.push_back(it->second.queues.find(broker_name)->second);
    auto group = groups_.find(broker_name);
    if (group == groups_.end()) continue;
    route.brokerDatas.push_back(group->second);
    for (const auto& [id, addr] : group->second.brokerAddrs) {
      const Live* live = find_live(group->second.cluster, addr);
      if (live && !live->filter_servers.empty()) route.filterServerTable[addr] = live->filter_servers;
    }
  }
  if (route.brokerDatas.empty()) return std::nullopt;
  if (!it->second.mappings.empty()) {
    route.topicQueueMappingByBroker = Json::object();
    for (const auto& [bname, info] : it->second.mappings) route.topicQueueMappingByBroker.add(bname, info);
  }
  if (config_.supportActingMaster()) show_acting_masters(topic, route);
  return route;
}

/// Shows the smallest slave of a group without master, and without write permission, as its id 0.
void RouteTables::show_acting_masters(std::string_view topic, wire::TopicRouteData& route) const {
  if (topic.starts_with(kSyncMemberPrefix)) return;   // members ask who is there, not whom to read from
  for (wire::BrokerData& group : route.brokerDatas) {
    auto& addrs = group.brokerAddrs;
    if (!group.enableActingMaster || addrs.empty() || addrs.contains(kMasterId)) continue;
    auto queue = std::find_if(route.queueDatas.begin(), route.queueDatas.end(),
                              [&](const wire::QueueData& q) { return q.brokerName == group.brokerName; });
    if (queue == route.queueDatas.end() || (queue->perm & perm::kWrite)) continue;
    auto smallest = addrs.extract(addrs.begin());
    smallest.key() = kMasterId;
    addrs.insert(std::move(smallest));
  }
}

wire::ClusterInfo RouteTables::cluster_info() const {
  wire::ClusterInfo info;
  for (const auto& [name, group] : groups_) info.brokerAddrTable[name] = group;
  for (const auto& [name, brokers] : clusters_) info.clusterAddrTable[name] = brokers;
  return info;
}

std::map<int64_t, std::string> RouteTables::members(std::string_view broker_name) const {
  auto group = groups_.find(broker_name);
  if (group == groups_.end()) return {};
  return group->second.brokerAddrs;
}

wire::TopicList RouteTables::all_topics() const {
  wire::TopicList list;
  for (const auto& [name, topic] : topics_) list.topicList.push_back(name);
  return list;
}

wire::TopicList RouteTables::topics_of_cluster(std::string_view cluster) const {
  wire::TopicList list;
  auto brokers = clusters_.find(cluster);
  if (brokers == clusters_.end()) return list;
  for (const auto& [name, topic] : topics_) {
    const auto& queues = topic.queues;
    if (std::any_of(queues.begin(), queues.end(), [&](const auto& q) { return brokers->second.contains(q.first); })) {
      list.topicList.push_back(name);
    }
  }
  return list;
}

wire::TopicList RouteTables::system_topics() const {
  std::set<std::string> names;
  for (const auto& [cluster, brokers] : clusters_) {
    names.insert(cluster);
    names.insert(brokers.begin(), brokers.end());
  }
  wire::TopicList list{.topicList = {names.begin(), names.end()}};
  if (!groups_.empty()) list.brokerAddr = groups_.begin()->second.brokerAddrs.begin()->second;   // the smallest id
  return list;
}

wire::TopicList RouteTables::topics_with(bool (*test)(int32_t)) const {
  wire::TopicList list;
  for (const auto& [name, topic] : topics_) {
    if (test(topic.queues.begin()->second.topicSysFlag)) list.topicList.push_back(name);
  }
  return list;
}

}  // namespace mq::namesrv
