// Headers of questions that a broker hands on to a consumer (307, 309, 223 with 221), and of resets (222 with 220).
// Source: spec protocol 6.3, 6.6, 7.
#pragma once

#include "wire/header_codec.h"

namespace mq::wire {

struct ConsumerRunningInfoHeader {
  std::string consumerGroup;
  std::string clientId;
  std::optional<bool> jstackEnable;

  static constexpr auto fields() {
    using H = ConsumerRunningInfoHeader;
    return std::tuple{required("consumerGroup", &H::consumerGroup), required("clientId", &H::clientId),
                      optional("jstackEnable", &H::jstackEnable)};
  }
};

/// msgId is an offsetMsgId. The last three are the broker's, on the way to the client.
struct ConsumeMessageDirectlyHeader {
  std::string consumerGroup;
  std::optional<std::string> clientId;
  std::optional<std::string> msgId;
  std::optional<std::string> topic;
  std::optional<std::string> brokerName;
  std::optional<int32_t> topicSysFlag;
  std::optional<int32_t> groupSysFlag;

  static constexpr auto fields() {
    using H = ConsumeMessageDirectlyHeader;
    return std::tuple{required("consumerGroup", &H::consumerGroup), optional("clientId", &H::clientId),
                      optional("msgId", &H::msgId), optional("topic", &H::topic), optional("brokerName", &H::brokerName),
                      optional("topicSysFlag", &H::topicSysFlag), optional("groupSysFlag", &H::groupSysFlag)};
  }
};

struct ConsumerStatusHeader {
  std::string topic;
  std::string group;
  std::optional<std::string> clientAddr;   // a client id, whatever its name says

  static constexpr auto fields() {
    using H = ConsumerStatusHeader;
    return std::tuple{required("topic", &H::topic), required("group", &H::group), optional("clientAddr", &H::clientAddr)};
  }
};

/// timestamp in ms, negative: the end. queueId -1: all. offset: 5.x.
struct ResetOffsetHeader {
  std::string topic;
  std::string group;
  int64_t timestamp = 0;
  bool isForce = false;
  std::optional<int32_t> queueId;
  std::optional<int64_t> offset;

  static constexpr auto fields() {
    using H = ResetOffsetHeader;
    return std::tuple{required("topic", &H::topic), required("group", &H::group), optional("timestamp", &H::timestamp),
                      optional("isForce", &H::isForce), optional("queueId", &H::queueId), optional("offset", &H::offset)};
  }
};

struct TopicGroupHeader {
  std::string topic;
  std::string group;

  static constexpr auto fields() {
    using H = TopicGroupHeader;
    return std::tuple{required("topic", &H::topic), required("group", &H::group)};
  }
};

/// filterGroups: names with commas between.
struct CorrectionOffsetHeader {
  std::optional<std::string> filterGroups;
  std::string compareGroup;
  std::string topic;

  static constexpr auto fields() {
    using H = CorrectionOffsetHeader;
    return std::tuple{optional("filterGroups", &H::filterGroups), required("compareGroup", &H::compareGroup),
                      required("topic", &H::topic)};
  }
};

struct CloneGroupOffsetHeader {
  std::string srcGroup;
  std::string destGroup;
  std::optional<std::string> topic;
  std::optional<bool> offline;

  static constexpr auto fields() {
    using H = CloneGroupOffsetHeader;
    return std::tuple{required("srcGroup", &H::srcGroup), required("destGroup", &H::destGroup), optional("topic", &H::topic),
                      optional("offline", &H::offline)};
  }
};

struct QueryConsumeQueueHeader {
  std::string topic;
  int32_t queueId = 0;
  int64_t index = 0;
  int32_t count = 0;
  std::optional<std::string> consumerGroup;

  static constexpr auto fields() {
    using H = QueryConsumeQueueHeader;
    return std::tuple{optional("topic", &H::topic), optional("queueId", &H::queueId), optional("index", &H::index),
                      optional("count", &H::count), optional("consumerGroup", &H::consumerGroup)};
  }
};

struct BrokerStatsHeader {
  std::string statsName;
  std::string statsKey;

  static constexpr auto fields() {
    using H = BrokerStatsHeader;
    return std::tuple{required("statsName", &H::statsName), required("statsKey", &H::statsKey)};
  }
};

}  // namespace mq::wire
