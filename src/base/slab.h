// Slab: equal pieces of memory side by side. Of a hundred thousand small objects that are touched in turn each costs a miss of the
// processor's caches, and spread over the heap a miss of its page tables besides; in a slab's large pages it does not.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/badges.h"
#include "base/check.h"

namespace mq {

/// Pieces begin at a cache line. Memory goes back to the system when no piece is in use. Any thread; a short mutex for each call.
class Slab {
 public:
  /// `bytes` of a piece; rounded up to whole cache lines.
  explicit Slab(size_t bytes);
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  void* take() EXCLUDES(mu_);
  void give_back(void* piece) noexcept EXCLUDES(mu_);

 private:
  struct Free {
    void operator()(std::byte* p) const noexcept;
  };
  struct Hole {
    Hole* next;
  };
  void add_block() REQUIRES(mu_);

  const size_t bytes_;
  Mutex mu_;
  std::vector<std::unique_ptr<std::byte, Free>> blocks_ GUARDED_BY(mu_);   // badge: guarded
  Hole* holes_ GUARDED_BY(mu_) = nullptr;      // given back
  std::byte* fresh_ GUARDED_BY(mu_) = nullptr; // of the last block, what nobody has had yet
  size_t fresh_left_ GUARDED_BY(mu_) = 0;      // in pieces
  size_t used_ GUARDED_BY(mu_) = 0;
};

/// For std::allocate_shared: single objects of each type come from a slab of their own, which lives as long as the process.
template <class T>
struct SlabAllocator {
  using value_type = T;
  SlabAllocator() = default;
  template <class U>
  SlabAllocator(const SlabAllocator<U>&) noexcept {}   // NOLINT(google-explicit-constructor): what an allocator must be able to
  T* allocate(size_t n) {
    static_assert(alignof(T) <= 64);
    MQ_CHECK(n == 1);
    return static_cast<T*>(slab().take());
  }
  void deallocate(T* p, size_t) noexcept { slab().give_back(p); }
  bool operator==(const SlabAllocator&) const noexcept { return true; }

 private:
  static Slab& slab() {
    static auto* const all = new Slab(sizeof(T));   // never destroyed: objects may outlive statics
    return *all;
  }
};

}  // namespace mq
