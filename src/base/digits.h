// Numbers as decimal digits, two at a time: what the codecs write for each message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mq {

inline constexpr size_t kMostDigits = 20;   // of an int64_t with its sign

namespace detail {

/// The two digits of 0 ... 99.
inline constexpr auto kDigitPairs = [] {
  std::array<std::array<char, 2>, 100> pairs{};
  for (size_t i = 0; i < pairs.size(); ++i) pairs[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  return pairs;
}();

inline char* put_2(char* at, uint32_t v) noexcept {
  std::memcpy(at, kDigitPairs[v].data(), 2);
  return at + 2;
}
inline char* put_4(char* at, uint32_t v) noexcept { return put_2(put_2(at, v / 100), v % 100); }
inline char* put_8(char* at, uint32_t v) noexcept { return put_4(put_4(at, v / 10'000), v % 10'000); }

/// As many digits as it has, of a number below 100, below 10,000, and of any.
inline char* put_to_2(char* at, uint32_t v) noexcept {
  if (v >= 10) return put_2(at, v);
  *at = static_cast<char>('0' + v);
  return at + 1;
}
inline char* put_to_4(char* at, uint32_t v) noexcept { return v < 100 ? put_to_2(at, v) : put_2(put_to_2(at, v / 100), v % 100); }
inline char* put_all(char* at, uint64_t v) noexcept {
  if (v < 10'000) return put_to_4(at, static_cast<uint32_t>(v));
  if (v < 100'000'000) return put_4(put_to_4(at, static_cast<uint32_t>(v) / 10'000), static_cast<uint32_t>(v) % 10'000);
  return put_8(put_all(at, v / 100'000'000), static_cast<uint32_t>(v % 100'000'000));
}

}  // namespace detail

/// Writes what std::to_chars would at `at`, which has room for kMostDigits. Where it ends.
inline char* put_number(char* at, int64_t v) noexcept {
  if (v >= 0) return detail::put_all(at, static_cast<uint64_t>(v));
  *at = '-';
  return detail::put_all(at + 1, 0 - static_cast<uint64_t>(v));
}

}  // namespace mq
