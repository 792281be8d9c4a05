// What a crash does to the last records of a log: what was not written in time is still zeros, the end of the last write or
// any sector. The CRC of a record covers its body alone, so topic and properties are looked at for zeros.
#pragma once

#include <algorithm>

#include "msg/record.h"

namespace mq::store {

inline constexpr int64_t kSectorBytes = 512;

/// True when topic or properties end with a NUL byte, or have nothing else in a sector: neither is ever so when it is whole.
/// A sector that also holds lengths or parts of the body shows by those.
/// Units: `position` is that of the record in its file.
inline bool is_torn(const RecordView& record, int64_t position) noexcept {
  const auto lost = [&](std::string_view text) {
    if (!text.empty() && text.back() == '\0') return true;
    const int64_t begin = position + (reinterpret_cast<const std::byte*>(text.data()) - record.bytes.data());
    const int64_t end = begin + static_cast<int64_t>(text.size());
    for (int64_t sector = (begin + kSectorBytes - 1) / kSectorBytes * kSectorBytes; sector < end; sector += kSectorBytes) {
      const std::string_view part = text.substr(static_cast<size_t>(sector - begin), kSectorBytes);
      if (std::all_of(part.begin(), part.end(), [](char c) { return c == '\0'; })) return true;
    }
    return false;
  };
  return lost(record.m.topic) || lost(record.m.properties);
}

}  // namespace mq::store
