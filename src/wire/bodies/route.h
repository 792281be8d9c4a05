// Routes and lists that a NameServer answers with. Source: spec protocol 3.5, 3.6.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace mq::wire {

struct QueueData {
  std::string brokerName;
  int32_t readQueueNums = 0;
  int32_t writeQueueNums = 0;
  int32_t perm = 0;
  int32_t topicSysFlag = 0;
  bool operator==(const QueueData&) const = default;
};

struct BrokerData {
  std::string cluster;
  std::string brokerName;
  std::map<int64_t, std::string> brokerAddrs;   // broker id -> "ip:port"
  bool enableActingMaster = false;
  std::optional<std::string> zoneName;
  bool operator==(const BrokerData&) const = default;
};

struct TopicRouteData {
  std::optional<std::string> orderTopicConf;
  std::vector<QueueData> queueDatas;
  std::vector<BrokerData> brokerDatas;
  std::map<std::string, std::vector<std::string>> filterServerTable;
  Json topicQueueMappingByBroker;   // null: left out
};
Json to_json(const QueueData& q);
Json to_json(const BrokerData& b);
Json to_json(const TopicRouteData& r);
Result<TopicRouteData> topic_route_from(std::string_view body);

struct ClusterInfo {
  std::map<std::string, BrokerData> brokerAddrTable;
  std::map<std::string, std::set<std::string>> clusterAddrTable;
};
Json to_json(const ClusterInfo& c);
Result<ClusterInfo> cluster_info_from(std::string_view body);

struct TopicList {
  std::vector<std::string> topicList;
  std::string brokerAddr;           // "": left out
};
Json to_json(const TopicList& l);
Result<TopicList> topic_list_from(std::string_view body);

/// KVTable {"table":{...}}; also GET_BROKER_RUNTIME_INFO. Keeps the order it was given.
struct KvTable {
  std::vector<std::pair<std::string, std::string>> table;
  const std::string* find(std::string_view key) const;
};
Json to_json(const KvTable& t);
Result<KvTable> kv_table_from(std::string_view body);

}  // namespace mq::wire
