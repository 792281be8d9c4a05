// Headers of PULL_MESSAGE (11) and LITE_PULL_MESSAGE (361). Source: spec protocol 4.3.
#pragma once

#include "wire/header_codec.h"

namespace mq::wire {

namespace pull_flag {
inline constexpr int32_t kCommitOffset = 1;
inline constexpr int32_t kSuspend = 2;
inline constexpr int32_t kSubscription = 4;
inline constexpr int32_t kClassFilter = 8;
inline constexpr int32_t kLitePull = 16;
}  // namespace pull_flag

struct PullMessageHeader {
  std::string_view consumerGroup;
  std::string_view topic;
  int32_t queueId = 0;
  int64_t queueOffset = 0;              // index in the ConsumeQueue, not bytes
  int32_t maxMsgNums = 0;
  int32_t sysFlag = 0;
  int64_t commitOffset = 0;
  int64_t suspendTimeoutMillis = 0;
  std::string_view subscription;        // null: use the broker's registered one
  int64_t subVersion = 0;
  std::string_view expressionType;      // null or "": TAG

  static constexpr auto fields() {
    using H = PullMessageHeader;
    return std::tuple{required("consumerGroup", &H::consumerGroup), required("topic", &H::topic),
                      required("queueId", &H::queueId), required("queueOffset", &H::queueOffset),
                      required("maxMsgNums", &H::maxMsgNums), required("sysFlag", &H::sysFlag),
                      strict("commitOffset", &H::commitOffset),
                      strict("suspendTimeoutMillis", &H::suspendTimeoutMillis),
                      optional("subscription", &H::subscription), strict("subVersion", &H::subVersion),
                      optional("expressionType", &H::expressionType)};
  }
};

struct PullMessageResponseHeader {
  std::optional<int64_t> suggestWhichBrokerId;
  std::optional<int64_t> nextBeginOffset;
  std::optional<int64_t> minOffset;
  std::optional<int64_t> maxOffset;
  std::optional<int32_t> topicSysFlag;
  std::optional<int32_t> groupSysFlag;
  std::optional<int32_t> forbiddenType;   // with NO_PERMISSION: 1 broker, 2 group, 3 topic, 4 broadcast, 5 subscription

  static constexpr auto fields() {
    using H = PullMessageResponseHeader;
    return std::tuple{optional("suggestWhichBrokerId", &H::suggestWhichBrokerId),
                      optional("nextBeginOffset", &H::nextBeginOffset), optional("minOffset", &H::minOffset),
                      optional("maxOffset", &H::maxOffset), optional("topicSysFlag", &H::topicSysFlag),
                      optional("groupSysFlag", &H::groupSysFlag), optional("forbiddenType", &H::forbiddenType)};
  }
};

}  // namespace mq::wire
