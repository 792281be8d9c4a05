// One entry of a ConsumeQueue file: where the n-th message of a queue stands in the CommitLog.
//
//   offset  width  field
//        0      8  physical offset of the record
//        8      4  its size in bytes
//       12      8  tagsCode: hash of TAGS; in SCHEDULE_TOPIC_XXXX the time of delivery in ms
//
// Entry i of a queue is at byte 20 * i of the queue's byte space. Data ends at the first entry with size <= 0.
// Source: spec storage 2.2.
#pragma once

#include "base/bytes.h"

namespace mq::store {

struct CqEntry {
  int64_t phy = 0;
  int32_t size = 0;
  int64_t tagsCode = 0;

  static constexpr int64_t kBytes = 20;
  /// The size that fills slots before the first message of a queue that starts in the middle of a file.
  static constexpr int32_t kPrefillSize = 0x7FFFFFFF;
  static constexpr CqEntry prefill() { return {0, kPrefillSize, 0}; }

  bool valid() const noexcept { return phy >= 0 && size > 0 && phy <= INT64_MAX - size; }
  bool operator==(const CqEntry&) const = default;
  bool is_prefill() const noexcept { return size == kPrefillSize && phy == 0; }
  int64_t end() const noexcept { return phy + size; }   // of a valid entry

  static CqEntry load(const std::byte* p) noexcept {
    return {load_be<int64_t>(p), load_be<int32_t>(p + 8), load_be<int64_t>(p + 12)};
  }
  void store(std::byte* p) const noexcept {
    store_be(p, phy);
    store_be(p + 8, size);
    store_be(p + 12, tagsCode);
  }
};

}  // namespace mq::store
