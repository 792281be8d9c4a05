#include "store/queue_files.h"

#include <charconv>
#include <utility>

#include "store/format/segment_name.h"

namespace mq::store {
namespace {

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

std::optional<int32_t> parse_queue_id(std::string_view name) noexcept {
  int32_t id = 0;
  const auto [stop, ec] = std::from_chars(name.data(), name.data() + name.size(), id);
  return ec == std::errc() && stop == name.data() + name.size() && id >= 0 ? std::optional(id) : std::nullopt;
}

std::string QueueFiles::queue_dir(std::string_view topic, int32_t queue_id) const {
  return dir_ + "/" + std::string(topic) + "/" + std::to_string(queue_id);
}

std::shared_ptr<env::File> QueueFiles::keep(QueueFileId id, std::shared_ptr<env::File> file, bool replace) {
  std::shared_ptr<env::File> closing;   // closed after the lock is released
  MutexLock lock(mu_);
  if (const auto it = open_.find(id); it != open_.end()) {
    if (replace) closing = std::exchange(it->second->file, std::move(file));
    return it->second->file;   // otherwise another thread was faster
  }
  if (lru_.size() >= max_open_) {
    closing = std::move(lru_.back().file);
    open_.erase(lru_.back().id);
    lru_.pop_back();
  }
  lru_.push_front({id, file});
  open_[id] = lru_.begin();
  return file;
}

std::shared_ptr<env::File> QueueFiles::opened(QueueFileId id) {
  MutexLock lock(mu_);
  const auto it = open_.find(id);
  if (it == open_.end()) return nullptr;
  lru_.splice(lru_.begin(), lru_, it->second);
  return it->second->file;
}

Result<std::shared_ptr<env::File>> QueueFiles::open(QueueFileId id, const std::string& queue_dir) {
  if (auto file = opened(id)) return file;
  const std::string path = queue_dir + "/" + segment_name(id.base);
  auto file = fs_.open(path, env::Open::kReadWrite);
  if (!file && file.error().code() == Errc::kIo && close_half()) file = fs_.open(path, env::Open::kReadWrite);   // no descriptor left
  if (!file) return fail(std::move(file).error());
  return keep(id, std::move(*file), false);
}

/// Makes room in the process's table of descriptors. False when nothing was open.
bool QueueFiles::close_half() {
  Lru closing;   // closed after the lock is released, as far as nobody reads in them
  MutexLock lock(mu_);
  for (size_t n = (lru_.size() + 1) / 2; n > 0; --n) {
    open_.erase(lru_.back().id);
    closing.splice(closing.begin(), lru_, std::prev(lru_.end()));
  }
  return !closing.empty();
}

Result<std::shared_ptr<env::File>> QueueFiles::create(QueueFileId id, const std::string& queue_dir, ByteView content) {
  const std::string path = queue_dir + "/" + segment_name(id.base);
  const std::string unfinished = path + ".tmp";
  if (!fs_.exists(queue_dir)) MQ_TRY_VOID(fs_.make_dirs(queue_dir));
  {
    MQ_TRY(auto file, fs_.open(unfinished, env::Open::kCreate));
    // Not for a new file: ext4 takes a cut to nothing as the beginning of a replacement and writes it to the disk when it is closed.
    MQ_TRY(const int64_t left, file->size());
    if (left > 0) MQ_TRY_VOID(file->truncate(0));
    MQ_TRY_VOID(file->truncate(file_bytes_));
    MQ_TRY_VOID(file->write(0, content));
  }
  MQ_TRY_VOID(fs_.rename(unfinished, path));
  add_changed_dir(queue_dir);
  MQ_TRY(auto file, fs_.open(path, env::Open::kReadWrite));
  return keep(id, std::move(file), true);
}

void QueueFiles::close(uint64_t queue_serial) {
  Lru closing;
  MutexLock lock(mu_);
  for (auto it = lru_.begin(); it != lru_.end();) {
    const auto slot = it++;
    if (slot->id.queue_serial != queue_serial) continue;
    open_.erase(slot->id);
    closing.splice(closing.begin(), lru_, slot);
  }
}

size_t QueueFiles::open_count() const {
  MutexLock lock(mu_);
  return lru_.size();
}

void QueueFiles::add_changed_dir(const std::string& queue_dir) {
  MutexLock lock(mu_);
  changed_dirs_.insert(queue_dir);
  if (queue_dir == dir_ || !queue_dir.starts_with(dir_)) return;
  changed_dirs_.insert(parent_of(queue_dir));
  changed_dirs_.insert(dir_);
}

std::set<std::string> QueueFiles::take_changed_dirs() {
  MutexLock lock(mu_);
  return std::exchange(changed_dirs_, {});
}

}  // namespace mq::store
