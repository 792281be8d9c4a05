// Decodes JSON headers that look like one seen before without parsing them.
//
// A client writes the headers of its requests in one form: the same keys in the same order, values of the same lengths.
// The cache keeps such a form, the shape of a header, under the header's length: which bytes must be as they were, which
// may be any plain character, and where the values stand. A header of that shape is checked in blocks of 16 bytes and
// its values are taken from their places; any other goes through decode_frame and may become the shape of its length.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "wire/frame.h"

namespace mq::wire {

/// Badge: owned by one io loop.
class ShapeCache {
 public:
  ShapeCache();
  ~ShapeCache();
  ShapeCache(const ShapeCache&) = delete;
  ShapeCache& operator=(const ShapeCache&) = delete;

  /// As decode_frame, with the same results for all input.
  Result<> decode(ByteView frame, Frame& out);

  /// Frames decoded by their shape so far.
  uint64_t hits() const noexcept { return hits_; }

 private:
  struct Shape;
  static constexpr size_t kSlots = 64;
  static constexpr int kMissesBeforeChange = 3;   // a slot changes hands only when its shape is not seen any more

  void learn(ByteView frame, const Frame& decoded);

  struct Slot {
    std::unique_ptr<Shape> shape;
    int misses = 0;
  };
  std::array<Slot, kSlots> slots_;
  uint64_t hits_ = 0;
};

}  // namespace mq::wire
