#include "wire/json_escape.h"

#include <cstdint>

#include "base/utf8.h"

namespace mq::wire::internal {
namespace {

const char* refuse(const char*& why, const char* text) noexcept {
  if (!why) why = text;
  return nullptr;
}

/// The UTF-16 unit written at `slash`, or -1.
int32_t unit(const char* slash, const char* end) noexcept {
  if (end - slash < 6 || slash[0] != '\\' || slash[1] != 'u') return -1;
  int32_t v = 0;
  for (int i = 2; i < 6; ++i) {
    const int d = hex_digit(slash[i]);
    if (d < 0) return -1;
    v = v << 4 | d;
  }
  return v;
}

const char* unescape_unit(const char* slash, const char* end, char*& to, const char*& why) noexcept {
  const int32_t first = unit(slash, end);
  if (first < 0) return refuse(why, "\\u needs four hexadecimal digits");
  if (first < 0xD800 || first > 0xDFFF) {
    to = put_utf8(to, static_cast<char32_t>(first));
    return slash + 6;
  }
  const int32_t second = first < 0xDC00 ? unit(slash + 6, end) : -1;
  if (second >= 0xDC00 && second <= 0xDFFF) {
    to = put_utf8(to, static_cast<char32_t>(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)));
    return slash + 12;
  }
  *to++ = '?';   // what String.getBytes(UTF_8) makes of half a pair
  return slash + 6;
}

}  // namespace

const char* unescape_json(const char* slash, const char* end, char*& to, const char*& why) noexcept {
  if (slash + 1 >= end) return refuse(why, "a string does not end");
  const char c = slash[1];
  switch (c) {
    case 'b': *to++ = '\b'; break;
    case 't': *to++ = '\t'; break;
    case 'n': *to++ = '\n'; break;
    case 'v': *to++ = '\v'; break;
    case 'f': case 'F': *to++ = '\f'; break;
    case 'r': *to++ = '\r'; break;
    case '"': case '\'': case '/': case '\\': *to++ = c; break;
    case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7':
      *to++ = static_cast<char>(c - '0');
      break;
    case 'x': {
      const int high = slash + 3 < end ? hex_digit(slash[2]) : -1, low = slash + 3 < end ? hex_digit(slash[3]) : -1;
      if (high < 0 || low < 0) return refuse(why, "\\x needs two hexadecimal digits");
      to = put_utf8(to, static_cast<char32_t>(high << 4 | low));
      return slash + 4;
    }
    case 'u': return unescape_unit(slash, end, to, why);
    default: return refuse(why, "unknown escape");
  }
  return slash + 2;
}

}  // namespace mq::wire::internal
