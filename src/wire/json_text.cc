#include "wire/json_text.h"

#include <algorithm>
#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace mq::wire {
namespace {

/// May this byte begin something that is escaped? 0xC2 leads U+0080..BF, 0xE2 leads U+2000..2FFF.
constexpr bool suspicious(unsigned char c) noexcept {
  return c < 0x20 || c == '"' || c == '\\' || c == 0x7F || c == 0xC2 || c == 0xE2;
}

size_t first_suspicious(const char* p, size_t n) noexcept {
  size_t i = 0;
#if defined(__SSE2__)
  for (; i + 16 <= n; i += 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i));
    const auto is = [&](int c) { return _mm_cmpeq_epi8(v, _mm_set1_epi8(static_cast<char>(c))); };
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);
    const __m128i hit = _mm_or_si128(_mm_or_si128(_mm_or_si128(is('"'), is('\\')), _mm_or_si128(is(0x7F), control)),
                                     _mm_or_si128(is(0xC2), is(0xE2)));
    if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hit))) return i + static_cast<size_t>(std::countr_zero(mask));
  }
#endif
  while (i < n && !suspicious(static_cast<unsigned char>(p[i]))) ++i;
  return i;
}

void append_unit(ByteBuffer& out, unsigned unit) {
  const char* hex = "0123456789ABCDEF";
  const char text[6] = {'\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15]};
  out.append(text, sizeof text);
}

/// Writes the character at the front of `text` and says how many bytes it had.
size_t append_one(ByteBuffer& out, std::string_view text) {
  const auto at = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned c = at(0);
  if (c == 0xC2 && at(1) >= 0x80 && at(1) <= 0x9F) return append_unit(out, at(1)), 2;
  if (c == 0xE2 && at(1) == 0x80 && (at(2) == 0xA8 || at(2) == 0xA9)) return append_unit(out, 0x2000 | (at(2) & 0x3F)), 3;
  switch (c) {
    case '"': out.append("\\\"", 2); break;
    case '\\': out.append("\\\\", 2); break;
    case '\b': out.append("\\b", 2); break;
    case '\t': out.append("\\t", 2); break;
    case '\n': out.append("\\n", 2); break;
    case '\f': out.append("\\f", 2); break;
    case '\r': out.append("\\r", 2); break;
    default:
      if (c < 0x20 || c == 0x7F) append_unit(out, c);
      else out.push(static_cast<char>(c));
  }
  return 1;
}

}  // namespace

void append_json_text(ByteBuffer& out, std::string_view text) {
  while (true) {
    const size_t plain = first_suspicious(text.data(), text.size());
    out.append(text.data(), plain);
    if (plain == text.size()) return;
    text.remove_prefix(plain);
    text.remove_prefix(append_one(out, text));
  }
}

bool is_plain_json_text(std::string_view text) noexcept {
#if defined(__SSE2__)
  // Keys and ids are ASCII: all of it is looked at without asking in between where something is.
  if (constexpr size_t kBlock = 16; text.size() >= kBlock) {
    __m128i hit = _mm_setzero_si128();
    for (size_t i = 0, last = text.size() - kBlock;; i = std::min(i + kBlock, last)) {   // the last overlaps
      const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
      const auto is = [&](char c) { return _mm_cmpeq_epi8(v, _mm_set1_epi8(c)); };
      const __m128i control_or_not_ascii = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));   // signed
      hit = _mm_or_si128(hit, _mm_or_si128(_mm_or_si128(is('"'), is('\\')), _mm_or_si128(is(0x7F), control_or_not_ascii)));
      if (i == last) break;
    }
    if (!_mm_movemask_epi8(hit)) return true;
  }
#endif
  return first_suspicious(text.data(), text.size()) == text.size();
}

}  // namespace mq::wire
