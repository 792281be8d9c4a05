// Headers of the NameServer's requests. Source: spec protocol 3.
#pragma once

#include "wire/header_codec.h"

namespace mq::wire {

struct PutKvConfigHeader {
  std::string namespace_;
  std::string key;
  std::string value;

  static constexpr auto fields() {
    using H = PutKvConfigHeader;
    return std::tuple{required("namespace", &H::namespace_), required("key", &H::key),
                      required("value", &H::value)};
  }
};

struct GetKvConfigHeader {
  std::string namespace_;
  std::string key;

  static constexpr auto fields() {
    using H = GetKvConfigHeader;
    return std::tuple{required("namespace", &H::namespace_), required("key", &H::key)};
  }
};

struct GetKvConfigResponseHeader {
  std::optional<std::string> value;

  static constexpr auto fields() {
    using H = GetKvConfigResponseHeader;
    return std::tuple{optional("value", &H::value)};
  }
};

struct DeleteKvConfigHeader {
  std::string namespace_;
  std::string key;

  static constexpr auto fields() {
    using H = DeleteKvConfigHeader;
    return std::tuple{required("namespace", &H::namespace_), required("key", &H::key)};
  }
};

struct GetKvListHeader {
  std::string namespace_;

  static constexpr auto fields() {
    using H = GetKvListHeader;
    return std::tuple{required("namespace", &H::namespace_)};
  }
};

/// REGISTER_BROKER; an absent enableActingMaster marks a broker older than 5.0.
struct RegisterBrokerHeader {
  std::string brokerName;
  std::string brokerAddr;
  std::string clusterName;
  std::string haServerAddr;
  int64_t brokerId = 0;
  std::optional<int64_t> heartbeatTimeoutMillis;
  std::optional<bool> enableActingMaster;
  bool compressed = false;
  int32_t bodyCrc32 = 0;

  static constexpr auto fields() {
    using H = RegisterBrokerHeader;
    return std::tuple{required("brokerName", &H::brokerName), required("brokerAddr", &H::brokerAddr),
                      required("clusterName", &H::clusterName), required("haServerAddr", &H::haServerAddr),
                      required("brokerId", &H::brokerId),
                      optional("heartbeatTimeoutMillis", &H::heartbeatTimeoutMillis),
                      optional("enableActingMaster", &H::enableActingMaster), optional("compressed", &H::compressed),
                      optional("bodyCrc32", &H::bodyCrc32)};
  }
};

struct RegisterBrokerResponseHeader {
  std::optional<std::string> haServerAddr;
  std::optional<std::string> masterAddr;

  static constexpr auto fields() {
    using H = RegisterBrokerResponseHeader;
    return std::tuple{optional("haServerAddr", &H::haServerAddr), optional("masterAddr", &H::masterAddr)};
  }
};

struct UnregisterBrokerHeader {
  std::string brokerName;
  std::string brokerAddr;
  std::string clusterName;
  int64_t brokerId = 0;

  static constexpr auto fields() {
    using H = UnregisterBrokerHeader;
    return std::tuple{required("brokerName", &H::brokerName), required("brokerAddr", &H::brokerAddr),
                      required("clusterName", &H::clusterName), required("brokerId", &H::brokerId)};
  }
};

struct GetRouteInfoHeader {
  std::string topic = "null";   // QUIRK: Java prints a missing one so
  std::optional<bool> acceptStandardJsonOnly;

  static constexpr auto fields() {
    using H = GetRouteInfoHeader;
    return std::tuple{optional("topic", &H::topic), optional("acceptStandardJsonOnly", &H::acceptStandardJsonOnly)};
  }
};

struct BrokerNameHeader {
  std::string brokerName;

  static constexpr auto fields() {
    using H = BrokerNameHeader;
    return std::tuple{required("brokerName", &H::brokerName)};
  }
};

struct WipeWritePermResponseHeader {
  std::optional<int32_t> wipeTopicCount;

  static constexpr auto fields() {
    using H = WipeWritePermResponseHeader;
    return std::tuple{optional("wipeTopicCount", &H::wipeTopicCount)};
  }
};

struct AddWritePermResponseHeader {
  std::optional<int32_t> addTopicCount;

  static constexpr auto fields() {
    using H = AddWritePermResponseHeader;
    return std::tuple{optional("addTopicCount", &H::addTopicCount)};
  }
};

struct DeleteTopicInNamesrvHeader {
  std::string topic;
  std::optional<std::string> clusterName;

  static constexpr auto fields() {
    using H = DeleteTopicInNamesrvHeader;
    return std::tuple{required("topic", &H::topic), optional("clusterName", &H::clusterName)};
  }
};

struct GetTopicsByClusterHeader {
  std::string cluster;

  static constexpr auto fields() {
    using H = GetTopicsByClusterHeader;
    return std::tuple{required("cluster", &H::cluster)};
  }
};

struct QueryDataVersionHeader {
  std::string brokerName;
  std::string brokerAddr;
  std::string clusterName;
  int64_t brokerId = 0;

  static constexpr auto fields() {
    using H = QueryDataVersionHeader;
    return std::tuple{required("brokerName", &H::brokerName), required("brokerAddr", &H::brokerAddr),
                      required("clusterName", &H::clusterName), required("brokerId", &H::brokerId)};
  }
};

struct QueryDataVersionResponseHeader {
  std::optional<bool> changed;

  static constexpr auto fields() {
    using H = QueryDataVersionResponseHeader;
    return std::tuple{optional("changed", &H::changed)};
  }
};

struct BrokerMemberGroupHeader {
  std::string clusterName;
  std::string brokerName;

  static constexpr auto fields() {
    using H = BrokerMemberGroupHeader;
    return std::tuple{required("clusterName", &H::clusterName), required("brokerName", &H::brokerName)};
  }
};

struct BrokerHeartbeatHeader {
  std::string clusterName;
  std::string brokerAddr;
  std::string brokerName;
  std::optional<int64_t> brokerId;
  std::optional<int64_t> heartbeatTimeoutMills;

  static constexpr auto fields() {
    using H = BrokerHeartbeatHeader;
    return std::tuple{required("clusterName", &H::clusterName), required("brokerAddr", &H::brokerAddr),
                      required("brokerName", &H::brokerName), optional("brokerId", &H::brokerId),
                      optional("heartbeatTimeoutMills", &H::heartbeatTimeoutMills)};
  }
};

}  // namespace mq::wire
