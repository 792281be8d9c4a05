// IndexFile: one file of the key index. Slots and header are written through a mapping, entries with one write for many: a page that is
// first touched through a mapping costs ten times as much. Layout and rules: format/index_layout.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "env/file.h"
#include "store/format/index_layout.h"

namespace mq::store {

/// A key on its way into a file.
struct IndexKey {
  int32_t hash;
  int64_t phy;               // of its record
  int64_t store_timestamp;   // ms
};

/// Guarded as a whole by the IndexService's mutex.
class IndexFile {
 public:
  /// Opens or makes the file with its full size. Errors: kIo, kDiskFull; kCorrupt when it has another size.
  static Result<std::unique_ptr<IndexFile>> open(env::FileSystem& fs, const std::string& path, IndexLayout layout);

  const std::string& path() const noexcept { return path_; }
  int64_t begin_timestamp() const noexcept { return get64(0); }
  int64_t end_timestamp() const noexcept { return get64(8); }
  int64_t end_phy() const noexcept { return get64(24); }
  int32_t count() const noexcept { return index_count(mapping_->data(), layout_); }
  bool header_fits() const noexcept { return index_header_fits(mapping_->data(), layout_); }
  bool lost_pages() const noexcept { return mapping_->lost_pages(); }
  bool full() const noexcept { return count() >= layout_.entries; }
  IndexEntry entry(int32_t number) const noexcept;

  /// A file that follows a full one begins where that one ended.
  void seed(const IndexFile& previous) noexcept;
  /// Adds an entry for each of the first keys, a bounded number and as many as there is room for; the caller has asked full().
  /// How many. Errors: kDiskFull, kIo; then nothing has changed.
  Result<size_t> put(std::span<const IndexKey> keys);
  /// Positions of entries with that hash in the time range, newest first, until `out` holds `max`.
  void find(int32_t hash, int64_t begin_ms, int64_t end_ms, size_t max, std::vector<int64_t>& out) const;
  bool overlaps(int64_t begin_ms, int64_t end_ms) const noexcept;

  /// After a crash pages may be old, a header may be damaged: keeps the entries up to the first that cannot be right and builds slots, chains
  /// and the header from them again, which gives the very bytes that were. Positions must not fall and lie before `log_end`; of entries
  /// behind those that the header counts `leads_to_its_key` is asked. `time_of` gives an entry's storeTimestamp; nullopt: nobody knows it any
  /// more, and the header's stays. Errors: kIo.
  Result<> repair(int64_t log_end, const std::function<bool(const IndexEntry&)>& leads_to_its_key,
                  const std::function<std::optional<int64_t>(const IndexEntry&)>& time_of);
  /// The last entry's time.
  void set_end_timestamp(int64_t ms) noexcept { put64(8, ms); }
  Result<> sync();

 private:
  IndexFile(std::string path, IndexLayout layout, std::unique_ptr<env::File> file, std::shared_ptr<env::Mapping> mapping)
      : path_(std::move(path)), layout_(layout), file_(std::move(file)), mapping_(std::move(mapping)) {}
  Result<> reserve(int32_t number);
  int32_t link(int64_t slot, int32_t number) noexcept;

  std::byte* at(int64_t position) const noexcept { return mapping_->data() + position; }
  int32_t get32(int64_t p) const noexcept { return load_be<int32_t>(at(p)); }
  int64_t get64(int64_t p) const noexcept { return load_be<int64_t>(at(p)); }
  void put32(int64_t p, int32_t v) noexcept { store_be(at(p), v); }
  void put64(int64_t p, int64_t v) noexcept { store_be(at(p), v); }

  const std::string path_;
  const IndexLayout layout_;
  const std::unique_ptr<env::File> file_;
  const std::shared_ptr<env::Mapping> mapping_;
  int32_t reserved_ = -1;   // entries below it have blocks on the disk
};

}  // namespace mq::store
