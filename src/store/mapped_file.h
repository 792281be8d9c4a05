// MappedFile: one file of the CommitLog. Written through the file handle, read through a read-only mapping; both see the
// same pages, so a record can be read as soon as its write has returned.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "env/file.h"

namespace mq::store {

/// Immutable but for the file's bytes and what is known of their place. Shared by the list of files, by readers and by pinned slices: a file that expires
/// is unlinked at once and unmapped when the last slice is sent.
class MappedFile {
 public:
  /// Opens what is there. Errors: kIo, kPermission; kCorrupt when the file is shorter than `size`.
  static Result<std::shared_ptr<MappedFile>> open(env::FileSystem& fs, const std::string& dir, int64_t base, int64_t size,
                                                  env::Open mode = env::Open::kReadWrite);
  /// Makes the file with its full size, all zero, its blocks not reserved.
  static Result<std::shared_ptr<MappedFile>> create(env::FileSystem& fs, const std::string& dir, int64_t base, int64_t size);

  int64_t base() const noexcept { return base_; }
  int64_t size() const noexcept { return size_; }
  int64_t end() const noexcept { return base_ + size_; }
  bool holds(int64_t phy) const noexcept { return phy >= base_ && phy < end(); }
  env::File& file() const noexcept { return *file_; }
  const std::string& path() const noexcept { return file_->path(); }
  const std::shared_ptr<env::Mapping>& mapping() const noexcept { return mapping_; }
  /// `size` bytes at a physical offset; the caller has checked that they are inside.
  ByteView view(int64_t phy, int64_t size) const noexcept {
    if (!read_.load(std::memory_order_relaxed)) read_.store(true, std::memory_order_relaxed);
    return mapping_->view(static_cast<size_t>(phy - base_), static_cast<size_t>(size));
  }
  /// Mapping::resident() for the block of `phy`, asked at most once in kBelievedMs while the answer is yes: readers of many small
  /// queues come back to the same blocks all the time. False says nothing of parts of the block. Any thread.
  bool block_is_resident(int64_t phy, int64_t now_ms) const noexcept;
  /// Gives the memory of [phy, phy + size) back, as far as the disk has it; also of up to kLargestFolio before it. Any thread.
  void drop_cache(int64_t phy, int64_t size) const noexcept;
  /// What was read since the last time counts no longer as memory of this process; it stays in the system's, for the next reader. Any thread.
  void let_go() const noexcept;

 private:
  static constexpr int64_t kBlock = 1 << 20;
  static constexpr int64_t kBelievedMs = 500;
  static constexpr int64_t kLargestFolio = 2 << 20;   // at multiples of its size

  MappedFile(int64_t base, int64_t size, std::unique_ptr<env::File> file, std::shared_ptr<env::Mapping> mapping)
      : base_(base), size_(size), file_(std::move(file)), mapping_(std::move(mapping)), resident_since_(static_cast<size_t>((size + kBlock - 1) / kBlock)) {}
  static Result<std::shared_ptr<MappedFile>> map(std::unique_ptr<env::File> file, int64_t base, int64_t size);

  const int64_t base_;
  const int64_t size_;
  const std::unique_ptr<env::File> file_;
  const std::shared_ptr<env::Mapping> mapping_;
  mutable std::atomic<bool> read_{false};                      // badge: published; pages may be mapped
  mutable std::vector<std::atomic<int64_t>> resident_since_;   // badge: published; by block, mono ms, 0: not known to be in memory
};

}  // namespace mq::store
