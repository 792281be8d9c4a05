#include "wire/bodies/route.h"

namespace mq::wire {

namespace {

Json string_list(const std::vector<std::string>& items) {
  Json j = Json::array();
  for (const std::string& i : items) j.push(i);
  return j;
}

std::vector<std::string> strings_of(const Json& j) {
  std::vector<std::string> items;
  for (const Json& i : j.items()) items.push_back(i.as_string());
  return items;
}

BrokerData broker_data_from(const Json& j) {
  BrokerData b;
  b.cluster = j["cluster"].as_string();
  b.brokerName = j["brokerName"].as_string();
  for (const auto& [id, addr] : j["brokerAddrs"].members()) b.brokerAddrs[id.as_int()] = addr.as_string();
  b.enableActingMaster = j["enableActingMaster"].as_bool();
  if (const Json* zone = j.find("zoneName"); zone && !zone->is_null()) b.zoneName = zone->as_string();
  return b;
}

}  // namespace

Json to_json(const QueueData& q) {
  return Json::object()
      .add("brokerName", q.brokerName)
      .add("perm", q.perm)
      .add("readQueueNums", q.readQueueNums)
      .add("topicSysFlag", q.topicSysFlag)
      .add("writeQueueNums", q.writeQueueNums);
}

Json to_json(const BrokerData& b) {
  Json addrs = Json::object();
  for (const auto& [id, addr] : b.brokerAddrs) addrs.add(id, addr);
  Json j = Json::object()
               .add("brokerAddrs", std::move(addrs))
               .add("brokerName", b.brokerName)
               .add("cluster", b.cluster)
               .add("enableActingMaster", b.enableActingMaster);
  if (b.zoneName) j.add("zoneName", *b.zoneName);
  return j;
}

Json to_json(const TopicRouteData& r) {
  Json brokers = Json::array(), queues = Json::array(), filters = Json::object();
  for (const BrokerData& b : r.brokerDatas) brokers.push(to_json(b));
  for (const QueueData& q : r.queueDatas) queues.push(to_json(q));
  for (const auto& [addr, servers] : r.filterServerTable) filters.add(addr, string_list(servers));
  Json j = Json::object().add("brokerDatas", std::move(brokers)).add("filterServerTable", std::move(filters));
  if (r.orderTopicConf) j.add("orderTopicConf", *r.orderTopicConf);
  j.add("queueDatas", std::move(queues));
  if (!r.topicQueueMappingByBroker.is_null()) j.add("topicQueueMappingByBroker", r.topicQueueMappingByBroker);
  return j;
}

Result<TopicRouteData> topic_route_from(std::string_view body) {
  MQ_TRY(const Json j, parse_json(body));
  TopicRouteData r;
  if (const Json* conf = j.find("orderTopicConf"); conf && !conf->is_null()) r.orderTopicConf = conf->as_string();
  for (const Json& b : j["brokerDatas"].items()) r.brokerDatas.push_back(broker_data_from(b));
  for (const Json& q : j["queueDatas"].items()) {
    const Json& flag = q.find("topicSysFlag") ? q["topicSysFlag"] : q["topicSynFlag"];   // 4.x spells it so
    r.queueDatas.push_back({q["brokerName"].as_string(), static_cast<int32_t>(q["readQueueNums"].as_int()),
                            static_cast<int32_t>(q["writeQueueNums"].as_int()), static_cast<int32_t>(q["perm"].as_int()),
                            static_cast<int32_t>(flag.as_int())});
  }
  for (const auto& [addr, servers] : j["filterServerTable"].members()) r.filterServerTable[addr.as_string()] = strings_of(servers);
  r.topicQueueMappingByBroker = j["topicQueueMappingByBroker"];
  return r;
}

Json to_json(const ClusterInfo& c) {
  Json brokers = Json::object(), clusters = Json::object();
  for (const auto& [name, b] : c.brokerAddrTable) brokers.add(name, to_json(b));
  for (const auto& [name, members] : c.clusterAddrTable) clusters.add(name, string_list({members.begin(), members.end()}));
  return Json::object().add("brokerAddrTable", std::move(brokers)).add("clusterAddrTable", std::move(clusters));
}

Result<ClusterInfo> cluster_info_from(std::string_view body) {
  MQ_TRY(const Json j, parse_json(body));
  ClusterInfo c;
  for (const auto& [name, b] : j["brokerAddrTable"].members()) c.brokerAddrTable[name.as_string()] = broker_data_from(b);
  for (const auto& [name, members] : j["clusterAddrTable"].members()) {
    for (std::string& m : strings_of(members)) c.clusterAddrTable[name.as_string()].insert(std::move(m));
  }
  return c;
}

Json to_json(const TopicList& l) {
  Json j = Json::object();
  if (!l.brokerAddr.empty()) j.add("brokerAddr", l.brokerAddr);
  return j.add("topicList", string_list(l.topicList));
}

Result<TopicList> topic_list_from(std::string_view body) {
  MQ_TRY(const Json j, parse_json(body));
  return TopicList{strings_of(j["topicList"]), j["brokerAddr"].as_string()};
}

const std::string* KvTable::find(std::string_view key) const {
  for (const auto& [k, v] : table) if (k == key) return &v;
  return nullptr;
}

Json to_json(const KvTable& t) {
  Json table = Json::object();
  for (const auto& [k, v] : t.table) table.add(k, v);
  return Json::object().add("table", std::move(table));
}

Result<KvTable> kv_table_from(std::string_view body) {
  MQ_TRY(const Json j, parse_json(body));
  KvTable t;
  for (const auto& [k, v] : j["table"].members()) t.table.emplace_back(k.as_string(), v.as_string());
  return t;
}

}  // namespace mq::wire
