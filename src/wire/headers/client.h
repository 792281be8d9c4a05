// Headers of client registration. Source: spec protocol 4.4.
#pragma once

#include "wire/header_codec.h"

namespace mq::wire {

/// A response header class without fields: the answer carries an empty extFields object.
struct EmptyResponseHeader {
  static constexpr auto fields() {
    return std::tuple{};
  }
};

struct HeartbeatResponseHeader {
  bool IS_SUPPORT_HEART_BEAT_V2 = true;
  bool IS_SUB_CHANGE = true;

  static constexpr auto fields() {
    using H = HeartbeatResponseHeader;
    return std::tuple{optional("IS_SUPPORT_HEART_BEAT_V2", &H::IS_SUPPORT_HEART_BEAT_V2),
                      optional("IS_SUB_CHANGE", &H::IS_SUB_CHANGE)};
  }
};

struct UnregisterClientHeader {
  std::string clientID;
  std::optional<std::string> producerGroup;
  std::optional<std::string> consumerGroup;

  static constexpr auto fields() {
    using H = UnregisterClientHeader;
    return std::tuple{optional("clientID", &H::clientID), optional("producerGroup", &H::producerGroup),
                      optional("consumerGroup", &H::consumerGroup)};
  }
};

struct ConsumerGroupHeader {
  std::string consumerGroup;

  static constexpr auto fields() {
    using H = ConsumerGroupHeader;
    return std::tuple{required("consumerGroup", &H::consumerGroup)};
  }
};

struct ProducerGroupHeader {
  std::string producerGroup;

  static constexpr auto fields() {
    using H = ProducerGroupHeader;
    return std::tuple{required("producerGroup", &H::producerGroup)};
  }
};

}  // namespace mq::wire
