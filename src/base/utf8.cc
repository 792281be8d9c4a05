#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace mq {

char32_t next_code_point(std::string_view& t, size_t& bad) noexcept {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(t[i]); };
  const unsigned char lead = at(0);
  size_t more = 0;
  char32_t c = lead;
  unsigned char low = 0x80, high = 0xBF;   // what the second byte may be
  if (lead < 0x80) {
    more = 0;
  } else if (lead >= 0xC2 && lead <= 0xDF) {
    more = 1, c = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    more = 2, c = lead & 0x0F;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;   // no surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    more = 3, c = lead & 0x07;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;   // nothing beyond U+10FFFF
  } else {
    t.remove_prefix(1);
    ++bad;
    return 0xFFFD;
  }
  size_t i = 1;
  for (; i <= more && i < t.size() && at(i) >= low && at(i) <= high; ++i) {
    c = c << 6 | (at(i) & 0x3F);
    low = 0x80, high = 0xBF;
  }
  t.remove_prefix(i);
  if (i == more + 1) return c;
  ++bad;
  return 0xFFFD;
}

bool is_ascii(std::string_view t) noexcept {
  uint64_t high = 0;
  size_t i = 0;
  for (; i + 8 <= t.size(); i += 8) {
    uint64_t v;
    std::memcpy(&v, t.data() + i, 8);
    high |= v;
  }
  for (; i < t.size(); ++i) high |= static_cast<unsigned char>(t[i]);
  return (high & 0x8080808080808080u) == 0;
}

bool is_utf8(std::string_view t) noexcept {
  size_t bad = 0;
  while (!t.empty() && bad == 0) {
    const size_t step = t.size() < 16 ? t.size() : 16;
    if (is_ascii(t.substr(0, step))) {
      t.remove_prefix(step);
    } else {
      for (const char* until = t.data() + step; t.data() < until && bad == 0;) next_code_point(t, bad);
    }
  }
  return bad == 0;
}

void append_repaired(ByteBuffer& out, std::string_view t) {
  size_t bad = 0;
  while (!t.empty()) {
    char* to = reinterpret_cast<char*>(out.reserve(4));
    out.commit(static_cast<size_t>(put_utf8(to, next_code_point(t, bad)) - to));
  }
}

}  // namespace mq
