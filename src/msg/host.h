// bornHost and storeHost as they stand in a record: 4 or 16 address bytes and a port.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace mq {

struct Host {
  std::array<std::byte, 16> ip{};   // network order; the first `len` bytes count
  uint8_t len = 4;                  // 4 or 16
  int32_t port = 0;

  /// From numeric text; "::ffff:1.2.3.4" becomes IPv4. Errors: kInvalid.
  static Result<Host> parse(std::string_view ip_text, int32_t port);
  bool v6() const noexcept { return len == 16; }
  ByteView ip_bytes() const noexcept { return {ip.data(), len}; }
  /// "1.2.3.4:5" as Java prints a bornHost without the slash.
  std::string to_string() const;
  bool operator==(const Host&) const = default;
};

}  // namespace mq
