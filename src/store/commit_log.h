// CommitLog: every record of the broker in one sequence of bytes, cut into files of equal size.
//
//   commitlog/00000000000000000000     records ... filler      a full file ends with a filler: int32 rest, int32 magic
//   commitlog/00000000001073741824     records ... zeros       the last file; appending goes on behind its last record
//
// Invariants, numbered because recovery and the tests rely on them:
//   1. Bytes in [min, end) are whole records and fillers; a record's physicalOffset field is its position.
//   2. Bytes behind `end` are zero, except after a failed write until the next one (write() zeroes them first).
//   3. A record never crosses a file; at least 8 bytes stay for the filler.
//   4. The mapping and the file handle show the same bytes; readers never look behind `end`.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/badges.h"
#include "env/file.h"
#include "env/net.h"
#include "store/mapped_file.h"

namespace mq::store {

/// In order of their bases. A gap is possible where files were lost; nobody finds anything in it.
using FileList = std::vector<std::shared_ptr<MappedFile>>;

/// The list as it was when it was asked for; the list and its files stay while this does. Give it a name before you look into it: with `*log.files()`
/// in the head of a `for`, or what is found in it kept, the list may be gone with the next roll (gcc 12 does not prolong such temporaries).
struct FileSnapshot : std::shared_ptr<const FileList> {
  using std::shared_ptr<const FileList>::shared_ptr;
  explicit FileSnapshot(std::shared_ptr<const FileList> list) noexcept : shared_ptr(std::move(list)) {}
  const FileList& operator*() const& noexcept { return *get(); }
  const FileList& operator*() const&& = delete;
};

class CommitLog {
 public:
  static constexpr int64_t kFillerBytes = 8;

  /// Touches nothing yet. `configured_file_size` counts when the folder has no file.
  CommitLog(env::FileSystem& fs, std::string dir, int64_t configured_file_size);

  /// Opens all files. Files of other names are left alone with a warning, an empty last file is removed, the size of the
  /// files found counts instead of the configured one. The end is unknown until set_end().
  Result<> load();

  // --- any thread ----------------------------------------------------------------------------------------------------
  FileSnapshot files() const noexcept { return FileSnapshot(files_.get()); }
  int64_t file_size() const noexcept { return file_size_; }
  /// Position of the first byte that still exists.
  int64_t min() const noexcept { return min_.load(std::memory_order_acquire); }
  /// Where the next record will stand; all before is written and readable.
  int64_t end() const noexcept { return end_.load(std::memory_order_acquire); }
  const std::string& dir() const noexcept { return dir_; }
  /// The file that holds the position, or null.
  static const std::shared_ptr<MappedFile>* find(const FileList& files, int64_t phy) noexcept;
  /// Whether the kernel reads ahead in these files and in those to come.
  void set_read_ahead(bool on) noexcept;
  /// Bytes [phy, phy + size), when all of them lie before `end` in one file.
  std::optional<env::PinnedBytes> read(int64_t phy, int64_t size) const noexcept;

  // --- append section (the store's append mutex) ----------------------------------------------------------------------
  /// Bytes that records may still take in the current file; 0 when there is no file yet.
  int64_t room() const noexcept;
  /// Writes whole records at `end` with one write and moves `end`. The caller has asked room(). Where the cache has large pages a write that
  /// begins one goes on with zeros to the page's end: the next ones then fill a page that is there, instead of making one for each 4 KiB.
  /// Errors: kDiskFull, kIo; nothing becomes visible then.
  Result<> write(ByteView records);
  /// Ends the current file with a filler and goes on in the next one, the prepared one if it is ready.
  Result<> roll();

  // --- flush loop -------------------------------------------------------------------------------------------------------
  /// Has the next file ready before it is needed and reserves blocks for it, a small share of `disk_free_bytes` at most.
  /// Failures are not fatal: the append path then makes the file itself or meets the full disk.
  void prepare(int64_t disk_free_bytes) noexcept;

  // --- recovery, expiry, stop -------------------------------------------------------------------------------------------
  /// Where appending goes on. Not while anyone appends.
  void set_end(int64_t end) noexcept;
  /// Takes the file out of the list; its data is gone for readers. The caller removes it from the disk.
  void forget(const std::shared_ptr<MappedFile>& file);
  /// Removes the prepared file from the disk: a RocketMQ that starts later expects no file behind the last record's.
  void drop_prepared() noexcept;

 private:
  Result<std::shared_ptr<MappedFile>> take_next(int64_t base);
  Result<std::shared_ptr<MappedFile>> make_file(int64_t base);
  void publish(FileList list);
  void go_on_in(std::shared_ptr<MappedFile> file);
  int64_t zeros_behind(int64_t from, int64_t until) const noexcept;
  Result<> clean_failed_write();
  void reserve_blocks(const MappedFile& next, int64_t disk_free_bytes) noexcept;

  env::FileSystem& fs_;
  const std::string dir_;
  int64_t file_size_;                            // fixed after load()

  Published<FileList> files_;                    // badge: published; changed under files_mu_
  std::atomic<int64_t> min_{0};                  // badge: published
  std::atomic<int64_t> end_{0};                  // badge: published by the append section
  std::atomic<bool> read_ahead_{true};           // badge: published
  std::shared_ptr<MappedFile> current_;          // badge: guarded by the append section
  int64_t dirty_until_ = 0;                      // badge: guarded by the append section; > end after a failed write
  int64_t piece_bytes_ = 0;                      // badge: guarded by the append section; cache_piece_bytes() of the current file

  Mutex files_mu_;
  std::shared_ptr<MappedFile> prepared_ GUARDED_BY(files_mu_);   // badge: guarded; behind all files of the list
  int64_t reserved_ = 0;                         // badge: owned by the flush loop; so much of the prepared file has blocks
};

}  // namespace mq::store
