// Decodes JSON headers that look like one seen before without parsing them.
//
// A client writes the headers of its requests in one form: the same keys in the same order, values of the same lengths, most of them
// the same each time. The cache keeps such a form, the shape of a header, under the header's length: which bytes must be as they
// were, which may be any plain character, and where the values stand. A header of that shape is checked in blocks of 16 or 32 bytes and its
// values are taken from their places when they are asked for; any other goes through decode_frame and widens the shape of its length by
// the values in which it differs, or becomes the shape of its length.
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
  static constexpr int kMostRefused = 64;         // then headers of that length that do not fit are of other forms, which need not be learnt

  struct Slot {
    std::unique_ptr<Shape> shape;
    int misses = 0;         // since it fitted or was widened
  };
  void learn(std::string_view header, const char* readable, const Frame& decoded, Slot& slot);

  std::array<Slot, kSlots> slots_;
  uint64_t hits_ = 0;
};

}  // namespace mq::wire
