#include "env/sim_content.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace mq::env {

namespace {

constexpr int64_t kOpenStep = 64 << 10;   // one mprotect per 64 KiB of growth
alignas(kSimPage) constexpr std::byte kZeroPage[kSimPage]{};

int64_t page_count(int64_t bytes) { return (bytes + kSimPage - 1) / kSimPage; }

}  // namespace

SimRegion::SimRegion() {
  void* p = ::mmap(nullptr, kSimMaxFile, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  MQ_CHECK(p != MAP_FAILED);
  base_ = static_cast<std::byte*>(p);
}

SimRegion::~SimRegion() { ::munmap(base_, kSimMaxFile); }

void SimRegion::open(int64_t size) {
  if (size <= opened_) return;
  MQ_CHECK(size <= kSimMaxFile);
  const int64_t to = std::min((size + kOpenStep - 1) / kOpenStep * kOpenStep, kSimMaxFile);
  MQ_CHECK(::mprotect(base_ + opened_, static_cast<size_t>(to - opened_), PROT_READ | PROT_WRITE) == 0);
  opened_ = to;
}

const std::byte* SimRegion::page(int64_t index) const noexcept {
  return index * kSimPage < opened_ ? base_ + index * kSimPage : kZeroPage;
}

int64_t SimContent::would_allocate(int64_t offset, int64_t size) const noexcept {
  if (size <= 0) return 0;
  int64_t fresh = 0;
  for (int64_t page = offset / kSimPage; page < page_count(offset + size); ++page) {
    if (page >= pages() || !(flags_[static_cast<size_t>(page)] & kAllocated)) ++fresh;
  }
  return fresh * kSimPage;
}

void SimContent::mark(int64_t from, int64_t to, uint8_t bits) {
  for (int64_t page = from / kSimPage; page < page_count(to); ++page) {
    uint8_t& flags = flags_[static_cast<size_t>(page)];
    if ((bits & kAllocated) && !(flags & kAllocated)) ++allocated_pages_;
    flags |= bits;
  }
}

void SimContent::grow(int64_t size) {
  visible_.open(size);
  if (page_count(size) > pages()) flags_.resize(static_cast<size_t>(page_count(size)));
  size_ = std::max(size_, size);
}

void SimContent::write(int64_t offset, ByteView bytes) {
  if (bytes.empty()) return;
  const int64_t end = offset + static_cast<int64_t>(bytes.size());
  grow(end);
  std::memcpy(visible_.data() + offset, bytes.data(), bytes.size());
  mark(offset, end, kDirty | kAllocated | kTouched);
}

void SimContent::allocate(int64_t size) {
  grow(size);
  mark(0, size, kAllocated);
}

void SimContent::truncate(int64_t size) {
  if (size >= size_) return grow(size);
  // The cut part must read as zeros when the file grows again, and a later sync must say so to the disk.
  mark(size, size_, kDirty | kTouched);
  std::memset(visible_.data() + size, 0, static_cast<size_t>(size_ - size));
  for (int64_t page = page_count(size); page < pages(); ++page) {
    uint8_t& flags = flags_[static_cast<size_t>(page)];
    if (flags & kAllocated) --allocated_pages_;
    flags = static_cast<uint8_t>(flags & ~kAllocated);
  }
  size_ = size;
}

void SimContent::note_writable_mapping(int64_t size) noexcept { mapped_ = std::max(mapped_, size); }

bool SimContent::pending(int64_t page) const noexcept {
  if (flags_[static_cast<size_t>(page)] & kDirty) return true;
  return page * kSimPage < mapped_ && std::memcmp(visible_.page(page), durable_.page(page), kSimPage) != 0;
}

void SimContent::save_page(int64_t page) {
  durable_.open((page + 1) * kSimPage);
  std::memcpy(durable_.data() + page * kSimPage, visible_.page(page), kSimPage);
  flags_[static_cast<size_t>(page)] = static_cast<uint8_t>((flags_[static_cast<size_t>(page)] | kTouched) & ~kDirty);
}

void SimContent::sync() {
  for (int64_t page = 0; page < pages(); ++page) {
    if (pending(page)) save_page(page);
  }
  durable_size_ = size_;
}

void SimContent::sync_range(int64_t offset, int64_t size) {
  const int64_t end = std::min(page_count(offset + size), pages());
  for (int64_t page = offset / kSimPage; page < end; ++page) {
    if (pending(page)) save_page(page);
  }
  durable_size_ = size_;
}

void SimContent::write_back(SimRng& rng, int64_t offset, int64_t size) {
  const int64_t end = std::min(page_count(offset + size), pages());
  for (int64_t page = offset / kSimPage; page < end; ++page) {
    // A page beyond the durable size may be on the disk, but nobody finds it there: keep it undecided.
    if ((page + 1) * kSimPage <= durable_size_ && pending(page) && rng.chance(0.5)) save_page(page);
  }
}

void SimContent::fail_sync(SimRng& rng) {
  for (int64_t page = 0; page < pages(); ++page) {
    if (!pending(page)) continue;
    if (rng.chance(0.5) && (page + 1) * kSimPage <= durable_size_) save_page(page);
    flags_[static_cast<size_t>(page)] = static_cast<uint8_t>(flags_[static_cast<size_t>(page)] & ~kDirty);
  }
}

void SimContent::flip_bit(int64_t offset, int bit) {
  MQ_CHECK(offset < size_);
  const std::byte mask{static_cast<uint8_t>(1U << (bit & 7))};
  visible_.data()[offset] ^= mask;
  if (offset < durable_size_) {
    durable_.open(offset + 1);
    durable_.data()[offset] ^= mask;
  }
  mark(offset, offset + 1, kTouched);
}

std::shared_ptr<SimContent> SimContent::after_process_crash(const std::shared_ptr<SimContent>& content) {
  if (content->mapped_ == 0) return content;   // nobody can change it behind our back
  auto next = std::make_shared<SimContent>();
  next->flags_ = content->flags_;
  next->visible_.open(content->size_);
  next->size_ = content->size_;
  next->durable_size_ = content->durable_size_;
  next->allocated_pages_ = content->allocated_pages_;
  for (int64_t page = 0; page < content->pages(); ++page) {
    if (!content->may_differ(page)) continue;
    next->durable_.open((page + 1) * kSimPage);
    std::memcpy(next->durable_.data() + page * kSimPage, content->durable_.page(page), kSimPage);
    if (page * kSimPage >= content->size_) continue;
    std::memcpy(next->visible_.data() + page * kSimPage, content->visible_.page(page), kSimPage);
    uint8_t& flags = next->flags_[static_cast<size_t>(page)];
    flags |= kTouched;
    if (content->pending(page)) flags |= kDirty;
  }
  return next;
}

std::shared_ptr<SimContent> SimContent::after_power_loss(SimRng& rng, double keep, double tear) const {
  auto next = std::make_shared<SimContent>();
  int64_t size = durable_size_;
  if (size_ != durable_size_ && !rng.chance(0.4)) {
    size = rng.chance(0.6) ? size_ : rng.between(std::min(size_, durable_size_), std::max(size_, durable_size_));
  }
  next->grow(size);
  for (int64_t page = 0; page < page_count(size); ++page) {
    if (page >= pages()) break;
    if (flags_[static_cast<size_t>(page)] & kAllocated) next->mark(page * kSimPage, page * kSimPage + 1, kAllocated);
    if (!may_differ(page)) continue;
    const std::byte* fresh = visible_.page(page);
    const std::byte* old = durable_.page(page);
    const size_t bytes = static_cast<size_t>(std::min(kSimPage, size - page * kSimPage));
    std::byte* to = next->visible_.data() + page * kSimPage;
    if (std::memcmp(fresh, old, kSimPage) != 0 && rng.chance(tear)) {
      const bool by_prefix = rng.chance(0.5);   // sectors in order, or whichever the drive liked
      const int64_t prefix = rng.between(0, kSimPage / kSimSector);
      for (int64_t sector = 0; sector * kSimSector < static_cast<int64_t>(bytes); ++sector) {
        const bool is_new = by_prefix ? sector < prefix : rng.chance(0.5);
        const size_t at = static_cast<size_t>(sector * kSimSector);
        std::memcpy(to + at, (is_new ? fresh : old) + at, std::min<size_t>(kSimSector, bytes - at));
      }
    } else {
      std::memcpy(to, rng.chance(keep) ? fresh : old, bytes);
    }
    next->mark(page * kSimPage, page * kSimPage + 1, kDirty | kTouched);
  }
  next->sync();
  return next;
}

}  // namespace mq::env
