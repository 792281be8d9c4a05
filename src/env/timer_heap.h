// Timers of one loop: a binary heap with positions, so that a cancelled timer leaves at once and long-lived loops with
// many held requests carry no dead entries. Ids are a slot and its generation: cancelling a fired timer does nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/function.h"

namespace mq::env {

/// Badge: owned by loop. Allocates only while it grows.
class TimerHeap {
 public:
  bool empty() const noexcept { return heap_.empty(); }
  size_t size() const noexcept { return heap_.size(); }
  /// When the first timer is due; only when not empty.
  int64_t first_us() const noexcept { return heap_.front().when_us; }

  uint64_t add(int64_t when_us, Task task) {
    uint32_t index;
    if (free_.empty()) {
      index = static_cast<uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    Slot& slot = slots_[index];
    slot.task = std::move(task);
    heap_.push_back({when_us, next_seq_++, index});
    slot.at = heap_.size() - 1;
    up(slot.at);
    return uint64_t{slot.generation} << 32 | (index + 1);
  }

  void cancel(uint64_t id) noexcept {
    const uint32_t index = static_cast<uint32_t>(id) - 1;
    if (id == 0 || index >= slots_.size()) return;
    Slot& slot = slots_[index];
    if (slot.generation != id >> 32 || slot.at == kNowhere) return;
    Task dead = std::move(slot.task);   // destroyed last: its captures may call back
    take(slot.at);
  }

  /// Runs the timers due at `now_us` that existed before the call, in order of time, then of adding. Returns how many.
  size_t run_due(int64_t now_us) {
    const uint64_t limit = next_seq_;
    size_t count = 0;
    while (!heap_.empty() && heap_.front().when_us <= now_us && heap_.front().seq < limit) {
      Task task = std::move(slots_[heap_.front().slot].task);
      take(0);
      ++count;
      task();
    }
    return count;
  }

  void clear() noexcept {
    while (!heap_.empty()) {
      Task dead = std::move(slots_[heap_.back().slot].task);
      take(heap_.size() - 1);
    }
  }

 private:
  static constexpr size_t kNowhere = SIZE_MAX;
  struct Item {
    int64_t when_us;
    uint64_t seq;
    uint32_t slot;
    bool before(const Item& o) const noexcept { return when_us != o.when_us ? when_us < o.when_us : seq < o.seq; }
  };
  struct Slot {
    Task task;
    uint32_t generation = 1;
    size_t at = kNowhere;   // its place in heap_
  };

  void put(size_t at, const Item& item) noexcept {
    heap_[at] = item;
    slots_[item.slot].at = at;
  }
  void up(size_t at) noexcept {
    const Item item = heap_[at];
    while (at > 0 && item.before(heap_[(at - 1) / 2])) {
      put(at, heap_[(at - 1) / 2]);
      at = (at - 1) / 2;
    }
    put(at, item);
  }
  void down(size_t at) noexcept {
    const Item item = heap_[at];
    for (size_t child; (child = 2 * at + 1) < heap_.size(); at = child) {
      if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
      if (!heap_[child].before(item)) break;
      put(at, heap_[child]);
    }
    put(at, item);
  }
  void take(size_t at) noexcept {
    Slot& slot = slots_[heap_[at].slot];
    slot.at = kNowhere;
    if (++slot.generation == 0) slot.generation = 1;
    free_.push_back(heap_[at].slot);
    const Item last = heap_.back();
    heap_.pop_back();
    if (at == heap_.size()) return;
    put(at, last);
    up(at);
    down(slots_[last.slot].at);
  }

  std::vector<Item> heap_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  uint64_t next_seq_ = 0;
};

}  // namespace mq::env
