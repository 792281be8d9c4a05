// The escapes of JSON strings as fastjson reads them; not for other modules.
#pragma once

namespace mq::wire::internal {

/// The value of a hexadecimal digit, or -1.
constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// Writes what the escape at `slash` means to `to`, which needs no more room than the escape. Returns the place behind it,
/// or nullptr and sets `why` unless it is set.
const char* unescape_json(const char* slash, const char* end, char*& to, const char*& why) noexcept;

}  // namespace mq::wire::internal
