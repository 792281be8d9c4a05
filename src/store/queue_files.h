// QueueFiles: the ConsumeQueue files on disk. 80,000 queues have 80,000 files, so at most a bounded number is open at a
// time, the least recently used one goes first, and none is mapped.
//
//   consumequeue/TopicTest/3/00000000000000000000    300,000 entries of 20 bytes, the rest zeros
//   consumequeue/TopicTest/3/00000000000006000000
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/badges.h"
#include "env/file.h"

namespace mq::store {

/// The queue id for which a queue's folder is named. nullopt: it is no queue's folder.
std::optional<int32_t> parse_queue_id(std::string_view name) noexcept;

/// Names one file: the queue's folder and the position of its first byte in the queue's byte space.
struct QueueFileId {
  uint64_t queue_serial = 0;   // unique among all queues of this process
  int64_t base = 0;
  bool operator==(const QueueFileId&) const = default;
};

class QueueFiles {
 public:
  /// `file_bytes`: of entries a multiple of 20.
  QueueFiles(env::FileSystem& fs, std::string dir, int64_t file_bytes, size_t max_open)
      : fs_(fs), dir_(std::move(dir)), file_bytes_(file_bytes), max_open_(max_open) {}

  /// Bytes of one file.
  int64_t file_bytes() const noexcept { return file_bytes_; }
  /// Recovery only: the size found on disk counts instead of the configured one.
  void set_file_bytes(int64_t bytes) noexcept { file_bytes_ = bytes; }
  int64_t base_of(int64_t position) const noexcept { return position / file_bytes_ * file_bytes_; }
  const std::string& dir() const noexcept { return dir_; }
  std::string queue_dir(std::string_view topic, int32_t queue_id) const;
  env::FileSystem& fs() const noexcept { return fs_; }

  // Any thread.
  /// The file when it is open already, else null.
  std::shared_ptr<env::File> opened(QueueFileId id);
  /// The file, opened when it is not. Errors: kNotFound, kIo.
  Result<std::shared_ptr<env::File>> open(QueueFileId id, const std::string& queue_dir);
  /// Makes the file with its full size and `content` at its start; it appears under its name only when it has both, so
  /// that a crash leaves no empty file that looks like a loss.
  Result<std::shared_ptr<env::File>> create(QueueFileId id, const std::string& queue_dir, ByteView content);
  /// Closes the queue's files; they stay readable for those who hold them.
  void close(uint64_t queue_serial);
  size_t open_count() const;

  /// Folders that got new entries since the last call. For the checkpoint, which syncs them.
  std::set<std::string> take_changed_dirs();
  /// Also the folders above it.
  void add_changed_dir(const std::string& queue_dir);

 private:
  struct Hash {
    size_t operator()(const QueueFileId& id) const noexcept {
      return std::hash<uint64_t>()(id.queue_serial * 0x9E3779B97F4A7C15u + static_cast<uint64_t>(id.base));
    }
  };
  struct Slot {
    QueueFileId id;
    std::shared_ptr<env::File> file;
  };
  using Lru = std::list<Slot>;   // the front was used last

  bool close_half();
  /// Adds it to the open ones; returns the one that was there when `replace` is not set.
  std::shared_ptr<env::File> keep(QueueFileId id, std::shared_ptr<env::File> file, bool replace);

  env::FileSystem& fs_;
  const std::string dir_;
  int64_t file_bytes_;                                                     // fixed after recovery
  const size_t max_open_;
  mutable Mutex mu_;
  Lru lru_ GUARDED_BY(mu_);                                                // badge: guarded
  std::unordered_map<QueueFileId, Lru::iterator, Hash> open_ GUARDED_BY(mu_);   // badge: guarded
  std::set<std::string> changed_dirs_ GUARDED_BY(mu_);                     // badge: guarded
};

}  // namespace mq::store
