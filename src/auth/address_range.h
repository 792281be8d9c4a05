// Source addresses of policies: one address or a CIDR block. Source: spec semantics 28.4, 28.5.
#pragma once

#include <string_view>

#include "msg/host.h"

namespace mq::auth {

/// Addresses that share the first `bits` bits with `ip`. IPv4 and IPv6 never match each other.
struct AddressRange {
  Host ip;
  int bits = 32;

  /// "10.1.2.3", "10.0.0.0/8", "::1", "fe80::/10". Errors: kInvalid.
  static Result<AddressRange> parse(std::string_view text);
  bool contains(const Host& other) const noexcept;
};

}  // namespace mq::auth
