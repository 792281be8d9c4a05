// Names of the files of a segmented sequence: the position of their first byte as 20 decimal digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mq::store {

inline constexpr size_t kSegmentNameDigits = 20;

inline std::string segment_name(int64_t base) {
  std::string digits = std::to_string(base);
  return std::string(kSegmentNameDigits - digits.size(), '0') + digits;
}

/// nullopt for any other name: an editor's file, a JVM's non-ASCII digits.
inline std::optional<int64_t> parse_segment_name(std::string_view name) noexcept {
  if (name.size() != kSegmentNameDigits || name[0] != '0') return std::nullopt;   // 10^19 does not fit an int64
  int64_t base = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return std::nullopt;
    base = base * 10 + (c - '0');
  }
  return base;
}

}  // namespace mq::store
