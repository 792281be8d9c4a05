// Folders, renames, space and locks of the real file system.
#include "env/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/badges.h"

namespace mq::env {
namespace {

DirEntry entry_of(std::string name, const struct stat& s) {
  DirEntry e;
  e.name = std::move(name);
  e.is_dir = S_ISDIR(s.st_mode);
  e.size = s.st_size;
  e.mtime_ms = s.st_mtim.tv_sec * 1000LL + s.st_mtim.tv_nsec / 1'000'000;
  return e;
}

using Inode = std::pair<dev_t, ino_t>;

/// fcntl locks belong to the process: a second lock() in the same one would succeed and the first close() would drop
/// both. This table makes the second fail, as Java's OverlappingFileLockException does.
class HeldLocks {
 public:
  bool add(const Inode& i) EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return held_.insert(i).second;
  }
  bool has(const Inode& i) EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return held_.contains(i);
  }
  void remove(const Inode& i) EXCLUDES(mu_) {
    MutexLock lock(mu_);
    held_.erase(i);
  }
  static HeldLocks& of_process() {
    static HeldLocks locks;
    return locks;
  }

 private:
  Mutex mu_;
  std::set<Inode> held_ GUARDED_BY(mu_);   // badge: guarded
};

class PosixFileLock final : public FileLock {
 public:
  PosixFileLock(int fd, Inode inode) : fd_(fd), inode_(inode) {}
  ~PosixFileLock() override {
    ::close(fd_);   // releases the lock
    HeldLocks::of_process().remove(inode_);
  }

 private:
  int fd_;
  Inode inode_;
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, Open mode) override { return open_posix_file(path, mode); }

  Result<std::vector<DirEntry>> list(const std::string& dir) override {
    std::unique_ptr<DIR, int (*)(DIR*)> d(::opendir(dir.c_str()), ::closedir);
    if (!d) return fail_errno(errno, "opendir").at(dir);
    std::vector<DirEntry> entries;
    for (;;) {
      errno = 0;
      const dirent* e = ::readdir(d.get());
      if (!e) {
        if (errno) return fail_errno(errno, "readdir").at(dir);
        break;
      }
      std::string name = e->d_name;
      if (name == "." || name == "..") continue;
      struct stat s;
      if (::fstatat(::dirfd(d.get()), name.c_str(), &s, 0) != 0) {
        if (errno == ENOENT) continue;   // removed meanwhile, or a link to nothing
        return fail_errno(errno, "stat").at(dir + "/" + name);
      }
      entries.push_back(entry_of(std::move(name), s));
    }
    std::ranges::sort(entries, {}, &DirEntry::name);
    return entries;
  }

  Result<DirEntry> stat(const std::string& path) override {
    struct stat s;
    if (::stat(path.c_str(), &s) != 0) return fail_errno(errno, "stat").at(path);
    return entry_of(path.substr(path.rfind('/') + 1), s);
  }

  bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

  Result<> make_dirs(const std::string& dir) override {
    for (size_t at = 0; at != std::string::npos && at < dir.size();) {
      at = dir.find('/', at + 1);
      const std::string part = dir.substr(0, at);
      if (::mkdir(part.c_str(), 0755) == 0 || errno == EEXIST || errno == EISDIR) continue;
      const int error_number = errno;   // a parent on a read-only or foreign file system may exist all the same
      struct stat s;
      if (::stat(part.c_str(), &s) != 0 || !S_ISDIR(s.st_mode)) return fail_errno(error_number, "mkdir").at(part);
    }
    struct stat s;
    if (::stat(dir.c_str(), &s) != 0) return fail_errno(errno, "mkdir").at(dir);
    if (!S_ISDIR(s.st_mode)) return fail_errno(ENOTDIR, "mkdir").at(dir);
    return {};
  }

  Result<> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return fail_errno(errno, "unlink").at(path);
    return {};
  }
  Result<> remove_dir(const std::string& dir) override {
    if (::rmdir(dir.c_str()) != 0) return fail_errno(errno, "rmdir").at(dir);
    return {};
  }
  Result<> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno(errno, "rename").at(from + " -> " + to);
    return {};
  }

  Result<> sync_dir(const std::string& dir) override {
    const int fd = ::open(dir.empty() ? "." : dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail_errno(errno, "open").at(dir);
    const int rc = ::fsync(fd);
    const int error_number = errno;
    ::close(fd);
    if (rc != 0 && error_number != EINVAL) return fail_errno(error_number, "fsync").at(dir);   // EINVAL: not offered here
    return {};
  }

  Result<bool> sync_disk(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail_errno(errno, "open").at(path);
    const int rc = ::syncfs(fd);
    const int error_number = errno;
    ::close(fd);
    if (rc != 0) return fail_errno(error_number, "syncfs").at(path);
    return true;
  }

  Result<DiskUsage> disk_usage(const std::string& path) override {
    struct statvfs s;
    if (::statvfs(path.c_str(), &s) != 0) return fail_errno(errno, "statvfs").at(path);
    const auto block = static_cast<int64_t>(s.f_frsize);
    return DiskUsage{static_cast<int64_t>(s.f_blocks) * block, static_cast<int64_t>(s.f_bavail) * block};
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    // Looked up before the file is opened: closing a second descriptor of it would drop the lock of the first.
    HeldLocks& held = HeldLocks::of_process();
    struct stat s;
    if (::stat(path.c_str(), &s) == 0 && held.has({s.st_dev, s.st_ino})) return busy(path);
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return fail_errno(errno, "open").at(path);
    struct flock range{};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_len = 1;
    if (::fstat(fd, &s) != 0 || ::fcntl(fd, F_SETLK, &range) != 0) {
      const int error_number = errno;
      ::close(fd);
      if (error_number == EACCES || error_number == EAGAIN) return busy(path);
      return fail_errno(error_number, "lock").at(path);
    }
    const Inode inode{s.st_dev, s.st_ino};
    if (!held.add(inode)) return busy(path);   // two threads at once: the loser's descriptor stays open with the lock
    return std::make_unique<PosixFileLock>(fd, inode);
  }

 private:
  static Failure busy(const std::string& path) { return fail(Errc::kBusy, "locked by another process").at(path); }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace mq::env
