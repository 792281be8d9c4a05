// The bytes of one simulated file: what every reader sees, and what a power cut would leave.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "env/sim_rng.h"

namespace mq::env {

inline constexpr int64_t kSimPage = 4096;           // what is durable or not
inline constexpr int64_t kSimSector = 512;          // what a torn page is made of
inline constexpr int64_t kSimMaxFile = int64_t{2} << 30;

/// Zeroed memory that grows without moving, so that mappings stay valid: address space for the largest file is
/// reserved, and opened as far as the file reaches. Touching more than 64 KiB behind the end stops the program.
class SimRegion {
 public:
  SimRegion();
  ~SimRegion();
  SimRegion(const SimRegion&) = delete;
  SimRegion& operator=(const SimRegion&) = delete;

  std::byte* data() const noexcept { return base_; }
  /// Makes [0, size) usable.
  void open(int64_t size);
  /// Page `index`, or a page of zeros when it was never opened.
  const std::byte* page(int64_t index) const noexcept;

 private:
  std::byte* base_;
  int64_t opened_ = 0;
};

/// Two images of a file: visible (what write() and mappings change) and durable (what sync() copied). Owned by a node
/// of SimDisk, by open files and by mappings. A crash never changes an image in place: it makes a new SimContent, so
/// that mappings of the dead process write into memory nobody reads.
class SimContent {
 public:
  SimContent() = default;

  int64_t size() const noexcept { return size_; }
  std::byte* data() const noexcept { return visible_.data(); }
  int64_t allocated_bytes() const noexcept { return allocated_pages_ * kSimPage; }
  /// How many bytes a write or allocation of [offset, offset + size) would add to allocated_bytes().
  int64_t would_allocate(int64_t offset, int64_t size) const noexcept;

  /// The caller has checked offset + bytes.size() <= kSimMaxFile; the same for the sizes below.
  void write(int64_t offset, ByteView bytes);
  void allocate(int64_t size);
  void truncate(int64_t size);
  /// From now on bytes in [0, size) may change without a write().
  void note_writable_mapping(int64_t size) noexcept;

  void sync();
  void sync_range(int64_t offset, int64_t size);
  /// What the kernel may do at any time: some dirty pages of the range reach the disk.
  void write_back(SimRng& rng, int64_t offset, int64_t size);
  /// A failed fsync as Linux has it: the pages count as clean, but only some reached the disk.
  void fail_sync(SimRng& rng);
  void flip_bit(int64_t offset, int bit);

  /// What the next process finds after this one died: everything written.
  static std::shared_ptr<SimContent> after_process_crash(const std::shared_ptr<SimContent>& content);
  /// What is found after a power cut. Each page that differs from the disk is new with probability `keep`, else old, or
  /// torn in sectors with probability `tear`.
  std::shared_ptr<SimContent> after_power_loss(SimRng& rng, double keep, double tear) const;

 private:
  static constexpr uint8_t kDirty = 1, kAllocated = 2, kTouched = 4;

  int64_t pages() const noexcept { return static_cast<int64_t>(flags_.size()); }
  bool may_differ(int64_t page) const noexcept {
    return (flags_[static_cast<size_t>(page)] & kTouched) || page * kSimPage < mapped_;
  }
  void mark(int64_t from, int64_t to, uint8_t bits);   // bytes; every page touched by [from, to)
  void grow(int64_t size);
  void save_page(int64_t page);
  bool pending(int64_t page) const noexcept;

  SimRegion visible_, durable_;
  std::vector<uint8_t> flags_;       // per page of the larger of both sizes
  int64_t size_ = 0, durable_size_ = 0;
  int64_t allocated_pages_ = 0;
  int64_t mapped_ = 0;               // bytes below it may be changed through a mapping
};

}  // namespace mq::env
