// Headers about queue and consumer offsets. Source: spec protocol 4.5.
#pragma once

#include "wire/header_codec.h"

namespace mq::wire {

struct QueueHeader {
  std::string_view topic;
  int32_t queueId = 0;

  static constexpr auto fields() {
    using H = QueueHeader;
    return std::tuple{required("topic", &H::topic), required("queueId", &H::queueId)};
  }
};

/// timestamp in ms; boundaryType UPPER ignoring case, anything else is LOWER.
struct SearchOffsetHeader {
  std::string_view topic;
  int32_t queueId = 0;
  int64_t timestamp = 0;
  std::string_view boundaryType;

  static constexpr auto fields() {
    using H = SearchOffsetHeader;
    return std::tuple{required("topic", &H::topic), required("queueId", &H::queueId),
                      required("timestamp", &H::timestamp), optional("boundaryType", &H::boundaryType)};
  }
};

/// isOrder: only topics that are ordered.
struct BrokerConsumeStatsHeader {
  bool isOrder = false;

  static constexpr auto fields() {
    using H = BrokerConsumeStatsHeader;
    return std::tuple{optional("isOrder", &H::isOrder)};
  }
};

struct OffsetResponseHeader {
  std::optional<int64_t> offset;

  static constexpr auto fields() {
    using H = OffsetResponseHeader;
    return std::tuple{optional("offset", &H::offset)};
  }
};

struct TimestampResponseHeader {
  std::optional<int64_t> timestamp;

  static constexpr auto fields() {
    using H = TimestampResponseHeader;
    return std::tuple{optional("timestamp", &H::timestamp)};
  }
};

struct QueryConsumerOffsetHeader {
  std::string_view consumerGroup;
  std::string_view topic;
  int32_t queueId = 0;
  std::optional<bool> setZeroIfNotFound;

  static constexpr auto fields() {
    using H = QueryConsumerOffsetHeader;
    return std::tuple{required("consumerGroup", &H::consumerGroup), required("topic", &H::topic),
                      required("queueId", &H::queueId), optional("setZeroIfNotFound", &H::setZeroIfNotFound)};
  }
};

struct UpdateConsumerOffsetHeader {
  std::string_view consumerGroup;
  std::string_view topic;
  std::optional<int32_t> queueId;
  std::optional<int64_t> commitOffset;

  static constexpr auto fields() {
    using H = UpdateConsumerOffsetHeader;
    return std::tuple{required("consumerGroup", &H::consumerGroup), required("topic", &H::topic),
                      optional("queueId", &H::queueId), optional("commitOffset", &H::commitOffset)};
  }
};

}  // namespace mq::wire
