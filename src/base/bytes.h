// Big-endian access and the byte types used everywhere. Every integer on RocketMQ's wire and disk is big-endian.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace mq {

using ByteView = std::span<const std::byte>;
using MutableByteView = std::span<std::byte>;

inline std::string_view as_text(ByteView b) noexcept { return {reinterpret_cast<const char*>(b.data()), b.size()}; }
inline ByteView as_bytes(std::string_view s) noexcept { return {reinterpret_cast<const std::byte*>(s.data()), s.size()}; }

/// Reads a big-endian integer at `p`; the caller has checked that sizeof(T) bytes are there.
template <class T>
  requires std::is_integral_v<T>
T load_be(const void* p) noexcept {
  using U = std::make_unsigned_t<T>;
  U v;
  std::memcpy(&v, p, sizeof v);
  if constexpr (sizeof(T) == 8) v = static_cast<U>(__builtin_bswap64(v));
  if constexpr (sizeof(T) == 4) v = static_cast<U>(__builtin_bswap32(v));
  if constexpr (sizeof(T) == 2) v = static_cast<U>(__builtin_bswap16(v));
  return static_cast<T>(v);
}

/// Writes `value` big-endian at `p`.
template <class T>
  requires std::is_integral_v<T>
void store_be(void* p, T value) noexcept {
  using U = std::make_unsigned_t<T>;
  U v = static_cast<U>(value);
  if constexpr (sizeof(T) == 8) v = static_cast<U>(__builtin_bswap64(v));
  if constexpr (sizeof(T) == 4) v = static_cast<U>(__builtin_bswap32(v));
  if constexpr (sizeof(T) == 2) v = static_cast<U>(__builtin_bswap16(v));
  std::memcpy(p, &v, sizeof v);
}

}  // namespace mq
