#include "namesrv/starting_clients.h"

#include <algorithm>

#include "msg/names.h"
#include "msg/types.h"

namespace mq::namesrv {
namespace {

/// True when it was there already. A full list stays as it is.
bool note(std::vector<std::string>& list, std::string_view topic, size_t most) {
  if (std::find(list.begin(), list.end(), topic) != list.end()) return true;
  if (list.size() < most) list.emplace_back(topic);
  return false;
}

}  // namespace

StartingClients::Client* StartingClients::starting(const remoting::SessionRef& session, int64_t now_ms) {
  const auto [it, added] = clients_.try_emplace(session.get(), Client{.until_ms = now_ms + kStartMs, .topics = {}, .missed = {}});
  Client& client = it->second;
  if (added) session->on_close([this, key = session.get()] { clients_.erase(key); });
  if (now_ms < client.until_ms) return &client;
  if (client.topics.capacity() + client.missed.capacity() > 0) client = Client{.until_ms = client.until_ms, .topics = {}, .missed = {}};
  return nullptr;
}

void StartingClients::told(const remoting::SessionRef& session, std::string_view topic, int64_t now_ms) {
  if (Client* client = starting(session, now_ms)) note(client->topics, topic, kMostTopics);
}

std::optional<wire::TopicRouteData> StartingClients::foresee(const remoting::SessionRef& session, std::string_view retry_topic,
                                                             const RouteTables& tables, int64_t now_ms) {
  auto route = tables.route(retry_topic);
  Client* client = starting(session, now_ms);
  if (!client) return route;
  const bool none = !route;
  if (none && !note(client->missed, retry_topic, kMostTopics)) return std::nullopt;
  if (none) route.emplace();
  const auto add = [&](wire::BrokerData broker) {
    const bool there = std::any_of(route->brokerDatas.begin(), route->brokerDatas.end(), [&](const auto& b) { return b.brokerName == broker.brokerName; });
    if (there || !broker.brokerAddrs.contains(kMasterId)) return;
    route->queueDatas.push_back({.brokerName = broker.brokerName, .readQueueNums = 1, .writeQueueNums = 1, .perm = perm::kRead | perm::kWrite});
    route->brokerDatas.push_back(std::move(broker));
  };
  for (const std::string& asked : client->topics) {
    auto of_topic = tables.route(asked);
    if (!of_topic) continue;
    for (wire::BrokerData& broker : of_topic->brokerDatas) add(std::move(broker));
  }
  if (none && client->topics.empty()) {   // it began with the retry topic
    wire::ClusterInfo all = tables.cluster_info();
    if (all.clusterAddrTable.size() == 1) for (auto& [name, broker] : all.brokerAddrTable) add(std::move(broker));
  }
  if (route->brokerDatas.empty()) return std::nullopt;
  return route;
}

}  // namespace mq::namesrv
