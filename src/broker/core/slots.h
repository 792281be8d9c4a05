// What puts under way will need: records by slot number (PutSink), used over and over.
#pragma once

#include <cstdint>
#include <vector>

namespace mq::broker {

/// Badge: owned by one loop. A steady load allocates nothing. References die with the next take().
template <class T>
class Slots {
 public:
  /// A slot for the caller to fill: it holds what its last owner left in it.
  uint32_t take() {
    if (free_.empty()) {
      items_.emplace_back();
      return static_cast<uint32_t>(items_.size() - 1);
    }
    const uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  T& operator[](uint32_t slot) noexcept { return items_[slot]; }
  void give_back(uint32_t slot) { free_.push_back(slot); }

 private:
  std::vector<T> items_;
  std::vector<uint32_t> free_;
};

}  // namespace mq::broker
