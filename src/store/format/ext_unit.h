// One unit of a ConsumeQueueExt file: what a ConsumeQueue entry has no room for. Source: spec storage 2.3.
//
//   offset  width  field
//        0      2  size of the unit: 20 + bytes of the bit map
//        2      8  tagsCode
//       10      8  storeTimestamp of the record, ms
//       18      2  bytes of the bit map
//       20      n  bit map: which registered filters match
//
// A unit leaves at least 4 bytes of its file; where it does not fit, -1 (2 bytes) ends the file. The entry's tagsCode is then
// the unit's address: its position among all files + Long.MIN_VALUE, which no hash of a tag can be.
#pragma once

#include <optional>

#include "base/byte_buffer.h"
#include "base/bytes.h"

namespace mq::store {

struct ExtUnit {
  int64_t tagsCode = 0;
  int64_t storeTimestamp = 0;
  ByteView bit_map;

  static constexpr int64_t kHeadBytes = 20;
  static constexpr int64_t kEndBytes = 4;
  static constexpr int64_t kMaxBytes = INT16_MAX;
  static constexpr int64_t kMaxAddress = int64_t{INT32_MIN} - 1;

  static constexpr bool is_address(int64_t tagsCode) noexcept { return tagsCode <= kMaxAddress; }
  static constexpr int64_t address(int64_t position) noexcept { return position + INT64_MIN; }
  static constexpr int64_t position(int64_t address) noexcept { return address - INT64_MIN; }

  int64_t bytes() const noexcept { return kHeadBytes + static_cast<int64_t>(bit_map.size()); }
  void append_to(ByteBuffer& out) const {
    out.append_be(static_cast<int16_t>(bytes()));
    out.append_be(tagsCode);
    out.append_be(storeTimestamp);
    out.append_be(static_cast<int16_t>(bit_map.size()));
    out.append(bit_map);
  }
  /// The size that stands at the front of `bytes`; 0 or below: the data ends here.
  static int64_t size_at(ByteView bytes) noexcept { return bytes.size() < 2 ? 0 : load_be<int16_t>(bytes.data()); }
  /// The unit at the front of `bytes`; its bit map is a view into them. None when it is not whole.
  static std::optional<ExtUnit> load(ByteView bytes) noexcept {
    const int64_t size = size_at(bytes);
    if (size < kHeadBytes || static_cast<size_t>(size) > bytes.size()) return std::nullopt;
    const auto bits = load_be<int16_t>(bytes.data() + 18);
    if (bits < 0 || kHeadBytes + bits != size) return std::nullopt;
    return ExtUnit{load_be<int64_t>(bytes.data() + 2), load_be<int64_t>(bytes.data() + 10), bytes.subspan(kHeadBytes, static_cast<size_t>(bits))};
  }
};

}  // namespace mq::store
