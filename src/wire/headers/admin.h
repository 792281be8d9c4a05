// Headers of administration. Source: spec protocol 6.
#pragma once

#include "wire/header_codec.h"

namespace mq::wire {

/// version: the DataVersion of the configuration as JSON.
struct GetBrokerConfigResponseHeader {
  std::optional<std::string> version;

  static constexpr auto fields() {
    using H = GetBrokerConfigResponseHeader;
    return std::tuple{optional("version", &H::version)};
  }
};

struct MasterFlushOffsetHeader {
  std::optional<int64_t> masterFlushOffset;

  static constexpr auto fields() {
    using H = MasterFlushOffsetHeader;
    return std::tuple{required("masterFlushOffset", &H::masterFlushOffset)};
  }
};

/// "0": the kernel reads ahead in CommitLog files, "1": it does not.
struct ReadAheadHeader {
  std::optional<std::string> READ_AHEAD_MODE;

  static constexpr auto fields() {
    using H = ReadAheadHeader;
    return std::tuple{optional("READ_AHEAD_MODE", &H::READ_AHEAD_MODE)};
  }
};

struct CheckRocksdbHeader {
  std::string topic;
  std::optional<int64_t> checkStoreTime;   // ms

  static constexpr auto fields() {
    using H = CheckRocksdbHeader;
    return std::tuple{optional("topic", &H::topic), optional("checkStoreTime", &H::checkStoreTime)};
  }
};

/// configType: "topics;subscriptionGroups;consumerOffsets" or some of them.
struct ExportRocksdbHeader {
  std::string configType;

  static constexpr auto fields() {
    using H = ExportRocksdbHeader;
    return std::tuple{required("configType", &H::configType)};
  }
};

struct AddBrokerHeader {
  std::optional<std::string> configPath;

  static constexpr auto fields() {
    using H = AddBrokerHeader;
    return std::tuple{optional("configPath", &H::configPath)};
  }
};

struct RemoveBrokerHeader {
  std::string brokerClusterName;
  std::string brokerName;
  int64_t brokerId = 0;

  static constexpr auto fields() {
    using H = RemoveBrokerHeader;
    return std::tuple{required("brokerClusterName", &H::brokerClusterName), required("brokerName", &H::brokerName), required("brokerId", &H::brokerId)};
  }
};

}  // namespace mq::wire
