#include "store/mapped_file.h"

#include <algorithm>

#include "store/format/segment_name.h"

namespace mq::store {

Result<std::shared_ptr<MappedFile>> MappedFile::map(std::unique_ptr<env::File> file, int64_t base, int64_t size) {
  MQ_TRY(auto mapping, file->map(size, false));
  return std::shared_ptr<MappedFile>(new MappedFile(base, size, std::move(file), std::move(mapping)));
}

Result<std::shared_ptr<MappedFile>> MappedFile::open(env::FileSystem& fs, const std::string& dir, int64_t base, int64_t size, env::Open mode) {
  MQ_TRY(auto file, fs.open(dir + "/" + segment_name(base), mode));
  MQ_TRY(const int64_t found, file->size());
  if (found < size) {
    return fail(Errc::kCorrupt, std::to_string(found) + " bytes instead of " + std::to_string(size)).at(file->path());
  }
  return map(std::move(file), base, size);
}

Result<std::shared_ptr<MappedFile>> MappedFile::create(env::FileSystem& fs, const std::string& dir, int64_t base, int64_t size) {
  MQ_TRY(auto file, fs.open(dir + "/" + segment_name(base), env::Open::kCreate));
  MQ_TRY_VOID(file->truncate(size));
  return map(std::move(file), base, size);
}

bool MappedFile::block_is_resident(int64_t phy, int64_t now_ms) const noexcept {
  const int64_t block = (phy - base_) / kBlock;
  std::atomic<int64_t>& since = resident_since_[static_cast<size_t>(block)];
  if (const int64_t then = since.load(std::memory_order_relaxed); then > 0 && now_ms - then < kBelievedMs) return true;
  const int64_t at = block * kBlock;
  // Noted before it is asked: what is forgotten meanwhile stays forgotten.
  since.store(now_ms, std::memory_order_relaxed);
  const bool resident = mapping_->resident(static_cast<size_t>(at), static_cast<size_t>(std::min(kBlock, size_ - at)));
  if (!resident) since.store(0, std::memory_order_relaxed);
  return resident;
}

void MappedFile::let_go() const noexcept {
  if (read_.exchange(false, std::memory_order_relaxed)) mapping_->let_go(0, mapping_->size());
}

void MappedFile::drop_cache(int64_t phy, int64_t size) const noexcept {
  for (int64_t block = (phy - base_) / kBlock; block <= (phy - base_ + size - 1) / kBlock; ++block) {
    resident_since_[static_cast<size_t>(block)].store(0, std::memory_order_relaxed);
  }
  // The kernel drops a folio only when all of it is asked for: what an earlier range cut is asked for again.
  const int64_t from = (phy - base_) / kLargestFolio * kLargestFolio, until = phy - base_ + size;
  for (int64_t at = (phy - base_ + kLargestFolio - 1) / kLargestFolio * kLargestFolio; at < until; at += kLargestFolio) {
    mapping_->let_go(static_cast<size_t>(at), static_cast<size_t>(std::min(kLargestFolio, size_ - at)));   // once for each
  }
  file_->drop_cache(from, until - from);
}

}  // namespace mq::store
