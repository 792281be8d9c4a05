// The bloom filter that says in a few bits which groups' filters match a message. Source: spec storage 2.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace mq::broker {

/// The lower half of murmur3_128 with seed 0.
uint64_t murmur3_64(std::string_view text) noexcept;

/// Immutable, any thread.
class BloomFilter {
 public:
  /// `error_percent` 1..99, `expected` >= 1; what is outside counts as the nearest.
  BloomFilter(int32_t error_percent, int32_t expected) noexcept;

  int32_t hashes() const noexcept { return hashes_; }          // k
  int32_t bits() const noexcept { return bits_; }              // m, a multiple of 8
  /// The positions of a text, `hashes()` of them, each below `bits()`.
  std::vector<int32_t> positions(std::string_view text) const;

  static void set(std::span<std::byte> bit_map, std::span<const int32_t> positions) noexcept {
    for (const int32_t p : positions) bit_map[static_cast<size_t>(p) / 8] |= std::byte{1} << (p % 8);
  }
  static bool all_set(ByteView bit_map, std::span<const int32_t> positions) noexcept {
    for (const int32_t p : positions) {
      if ((bit_map[static_cast<size_t>(p) / 8] & (std::byte{1} << (p % 8))) == std::byte{0}) return false;
    }
    return true;
  }

 private:
  int32_t hashes_ = 0;
  int32_t bits_ = 0;
};

}  // namespace mq::broker
