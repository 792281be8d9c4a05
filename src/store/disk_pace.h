// Whether the disk keeps up, so that nobody who must not wait writes to one that does not.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace mq::store {

/// Writes of the CommitLog end in the page cache within microseconds, unless the kernel makes them wait for the disk: when too much
/// is unwritten, or when the file system's journal or the page itself is being written. That comes with slow syncs, and again
/// soon after it came once; so both are signs. Times are mono µs. Badge: published by the append section and the flush loop.
class DiskPace {
 public:
  static constexpr int64_t kSlowWriteUs = 20'000;
  static constexpr int64_t kStuckWriteUs = 2'000;     // who comes while a write has taken so long already had better not queue up for it
  static constexpr int64_t kSlowSyncUs = 200'000;
  static constexpr int64_t kCarefulUs = 1'000'000;    // so long is the disk mistrusted after a sign

  void write_begins(int64_t now) noexcept { writing_since_.store(now, std::memory_order_relaxed); }
  void write_ends(int64_t began, int64_t now) noexcept {
    writing_since_.store(0, std::memory_order_relaxed);
    if (now - began >= kSlowWriteUs) [[unlikely]] mistrust(now);
  }
  void sync_begins(int64_t now) noexcept { syncing_since_.store(now, std::memory_order_relaxed); }
  void sync_ends(int64_t began, int64_t now) noexcept {
    syncing_since_.store(0, std::memory_order_relaxed);
    if (now - began >= kSlowSyncUs) mistrust(now);
  }

  /// True when a write had better not be made by a loop that others need. Any thread.
  bool dawdles(int64_t now) const noexcept {
    return now < careful_until_.load(std::memory_order_relaxed) || under_way(writing_since_, now) >= kStuckWriteUs ||
           under_way(syncing_since_, now) >= kSlowSyncUs;
  }
  /// How long the write that is under way has taken; 0: none is. Any thread.
  int64_t write_under_way_us(int64_t now) const noexcept { return under_way(writing_since_, now); }

 private:
  static int64_t under_way(const std::atomic<int64_t>& since, int64_t now) noexcept {
    const int64_t began = since.load(std::memory_order_relaxed);
    return began > 0 ? std::max<int64_t>(0, now - began) : 0;
  }
  void mistrust(int64_t now) noexcept { careful_until_.store(now + kCarefulUs, std::memory_order_relaxed); }

  std::atomic<int64_t> writing_since_{0};   // 0: none
  std::atomic<int64_t> syncing_since_{0};
  std::atomic<int64_t> careful_until_{0};
};

}  // namespace mq::store
