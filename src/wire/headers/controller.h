// Headers of requests to a controller. Source: spec ha 1.10.3, protocol 8.5.
#pragma once

#include "wire/header_codec.h"

namespace mq::wire {

struct ElectMasterHeader {
  std::string clusterName;
  std::string brokerName;
  int64_t brokerId = -1;
  bool designateElect = false;
  int64_t invokeTime = 0;      // ms

  static constexpr auto fields() {
    using H = ElectMasterHeader;
    return std::tuple{optional("clusterName", &H::clusterName), optional("brokerName", &H::brokerName), optional("brokerId", &H::brokerId),
                      optional("designateElect", &H::designateElect), optional("invokeTime", &H::invokeTime)};
  }
};

struct ElectMasterResponseHeader {
  std::optional<int64_t> masterBrokerId;
  std::optional<std::string> masterAddress;
  std::optional<int32_t> masterEpoch;
  std::optional<int32_t> syncStateSetEpoch;

  static constexpr auto fields() {
    using H = ElectMasterResponseHeader;
    return std::tuple{optional("masterBrokerId", &H::masterBrokerId), optional("masterAddress", &H::masterAddress),
                      optional("masterEpoch", &H::masterEpoch), optional("syncStateSetEpoch", &H::syncStateSetEpoch)};
  }
};

struct ControllerMetadataResponseHeader {
  std::optional<std::string> group;
  std::optional<std::string> controllerLeaderId;
  std::optional<std::string> controllerLeaderAddress;
  bool isLeader = false;
  std::optional<std::string> peers;   // "n0:127.0.0.1:9878;n1:..."

  static constexpr auto fields() {
    using H = ControllerMetadataResponseHeader;
    return std::tuple{optional("group", &H::group), optional("controllerLeaderId", &H::controllerLeaderId),
                      optional("controllerLeaderAddress", &H::controllerLeaderAddress), optional("isLeader", &H::isLeader),
                      optional("peers", &H::peers)};
  }
};

struct CleanBrokerDataHeader {
  std::optional<std::string> clusterName;
  std::string brokerName;
  std::optional<std::string> brokerControllerIdsToClean;   // "1;2"
  bool isCleanLivingBroker = false;
  int64_t invokeTime = 0;      // ms

  static constexpr auto fields() {
    using H = CleanBrokerDataHeader;
    return std::tuple{optional("clusterName", &H::clusterName), required("brokerName", &H::brokerName),
                      optional("brokerControllerIdsToClean", &H::brokerControllerIdsToClean), optional("isCleanLivingBroker", &H::isCleanLivingBroker),
                      optional("invokeTime", &H::invokeTime)};
  }
};

}  // namespace mq::wire
