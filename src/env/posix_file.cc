// One open file: positioned reads and writes, write-back hints and mappings by plain system calls.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

#include "base/check.h"
#include "env/bus_guard.h"
#include "env/posix_file_system.h"

namespace mq::env {
namespace {

size_t page_size() noexcept {
  static const size_t size = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

// Of pieces of 16 to 256 KiB the cheapest over writes of 300 bytes to 70 KB: the file system goes through all blocks of a page at each write to it.
constexpr int64_t kCachePieceBytes = 64 << 10;
constexpr std::array<std::byte, kCachePieceBytes> kZeros{};

/// Unmaps when the last holder goes; the file may be closed and removed by then.
class PosixMapping final : public Mapping {
 public:
  PosixMapping(void* address, size_t size, bool writable) {
    data_ = static_cast<std::byte*>(address);
    size_ = size;
    guard_ = BusGuard::watch(address, size, writable, lost_);
  }
  ~PosixMapping() override {
    BusGuard::forget(guard_);
    ::munmap(data_, size_);
  }

  bool lost_pages() const noexcept override { return lost_.load(std::memory_order_acquire); }

  bool resident(size_t offset, size_t size) const noexcept override {
    if (size == 0) return true;
    MQ_DCHECK(offset + size <= size_);
    const size_t page = page_size();
    size_t at = offset / page * page;
    const size_t end = std::min(offset + size, size_);
    std::array<unsigned char, 256> pages;
    while (at < end) {
      const size_t span = std::min(end - at, pages.size() * page);
      if (::mincore(data_ + at, span, pages.data()) != 0) return false;
      const size_t count = (span + page - 1) / page;
      for (size_t i = 0; i < count; ++i) {
        if (!(pages[i] & 1)) return false;
      }
      at += span;
    }
    return true;
  }

  void let_go(size_t offset, size_t size) const noexcept override { (void)::madvise(data_ + offset, size, MADV_DONTNEED); }
  void read_ahead(bool on) noexcept override { (void)::madvise(data_, size_, on ? MADV_NORMAL : MADV_RANDOM); }

 private:
  std::atomic<bool> lost_{false};   // badge: published by the signal handler
  int guard_ = -1;
};

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override { ::close(fd_); }

  const std::string& path() const noexcept override { return path_; }

  Result<int64_t> size() const override {
    struct stat s;
    if (::fstat(fd_, &s) != 0) return failed("fstat");
    return static_cast<int64_t>(s.st_size);
  }

  Result<> read(int64_t offset, MutableByteView into) const override {
    while (!into.empty()) {
      const ssize_t n = ::pread(fd_, into.data(), into.size(), offset);
      if (n < 0) {
        if (errno == EINTR) continue;
        return failed("pread");
      }
      if (n == 0) return fail(Errc::kCorrupt, "the file ends at byte " + std::to_string(offset)).at(path_);
      into = into.subspan(static_cast<size_t>(n));
      offset += n;
    }
    return {};
  }

  Result<bool> read_cached(int64_t offset, MutableByteView into) const override {
    while (!into.empty()) {
      const iovec piece{into.data(), into.size()};
      const ssize_t n = ::preadv2(fd_, &piece, 1, offset, RWF_NOWAIT);
      if (n <= 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return false;
        MQ_TRY_VOID(read(offset, into));   // says what is wrong; or the file system knows no such reads
        return true;
      }
      into = into.subspan(static_cast<size_t>(n));
      offset += n;
    }
    return true;
  }

  Result<> write(int64_t offset, ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), offset);
      if (n < 0) {
        if (errno == EINTR) continue;
        return failed("pwrite");
      }
      bytes = bytes.subspan(static_cast<size_t>(n));
      offset += n;
    }
    return {};
  }

  Result<> write_padded(int64_t offset, ByteView bytes, int64_t zeros) override {
    const std::array<iovec, 2> parts = {iovec{const_cast<std::byte*>(bytes.data()), bytes.size()},   // pwritev reads only
                                        iovec{const_cast<std::byte*>(kZeros.data()), std::min(static_cast<size_t>(zeros), kZeros.size())}};
    const ssize_t n = ::pwritev(fd_, parts.data(), parts.size(), offset);
    const size_t done = std::min(bytes.size(), static_cast<size_t>(std::max<ssize_t>(n, 0)));
    return done == bytes.size() ? Result<>{} : write(offset + static_cast<int64_t>(done), bytes.subspan(done));   // says what is wrong
  }

  int64_t cache_piece_bytes() const noexcept override {
    struct statfs fs;
    utsname kernel;
    if (::fstatfs(fd_, &fs) != 0 || ::uname(&kernel) != 0) return 0;
    return has_large_pages(fs.f_type, kernel.release) ? kCachePieceBytes : 0;
  }

  Result<> sync() override {
    while (::fdatasync(fd_) != 0) {
      if (errno != EINTR) return failed("fdatasync");
    }
    return {};
  }

  void write_back(int64_t offset, int64_t size) noexcept override {
    ::sync_file_range(fd_, offset, size, SYNC_FILE_RANGE_WRITE);
  }
  void drop_cache(int64_t offset, int64_t size) noexcept override {
    ::posix_fadvise(fd_, offset, size, POSIX_FADV_DONTNEED);
  }

  Result<> allocate(int64_t bytes) override {
    while (::fallocate(fd_, 0, 0, bytes) != 0) {
      if (errno == EINTR) continue;
      if (errno != EOPNOTSUPP && errno != ENOSYS) return failed("fallocate");
      MQ_TRY(const int64_t now, size());
      return now < bytes ? truncate(bytes) : Result<>{};
    }
    return {};
  }

  Result<> truncate(int64_t bytes) override {
    while (::ftruncate(fd_, bytes) != 0) {
      if (errno != EINTR) return failed("ftruncate");
    }
    return {};
  }

  Result<> zero(int64_t offset, int64_t bytes) override {
    if (bytes <= 0) return {};
    while (::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes) != 0) {
      if (errno == EINTR) continue;
      if (errno != EOPNOTSUPP && errno != ENOSYS) return failed("fallocate");
      const std::vector<std::byte> zeros(static_cast<size_t>(std::min<int64_t>(bytes, 1 << 20)));
      for (int64_t done = 0; done < bytes;) {
        const int64_t n = std::min<int64_t>(bytes - done, static_cast<int64_t>(zeros.size()));
        MQ_TRY_VOID(write(offset + done, ByteView(zeros).first(static_cast<size_t>(n))));
        done += n;
      }
      return {};
    }
    return {};
  }

  Result<std::shared_ptr<Mapping>> map(int64_t bytes, bool writable) override {
    if (bytes <= 0) return fail(Errc::kInvalid, "a mapping needs at least one byte").at(path_);
    const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    void* p = ::mmap(nullptr, static_cast<size_t>(bytes), protection, MAP_SHARED, fd_, 0);
    if (p == MAP_FAILED) return failed("mmap");
    return std::make_shared<PosixMapping>(p, static_cast<size_t>(bytes), writable);
  }

  Result<> sync_mapping(const Mapping& mapping, size_t offset, size_t size) override {
    const size_t start = offset / page_size() * page_size();
    if (::msync(mapping.data() + start, offset + size - start, MS_SYNC) != 0) return failed("msync");
    return {};
  }

 private:
  Failure failed(std::string_view call) const { return fail_errno(errno, call).at(path_); }

  const int fd_;
  const std::string path_;
};

}  // namespace

bool has_large_pages(int64_t file_system, const std::string& release) noexcept {
  struct Since {
    int64_t file_system;
    int major, minor;
  };
  static constexpr std::array kSince = {Since{EXT4_SUPER_MAGIC, 6, 16}, Since{XFS_SUPER_MAGIC, 6, 6}};
  int major = 0, minor = 0;
  if (std::sscanf(release.c_str(), "%d.%d", &major, &minor) != 2) return false;
  return std::ranges::any_of(kSince, [&](const Since& s) { return s.file_system == file_system && std::pair(major, minor) >= std::pair(s.major, s.minor); });
}

Result<std::unique_ptr<File>> open_posix_file(const std::string& path, Open mode) {
  int flags = O_CLOEXEC;
  if (mode == Open::kRead) flags |= O_RDONLY;
  if (mode == Open::kReadWrite) flags |= O_RDWR;
  if (creates(mode)) flags |= O_RDWR | O_CREAT;
  int fd;
  do fd = ::open(path.c_str(), flags, mode == Open::kCreatePrivate ? 0600 : 0644);
  while (fd < 0 && errno == EINTR);
  if (fd < 0) return fail_errno(errno, "open").at(path);
  return std::make_unique<PosixFile>(fd, path);
}

}  // namespace mq::env
