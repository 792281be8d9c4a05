#include "msg/properties.h"

#include <algorithm>
#include <array>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/utf8.h"
#include "msg/types.h"

namespace mq {

PropertyReader::Marks PropertyReader::marks_of(const char* p, size_t n) noexcept {
  Marks m;
#ifdef __SSE2__
  char block[64];
  if (n < sizeof block) {   // not a byte behind the text is read
    std::memset(block, 0, sizeof block);
    std::memcpy(block, p, n);
    p = block;
  }
  const __m128i one = _mm_set1_epi8(1), two = _mm_set1_epi8(2);
  for (unsigned i = 0; i < 4; ++i) {
    const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * i));
    m.ones |= uint64_t{static_cast<uint16_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(part, one)))} << (16 * i);
    m.twos |= uint64_t{static_cast<uint16_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(part, two)))} << (16 * i);
  }
#else
  for (size_t i = 0; i < n; ++i) {
    m.ones |= uint64_t{p[i] == '\1'} << i;
    m.twos |= uint64_t{p[i] == '\2'} << i;
  }
#endif
  return m;
}

FindableProperties findable_properties(std::string_view properties) noexcept {
  FindableProperties found;
  std::string_view name, value;
  for (PropertyReader reader(properties); reader.next(name, value);) {
    if (name == prop::kUniqKey) found.uniq_key = value;
    else if (name == prop::kKeys) found.keys = value;
    else if (name == prop::kTags) found.tags = value;
  }
  return found;
}

std::string_view find_property(std::string_view properties, std::string_view name) noexcept {
  std::string_view found, n, v;
  for (PropertyReader reader(properties); reader.next(n, v);) {
    if (n == name) found = v;   // a later pair of the same name wins
  }
  return found;
}

void append_property(ByteBuffer& out, size_t start, std::string_view name, std::string_view value) {
  if (out.size() > start && out.data()[out.size() - 1] != std::byte{2}) out.push('\2');
  out.append(name);
  out.push('\1');
  out.append(value);
  out.push('\2');
}

std::string without_property(std::string_view properties, std::string_view name) {
  std::string kept;
  kept.reserve(properties.size());
  while (!properties.empty()) {
    const size_t end = properties.find('\2');
    const size_t size = end == std::string_view::npos ? properties.size() : end + 1;
    const std::string_view pair = properties.substr(0, size);
    // Whatever is not a pair of that name stays byte for byte.
    if (!(pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '\1')) kept.append(pair);
    properties.remove_prefix(size);
  }
  return kept;
}

std::string with_property(std::string_view properties, std::string_view name, std::string_view value) {
  std::string out = without_property(properties, name);
  if (!out.empty() && out.back() != '\x02') out += '\x02';
  return out.append(name).append(1, '\x01').append(value).append(1, '\x02');
}

namespace {

/// 31^8, 31^7, ... 31^0.
constexpr std::array<uint32_t, 9> kPowers = [] {
  std::array<uint32_t, 9> p{};
  p[8] = 1;
  for (size_t i = 8; i-- > 0;) p[i] = p[i + 1] * 31;
  return p;
}();

}  // namespace

int32_t java_hash(std::string_view utf8, int32_t before) noexcept {
  auto h = static_cast<uint32_t>(before);
  // Eight characters at once: one multiplication waits for the step before instead of eight.
  while (utf8.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, utf8.data(), 8);
    if (word & 0x8080808080808080) break;
    const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(utf8[i])) * kPowers[i + 1]; };
    h = h * kPowers[0] + ((at(0) + at(1)) + (at(2) + at(3))) + ((at(4) + at(5)) + (at(6) + at(7)));
    utf8.remove_prefix(8);
  }
  size_t bad = 0;
  while (!utf8.empty()) {
    if (const auto ascii = static_cast<unsigned char>(utf8.front()); ascii < 0x80) [[likely]] {
      h = h * 31 + ascii;
      utf8.remove_prefix(1);
      continue;
    }
    const char32_t c = next_code_point(utf8, bad);
    if (c < 0x10000) {
      h = h * 31 + c;
    } else {
      h = h * 31 + (0xD800 + ((c - 0x10000) >> 10));
      h = h * 31 + (0xDC00 + ((c - 0x10000) & 0x3FF));
    }
  }
  return static_cast<int32_t>(h);
}

}  // namespace mq
