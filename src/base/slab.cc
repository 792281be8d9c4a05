#include "base/slab.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

namespace mq {
namespace {

constexpr size_t kLine = 64;
constexpr size_t kFirstBlock = 16 << 10;
constexpr size_t kLargePage = 2 << 20;
constexpr size_t kDoublings = 7;   // from the one to the other
static_assert(kFirstBlock << kDoublings == kLargePage);
constexpr size_t kMostKept = kDoublings + 4;   // blocks; 10 MB

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;   // each piece on its own, so that its misuse is seen
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

}  // namespace

void Slab::Free::operator()(std::byte* p) const noexcept { std::free(p); }

Slab::Slab(size_t bytes) : bytes_((bytes + kLine - 1) / kLine * kLine) {}

void Slab::next_block() {
  const size_t size = std::max(bytes_, begun_ < kDoublings ? kFirstBlock << begun_ : kLargePage);
  const size_t rounded = (size + kLine - 1) / kLine * kLine;
  if (begun_ == blocks_.size()) {
    auto* memory = static_cast<std::byte*>(std::aligned_alloc(rounded == kLargePage ? kLargePage : kLine, rounded));
    if (!memory) throw std::bad_alloc();
    if (rounded == kLargePage) (void)::madvise(memory, rounded, MADV_HUGEPAGE);   // a hint
    blocks_.emplace_back(memory);
  }
  fresh_ = blocks_[begun_++].get();
  fresh_left_ = rounded / bytes_;
}

void* Slab::take() {
  if constexpr (kSanitized) {
    void* piece = std::aligned_alloc(kLine, bytes_);
    return piece ? piece : throw std::bad_alloc();
  }
  MutexLock lock(mu_);
  ++used_;
  if (holes_) {
    Hole* piece = holes_;
    holes_ = piece->next;
    return piece;
  }
  if (fresh_left_ == 0) next_block();
  --fresh_left_;
  return std::exchange(fresh_, fresh_ + bytes_);
}

void Slab::give_back(void* piece) noexcept {
  if constexpr (kSanitized) return std::free(piece);
  MutexLock lock(mu_);
  if (--used_ > 0) {
    holes_ = new (piece) Hole{holes_};
    return;
  }
  // The first block is kept: a single queue that comes and goes must not cost a block each time.
  blocks_.resize(std::clamp<size_t>(std::min(begun_, begun_before_), 1, kMostKept));
  begun_before_ = std::exchange(begun_, 0);
  holes_ = nullptr;
  fresh_left_ = 0;
}

}  // namespace mq
