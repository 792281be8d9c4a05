// Files behind interfaces: a posix implementation and a simulated disk that can tear, lose and refuse writes.
//
// What durability means here, for both: a completed write() is visible to every reader at once and survives the death
// of the process (not of the machine); after sync() it survives the machine. create/rename/remove become durable with
// sync_dir() of the folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace mq::env {

/// A mapping of a file's bytes, kept alive by whoever holds the shared_ptr, also after the File is closed or removed.
/// Written bytes appear in it at once. Reading beyond the file's end is a bug.
class Mapping {
 public:
  virtual ~Mapping() = default;
  std::byte* data() const noexcept { return data_; }   // writable only when mapped so
  size_t size() const noexcept { return size_; }
  ByteView view(size_t offset, size_t size) const noexcept { return {data_ + offset, size}; }
  /// True when all pages of the range are in memory, so that reading it does not wait for the disk (a guess that may
  /// be outdated at once). Any thread.
  virtual bool resident(size_t offset, size_t size) const noexcept = 0;
  /// Whether the kernel, when a page is missing, reads the ones behind it too (madvise NORMAL, RANDOM); a hint. Any thread.
  virtual void read_ahead(bool) noexcept {}
  /// This process no longer holds the pages of the range, which begins at a page; who reads them finds them again (madvise DONTNEED).
  /// The kernel drops no page that a process holds. A hint. Any thread.
  virtual void let_go(size_t /*offset*/, size_t /*size*/) const noexcept {}
  /// True when the disk could not give a page that somebody read; it reads as zeros since then. Any thread.
  virtual bool lost_pages() const noexcept { return false; }

 protected:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// One open file. Reads and writes at positions are safe from any thread; each returns after the whole range is done.
class File {
 public:
  virtual ~File() = default;
  virtual const std::string& path() const noexcept = 0;
  virtual Result<int64_t> size() const = 0;
  /// Reads exactly into.size() bytes. Errors: kIo; kCorrupt when the file ends before.
  virtual Result<> read(int64_t offset, MutableByteView into) const = 0;
  /// The same where that does not wait for the disk. False: it would (an unknown part of `into` is filled).
  virtual Result<bool> read_cached(int64_t offset, MutableByteView into) const = 0;
  /// Writes all of `bytes`, extending the file when needed. Errors: kDiskFull, kIo; then an unknown part is written.
  virtual Result<> write(int64_t offset, ByteView bytes) = 0;
  /// write(), and behind it `zeros` zero bytes, fewer than cache_piece_bytes(), where there is room for them. Errors are those of `bytes`.
  virtual Result<> write_padded(int64_t offset, ByteView bytes, int64_t zeros) = 0;
  /// What is written at once, so many bytes at a multiple of as many, is one large page in memory here, which costs a fraction of as many
  /// bytes in pages of 4 KiB. 0: this file system has only those.
  virtual int64_t cache_piece_bytes() const noexcept = 0;
  /// Makes all completed writes durable (fdatasync).
  virtual Result<> sync() = 0;
  /// Starts writing back the range without waiting for it (sync_file_range); a hint.
  virtual void write_back(int64_t offset, int64_t size) noexcept = 0;
  /// Drops the range from memory where possible (posix_fadvise DONTNEED); a hint.
  virtual void drop_cache(int64_t offset, int64_t size) noexcept = 0;
  /// Reserves blocks for [0, size) and sets the size; the new part reads as zeros (fallocate, or ftruncate where the
  /// file system lacks it). Errors: kDiskFull, kIo.
  virtual Result<> allocate(int64_t size) = 0;
  /// Sets the size without reserving blocks; a sparse file.
  virtual Result<> truncate(int64_t size) = 0;
  /// Makes [offset, offset + size) read as zeros in place, without changing the file's size (a hole where the file system
  /// can). Never shorter in between, unlike two truncates around a power cut. Errors: kDiskFull, kIo.
  virtual Result<> zero(int64_t offset, int64_t size) = 0;
  /// Maps [0, size) shared. The file must be at least that long.
  virtual Result<std::shared_ptr<Mapping>> map(int64_t size, bool writable) = 0;
  /// msync of a writable mapping's range, waits until it is durable.
  virtual Result<> sync_mapping(const Mapping& mapping, size_t offset, size_t size) = 0;
};

enum class Open : uint8_t {
  kRead,
  kReadWrite,
  kCreate,          // read-write, made when missing
  kCreatePrivate,   // the same, a new file is its owner's alone (mode 0600)
};
inline bool creates(Open mode) noexcept { return mode == Open::kCreate || mode == Open::kCreatePrivate; }

struct DirEntry {
  std::string name;
  bool is_dir = false;
  int64_t size = 0;
  int64_t mtime_ms = 0;
};

struct DiskUsage {
  int64_t total_bytes = 0;
  int64_t usable_bytes = 0;   // for a process without privileges
};

/// Held while alive: an exclusive fcntl lock on byte 0, the same that Java's FileLock takes.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// Any thread. Paths are as given to the operating system; '/' separates.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, Open mode) = 0;
  /// Entries without "." and "..", sorted by name. Errors: kNotFound.
  virtual Result<std::vector<DirEntry>> list(const std::string& dir) = 0;
  virtual Result<DirEntry> stat(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
  /// Makes the folder and its parents.
  virtual Result<> make_dirs(const std::string& dir) = 0;
  virtual Result<> remove(const std::string& path) = 0;
  /// Removes an empty folder.
  virtual Result<> remove_dir(const std::string& dir) = 0;
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<> sync_dir(const std::string& dir) = 0;
  /// Makes all that was written to the disk of `path` durable, files and names: for very many small files at once. False: not
  /// offered here, each is to be synced by itself.
  virtual Result<bool> sync_disk(const std::string& path) {
    (void)path;
    return false;
  }
  virtual Result<DiskUsage> disk_usage(const std::string& path) = 0;
  /// Errors: kBusy when another process holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

/// PATH when nothing is there, else the first of PATH.1, PATH.2, ... that is free: what is kept aside overwrites nothing that was kept before.
std::string free_name(FileSystem& fs, const std::string& path);
/// The whole file as text. Errors: kNotFound, kIo, kTooLarge above `limit_bytes`.
Result<std::string> read_file(FileSystem& fs, const std::string& path, int64_t limit_bytes = 1 << 30);
/// Replaces the file so that after a crash either the old or the new content is there: PATH.tmp, sync, then the old
/// one becomes PATH.bak when `keep_bak`, rename, sync of the folder.
Result<> replace_file(FileSystem& fs, const std::string& path, std::string_view content, bool keep_bak, Open how = Open::kCreate);

}  // namespace mq::env
