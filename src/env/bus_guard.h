// BusGuard: what the process does when the disk cannot give a page of a mapped file. The kernel then sends SIGBUS to
// whoever touches it, which would end the process, and again at every restart. Instead the page becomes zeros, its
// mapping remembers that, and readers find no message there, as with any other damage.
#pragma once

#include <atomic>
#include <cstddef>

namespace mq::env {

/// The ranges of this process that are guarded. Any thread; the handler itself takes no lock.
class BusGuard {
 public:
  /// Guards the range until forget(); `lost` becomes true with the first page that is replaced. Returns the range's
  /// number, -1 when there are too many: then it is not guarded.
  static int watch(void* begin, size_t size, bool writable, std::atomic<bool>& lost);
  static void forget(int number) noexcept;
};

}  // namespace mq::env
