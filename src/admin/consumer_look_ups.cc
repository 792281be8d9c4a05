#include "admin/consumer_look_ups.h"

#include <algorithm>

namespace mq::admin {

using wire::RequestCode;

Result<wire::ConsumeStats> consume_stats_of(Session& s, const std::string& group, const std::string& topic) {
  Result<wire::TopicRouteData> route = s.route("%RETRY%" + group);
  if (!route && !topic.empty()) {
    for (const std::string& other : {topic, "%RETRY%" + group + "_" + topic}) {
      if (auto found = s.route(other)) {
        route = std::move(found);
        break;
      }
    }
  }
  if (!route) return fail(route.error());
  wire::ConsumeStats all;
  for (const auto& [name, addr] : Session::brokers_of(*route)) {
    wire::ConsumeStatsHeader header;
    header.consumerGroup = group;
    if (!topic.empty()) header.topic = topic;
    MQ_TRY(const auto r, s.ask<RequestCode::GET_CONSUME_STATS>(addr, header, {}, 15'000));
    MQ_TRY(const auto one, wire::consume_stats_from(r.body));
    all.offsetTable.insert(one.offsetTable.begin(), one.offsetTable.end());
    all.consumeTps += one.consumeTps;
  }
  if (!all.offsetTable.empty()) return all;
  const auto connection = connection_of(s, group);
  if (!connection) {
    return client_failure(206, "Not found the consumer group consume stats, because return offset table is empty, maybe the consumer not online");
  }
  if (connection->messageModel == "BROADCASTING") {
    return client_failure(213, "Not found the consumer group consume stats, because return offset table is empty, the consumer is under the broadcast mode");
  }
  return all;
}

Result<wire::ConsumerConnection> connection_of(Session& s, const std::string& group) {
  MQ_TRY(const auto route, s.route("%RETRY%" + group));
  const auto brokers = Session::brokers_of(route);
  if (brokers.empty()) return client_failure(206, "Not found the consumer group connection");
  MQ_TRY(auto connection, connection_of(s, group, brokers.front().second));
  if (connection.connectionSet.empty()) return client_failure(206, "Not found the consumer group connection");
  return connection;
}

Result<wire::ConsumerConnection> connection_of(Session& s, const std::string& group, const std::optional<std::string>& addr) {
  if (!addr) return connection_of(s, group);
  MQ_TRY(const auto r, s.ask<RequestCode::GET_CONSUMER_CONNECTION_LIST>(*addr, {group}));
  return wire::consumer_connection_from(r.body);
}

Result<std::vector<std::string>> consumers_of(Session& s, const std::string& topic, const wire::TopicRouteData& route) {
  std::vector<std::string> groups;
  const auto brokers = Session::brokers_of(route);
  if (brokers.empty()) return groups;
  MQ_TRY(const auto r, s.ask<RequestCode::QUERY_TOPIC_CONSUME_BY_WHO>(brokers.front().second, {topic}));
  MQ_TRY(const Json body, parse_json(r.body));
  for (const Json& g : body["groupList"].items()) groups.push_back(g.as_string());
  return groups;
}

Result<std::string> running_info_of(Session& s, const std::string& group, const std::string& client_id, bool jstack) {
  MQ_TRY(const auto route, s.route("%RETRY%" + group));
  const auto brokers = Session::brokers_of(route);
  if (brokers.empty()) return client_failure("no broker of the group can be reached");
  MQ_TRY(auto r, s.ask_plain<RequestCode::GET_CONSUMER_RUNNING_INFO>(brokers.front().second, {group, client_id, jstack}, {}, 12'000));
  return std::string(r.body);
}

int32_t oldest_version(const std::vector<wire::ClientConnection>& connections) {
  return std::min_element(connections.begin(), connections.end(), [](const auto& a, const auto& b) { return a.version < b.version; })->version;
}

}  // namespace mq::admin
