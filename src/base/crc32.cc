// Folding by carry-less multiplication: 64 bytes at a time are multiplied by x^n mod P and added to the next 64, then
// four lanes become one, 128 bits become 64 and a Barrett reduction leaves 32. The method is Intel's white paper "Fast
// CRC Computation for Generic Polynomials Using PCLMULQDQ" (2009), bit-reflected form; the constants follow from P.
#include "base/crc32.h"

#include <zlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mq {

namespace {

uint32_t by_zlib(uint32_t crc, const std::byte* p, size_t n) noexcept {
  return static_cast<uint32_t>(crc32_z(crc, reinterpret_cast<const Bytef*>(p), n));
}

#if defined(__x86_64__)
// x^n mod P for the distances of the folds, reflected and shifted by one.
constexpr long long kFold512Low = 0x0154442bd4, kFold512High = 0x01c6e41596;
constexpr long long kFold128Low = 0x01751997d0, kFold128High = 0x00ccaa009e;
constexpr long long kFold64 = 0x0163cd6124;
constexpr long long kP = 0x01db710641, kMu = 0x01f7011641;
constexpr size_t kSmallest = 64;   // below this zlib's tables are as fast

[[gnu::target("pclmul,sse4.1")]] inline __m128i load(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
[[gnu::target("pclmul,sse4.1")]] inline __m128i fold(__m128i x, __m128i k, __m128i next) {
  return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, k, 0x00), _mm_clmulepi64_si128(x, k, 0x11)), next);
}

[[gnu::target("pclmul,sse4.1")]] uint32_t by_multiplication(uint32_t crc, const std::byte* p, size_t n) noexcept {
  if (n < kSmallest) return by_zlib(crc, p, n);
  __m128i a = _mm_xor_si128(load(p), _mm_cvtsi32_si128(static_cast<int>(~crc)));
  __m128i b = load(p + 16), c = load(p + 32), d = load(p + 48);
  p += 64, n -= 64;
  const __m128i by512 = _mm_set_epi64x(kFold512High, kFold512Low);
  for (; n >= 64; p += 64, n -= 64) {
    a = fold(a, by512, load(p));
    b = fold(b, by512, load(p + 16));
    c = fold(c, by512, load(p + 32));
    d = fold(d, by512, load(p + 48));
  }
  const __m128i by128 = _mm_set_epi64x(kFold128High, kFold128Low);
  a = fold(fold(fold(a, by128, b), by128, c), by128, d);
  for (; n >= 16; p += 16, n -= 16) a = fold(a, by128, load(p));

  const __m128i low32 = _mm_setr_epi32(-1, 0, -1, 0);
  a = _mm_xor_si128(_mm_srli_si128(a, 8), _mm_clmulepi64_si128(a, by128, 0x10));
  a = _mm_xor_si128(_mm_srli_si128(a, 4), _mm_clmulepi64_si128(_mm_and_si128(a, low32), _mm_set_epi64x(0, kFold64), 0x00));
  const __m128i barrett = _mm_set_epi64x(kMu, kP);
  __m128i q = _mm_clmulepi64_si128(_mm_and_si128(a, low32), barrett, 0x10);
  q = _mm_clmulepi64_si128(_mm_and_si128(q, low32), barrett, 0x00);
  const uint32_t folded = ~static_cast<uint32_t>(_mm_extract_epi32(_mm_xor_si128(a, q), 1));
  return n == 0 ? folded : by_zlib(folded, p, n);
}
#endif

using Method = uint32_t (*)(uint32_t, const std::byte*, size_t) noexcept;

Method choose() noexcept {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) return by_multiplication;
#endif
  return by_zlib;
}

const Method method = choose();   // no guard to ask for each message

}  // namespace

uint32_t crc32(uint32_t crc, ByteView bytes) noexcept { return method(crc, bytes.data(), bytes.size()); }
uint32_t crc32(ByteView bytes) noexcept { return method(0, bytes.data(), bytes.size()); }

}  // namespace mq
