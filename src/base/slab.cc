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

void Slab::add_block() {
  const size_t size = std::max(bytes_, std::min(kFirstBlock << blocks_.size(), kLargePage));
  const size_t rounded = (size + kLine - 1) / kLine * kLine;
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(rounded == kLargePage ? kLargePage : kLine, rounded));
  if (!memory) throw std::bad_alloc();
  if (rounded == kLargePage) (void)::madvise(memory, rounded, MADV_HUGEPAGE);   // a hint
  blocks_.emplace_back(memory);
  fresh_ = memory;
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
  if (fresh_left_ == 0) add_block();
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
  if (blocks_.size() > 1) blocks_.resize(1);
  holes_ = nullptr;
  fresh_ = blocks_.front().get();
  fresh_left_ = std::max(bytes_, kFirstBlock) / bytes_;
}

}  // namespace mq
