// Copies of names and keys, which are short as a rule.
#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>

namespace mq {

/// memcpy that copies up to 32 bytes without a call.
inline void copy_short(void* to, const void* from, size_t n) noexcept {
  auto* const t = static_cast<std::byte*>(to);
  const auto* const f = static_cast<const std::byte*>(from);
  const auto both_ends = [&]<size_t kSize>(std::integral_constant<size_t, kSize>) {   // which overlap; kSize <= n <= 2 kSize
    std::byte first[kSize], last[kSize];
    std::memcpy(first, f, kSize);
    std::memcpy(last, f + n - kSize, kSize);
    std::memcpy(t, first, kSize);
    std::memcpy(t + n - kSize, last, kSize);
  };
  if (n > 32) [[unlikely]] std::memcpy(t, f, n);
  else if (n >= 16) both_ends(std::integral_constant<size_t, 16>());
  else if (n >= 8) both_ends(std::integral_constant<size_t, 8>());
  else if (n >= 4) both_ends(std::integral_constant<size_t, 4>());
  else for (size_t i = 0; i < n; ++i) t[i] = f[i];
}

}  // namespace mq
