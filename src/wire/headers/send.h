// Headers of SEND_MESSAGE (10), SEND_MESSAGE_V2 (310) and SEND_BATCH_MESSAGE (320). Source: spec protocol 4.1.
#pragma once

#include "wire/header_codec.h"

namespace mq::wire {

/// The hot header: views into the frame. Code 10 spells the names out, 310 and 320 use one letter each.
struct SendMessageHeader {
  std::string_view producerGroup;
  std::string_view topic;
  std::string_view defaultTopic;
  int32_t defaultTopicQueueNums = 0;
  int32_t queueId = 0;
  int32_t sysFlag = 0;
  int64_t bornTimestamp = 0;   // ms
  int32_t flag = 0;
  std::string_view properties;
  int32_t reconsumeTimes = 0;
  bool unitMode = false;
  std::optional<int32_t> maxReconsumeTimes;
  bool batch = false;

  static constexpr auto fields() {
    using H = SendMessageHeader;
    return std::tuple{optional("producerGroup", &H::producerGroup), required("topic", &H::topic),
                      optional("defaultTopic", &H::defaultTopic),
                      optional("defaultTopicQueueNums", &H::defaultTopicQueueNums),
                      required("queueId", &H::queueId), required("sysFlag", &H::sysFlag),
                      required("bornTimestamp", &H::bornTimestamp), required("flag", &H::flag),
                      optional("properties", &H::properties), optional("reconsumeTimes", &H::reconsumeTimes),
                      optional("unitMode", &H::unitMode), optional("maxReconsumeTimes", &H::maxReconsumeTimes),
                      optional("batch", &H::batch)};
  }
};

struct SendMessageHeaderV2 : SendMessageHeader {
  static constexpr auto fields() {
    using H = SendMessageHeaderV2;
    return std::tuple{Field<H, std::string_view>{"a", &H::producerGroup, Need::kOptional},
                      Field<H, std::string_view>{"b", &H::topic, Need::kRequired},
                      Field<H, std::string_view>{"c", &H::defaultTopic, Need::kOptional},
                      Field<H, int32_t>{"d", &H::defaultTopicQueueNums, Need::kStrict},
                      Field<H, int32_t>{"e", &H::queueId, Need::kRequired},
                      Field<H, int32_t>{"f", &H::sysFlag, Need::kRequired},
                      Field<H, int64_t>{"g", &H::bornTimestamp, Need::kRequired},
                      Field<H, int32_t>{"h", &H::flag, Need::kRequired},
                      Field<H, std::string_view>{"i", &H::properties, Need::kOptional},
                      Field<H, int32_t>{"j", &H::reconsumeTimes, Need::kStrict},
                      Field<H, bool>{"k", &H::unitMode, Need::kOptional},
                      Field<H, std::optional<int32_t>>{"l", &H::maxReconsumeTimes, Need::kStrict},
                      Field<H, bool>{"m", &H::batch, Need::kOptional}};
  }
};

/// PUSH_REPLY_MESSAGE_TO_CLIENT (326), protocol 7.7.
struct ReplyMessageHeader {
  std::string producerGroup;
  std::string topic;
  std::string defaultTopic;
  int32_t defaultTopicQueueNums = 0;
  int32_t queueId = 0;
  int32_t sysFlag = 0;
  int64_t bornTimestamp = 0;
  int32_t flag = 0;
  std::string properties;
  int32_t reconsumeTimes = 0;
  bool unitMode = false;
  std::string bornHost;        // ip:port
  std::string storeHost;
  int64_t storeTimestamp = 0;

  static constexpr auto fields() {
    using H = ReplyMessageHeader;
    return std::tuple{required("producerGroup", &H::producerGroup), required("topic", &H::topic),
                      required("defaultTopic", &H::defaultTopic), required("defaultTopicQueueNums", &H::defaultTopicQueueNums),
                      required("queueId", &H::queueId), required("sysFlag", &H::sysFlag),
                      required("bornTimestamp", &H::bornTimestamp), required("flag", &H::flag),
                      optional("properties", &H::properties), optional("reconsumeTimes", &H::reconsumeTimes),
                      optional("unitMode", &H::unitMode), required("bornHost", &H::bornHost),
                      required("storeHost", &H::storeHost), required("storeTimestamp", &H::storeTimestamp)};
  }
};

struct SendMessageResponseHeader {
  std::string_view msgId;
  std::optional<int32_t> queueId;
  std::optional<int64_t> queueOffset;
  std::string_view transactionId;
  std::string_view MSG_REGION;
  std::string_view TRACE_ON;

  static constexpr auto fields() {
    using H = SendMessageResponseHeader;
    return std::tuple{optional("msgId", &H::msgId), optional("queueId", &H::queueId),
                      optional("queueOffset", &H::queueOffset), optional("transactionId", &H::transactionId),
                      optional("MSG_REGION", &H::MSG_REGION), optional("TRACE_ON", &H::TRACE_ON)};
  }
};

}  // namespace mq::wire
