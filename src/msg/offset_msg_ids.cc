#include "msg/offset_msg_ids.h"

#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace mq {
namespace {

/// Each byte's two digits.
constexpr auto kHexPairs = [] {
  std::array<std::array<char, 2>, 256> pairs{};
  for (size_t b = 0; b < 256; ++b) pairs[b] = {"0123456789ABCDEF"[b >> 4], "0123456789ABCDEF"[b & 15]};
  return pairs;
}();

/// Two upper-case digits of each byte. Where they end.
char* put_hex(char* hex, ByteView bytes) noexcept {
  for (const std::byte b : bytes) {
    std::memcpy(hex, kHexPairs[static_cast<size_t>(b)].data(), 2);
    hex += 2;
  }
  return hex;
}

/// The 16 digits of a number.
inline void put_hex_of_8(char* hex, int64_t v) noexcept {
#ifdef __SSE2__
  const __m128i low = _mm_set1_epi8(15), bytes = _mm_cvtsi64_si128(static_cast<int64_t>(__builtin_bswap64(static_cast<uint64_t>(v))));
  const __m128i halves = _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), low), _mm_and_si128(bytes, low));
  const __m128i letters = _mm_and_si128(_mm_cmpgt_epi8(halves, _mm_set1_epi8(9)), _mm_set1_epi8('A' - '0' - 10));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(hex), _mm_add_epi8(_mm_add_epi8(halves, _mm_set1_epi8('0')), letters));
#else
  std::byte raw[8];
  store_be(raw, v);
  put_hex(hex, raw);
#endif
}

}  // namespace

OffsetMsgIds::OffsetMsgIds(const Host& store_host) noexcept : host_size_(2 * (store_host.len + sizeof store_host.port)) {
  std::byte port[sizeof store_host.port];
  store_be(port, store_host.port);
  put_hex(put_hex(host_.data(), store_host.ip_bytes()), port);
}

char* OffsetMsgIds::put_offset(char* at, PhyOffset offset) noexcept {
  put_hex_of_8(at, offset.bytes);
  return at + kOffsetDigits;
}

char* OffsetMsgIds::put(char* at, std::span<const PhyOffset> offsets) const noexcept {
  for (size_t i = 0; i < offsets.size(); ++i) {
    if (i > 0) *at++ = ',';
    std::memcpy(at, host_.data(), host_size_);
    at = put_offset(at + host_size_, offsets[i]);
  }
  return at;
}

}  // namespace mq
