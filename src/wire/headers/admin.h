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

}  // namespace mq::wire
