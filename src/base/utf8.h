// UTF-8 as Java's decoder sees it: malformed bytes count as U+FFFD, one for each maximal part of a character.
#pragma once

#include <string_view>

#include "base/byte_buffer.h"

namespace mq {

/// Takes one code point off the front of `t`, which is not empty. What is malformed gives U+FFFD and is counted in `bad`.
char32_t next_code_point(std::string_view& t, size_t& bad) noexcept;

/// Appends a code point that is no surrogate to `to`, which has room for 4 bytes. Returns the end.
inline char* put_utf8(char* to, char32_t c) noexcept {
  if (c < 0x80) {
    *to++ = static_cast<char>(c);
  } else if (c < 0x800) {
    *to++ = static_cast<char>(0xC0 | c >> 6);
    *to++ = static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    *to++ = static_cast<char>(0xE0 | c >> 12);
    *to++ = static_cast<char>(0x80 | (c >> 6 & 0x3F));
    *to++ = static_cast<char>(0x80 | (c & 0x3F));
  } else {
    *to++ = static_cast<char>(0xF0 | c >> 18);
    *to++ = static_cast<char>(0x80 | (c >> 12 & 0x3F));
    *to++ = static_cast<char>(0x80 | (c >> 6 & 0x3F));
    *to++ = static_cast<char>(0x80 | (c & 0x3F));
  }
  return to;
}

bool is_ascii(std::string_view t) noexcept;
bool is_utf8(std::string_view t) noexcept;
/// Appends `t` with U+FFFD in place of what is malformed: new String(bytes, UTF_8).getBytes(UTF_8).
void append_repaired(ByteBuffer& out, std::string_view t);

}  // namespace mq
