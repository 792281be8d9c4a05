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
  char block[16] = {};
  if (n < sizeof block) {   // not a byte behind the text is read
    if (n > 0) std::memcpy(block, p, n);
    p = block;
    n = sizeof block;
  }
  const __m128i one = _mm_set1_epi8(1), two = _mm_set1_epi8(2);
  for (size_t i = 0, last = n - sizeof block;; i = std::min(i + sizeof block, last)) {   // the last overlaps
    const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i));
    m.ones |= uint64_t{static_cast<uint16_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(part, one)))} << i;
    m.twos |= uint64_t{static_cast<uint16_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(part, two)))} << i;
    if (i == last) break;
  }
#else
  for (size_t i = 0; i < n; ++i) {
    m.ones |= uint64_t{p[i] == '\1'} << i;
    m.twos |= uint64_t{p[i] == '\2'} << i;
  }
#endif
  return m;
}

template <bool kEither>
size_t PropertyReader::find(size_t from) noexcept {
  while (from < text_.size()) {
    if (from - seen_ >= kWindow) look(from);
    const uint64_t marks = (kEither ? marks_.ones | marks_.twos : marks_.twos) >> (from - seen_);
    if (marks) return from + static_cast<size_t>(std::countr_zero(marks));
    from = seen_ + kWindow;
  }
  return text_.size();
}

bool PropertyReader::next_of_any_form(std::string_view& name, std::string_view& value) noexcept {
  if (at_ != seen_) {
    look(at_);
    if (next_in_window(name, value)) return true;
  }
  while (at_ < text_.size()) {
    const size_t begin = at_, split = find<true>(begin), end = text_.size() > split && text_[split] == '\1' ? find<false>(split + 1) : split;
    at_ = end + 1;
    if (split == begin || split + 1 >= end) continue;
    name = text_.substr(begin, split - begin);
    value = text_.substr(split + 1, end - split - 1);
    return true;
  }
  return false;
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

/// 31^0, 31^1, ... 31^16.
constexpr std::array<uint32_t, 17> kPowers = [] {
  std::array<uint32_t, 17> p{1};
  for (size_t i = 1; i < p.size(); ++i) p[i] = p[i - 1] * 31;
  return p;
}();

#ifdef __SSE2__
/// The hash of 16 characters alone.
uint32_t hash_of_16(__m128i ascii) noexcept {
  const __m128i zero = _mm_setzero_si128();
  const __m128i powers = _mm_setr_epi16(29791, 961, 31, 1, 29791, 961, 31, 1);   // 31^3 ... 31^0: of four characters each
  const __m128i front = _mm_madd_epi16(_mm_unpacklo_epi8(ascii, zero), powers), back = _mm_madd_epi16(_mm_unpackhi_epi8(ascii, zero), powers);
  const __m128 a = _mm_castsi128_ps(front), b = _mm_castsi128_ps(back);
  const __m128i fours = _mm_add_epi32(_mm_castps_si128(_mm_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0))), _mm_castps_si128(_mm_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1))));
  const __m128i first_and_third = _mm_mul_epu32(fours, _mm_setr_epi32(static_cast<int>(kPowers[12]), 0, static_cast<int>(kPowers[4]), 0));
  const __m128i second_and_fourth = _mm_mul_epu32(_mm_srli_epi64(fours, 32), _mm_setr_epi32(static_cast<int>(kPowers[8]), 0, 1, 0));
  const __m128i sums = _mm_add_epi32(first_and_third, second_and_fourth);   // their low halves count
  return static_cast<uint32_t>(_mm_cvtsi128_si32(_mm_add_epi32(sums, _mm_unpackhi_epi64(sums, sums))));
}
#endif

/// From the first character that is not ASCII on. Apart, so that the hash of others needs no stack.
[[gnu::noinline]] int32_t hash_of_any(std::string_view utf8, uint32_t h) noexcept {
  size_t bad = 0;
  while (!utf8.empty()) {
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

}  // namespace

int32_t java_hash(std::string_view utf8, int32_t before) noexcept {
  auto h = static_cast<uint32_t>(before);
#ifdef __SSE2__
  while (utf8.size() >= 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(utf8.data()));
    if (_mm_movemask_epi8(block)) break;
    h = h * kPowers[16] + hash_of_16(block);
    utf8.remove_prefix(16);
  }
#endif
  // Eight characters at once: one multiplication waits for the step before instead of eight.
  while (utf8.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, utf8.data(), 8);
    if (word & 0x8080808080808080) break;
    const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(utf8[i])) * kPowers[7 - i]; };
    h = h * kPowers[8] + ((at(0) + at(1)) + (at(2) + at(3))) + ((at(4) + at(5)) + (at(6) + at(7)));
    utf8.remove_prefix(8);
  }
  for (; !utf8.empty(); utf8.remove_prefix(1)) {
    const auto ascii = static_cast<unsigned char>(utf8.front());
    if (ascii >= 0x80) [[unlikely]] return hash_of_any(utf8, h);
    h = h * 31 + ascii;
  }
  return static_cast<int32_t>(h);
}

}  // namespace mq
