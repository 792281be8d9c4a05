#include "store/commit_log.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "msg/record.h"
#include "store/format/segment_name.h"

namespace mq::store {
namespace {

Logger log("store");

constexpr int64_t kReserveStep = 64 << 20;    // so that write-back and syncs wait for one only
constexpr int64_t kReserveLeast = 1 << 20;    // less is not worth a call

const std::array<std::byte, 64 << 10> kZeros{};

}  // namespace

CommitLog::CommitLog(env::FileSystem& fs, std::string dir, int64_t configured_file_size)
    : fs_(fs), dir_(std::move(dir)), file_size_(configured_file_size) {}

namespace {

struct Found {
  int64_t base;
  int64_t size;
};

Result<std::vector<Found>> list_segments(env::FileSystem& fs, const std::string& dir) {
  MQ_TRY(const auto entries, fs.list(dir));
  std::vector<Found> found;
  for (const env::DirEntry& e : entries) {
    if (e.is_dir) continue;
    if (const auto base = parse_segment_name(e.name)) {
      found.push_back({*base, e.size});
    } else {
      log.warn("{}/{} is not a CommitLog file and is left alone", dir, e.name);
    }
  }
  return found;
}

/// A file may have been cut short, and one between two others may be gone: the largest counts, unless the bases say otherwise.
int64_t size_of(const std::vector<Found>& files) noexcept {
  int64_t largest = 0, shortest_way = INT64_MAX;
  for (const Found& f : files) largest = std::max(largest, f.size);
  bool fits = largest > 0;
  for (size_t i = 1; i < files.size(); ++i) {
    const int64_t way = files[i].base - files[i - 1].base;
    shortest_way = std::min(shortest_way, way);
    fits = fits && way % largest == 0;
  }
  return fits ? largest : shortest_way;
}

}  // namespace

Result<> CommitLog::load() {
  MQ_TRY(auto found, list_segments(fs_, dir_));
  while (!found.empty() && found.back().size == 0) {
    const std::string path = dir_ + "/" + segment_name(found.back().base);
    log.warn("{} is empty and is removed", path);
    MQ_TRY_VOID(fs_.remove(path));
    found.pop_back();
  }
  // Nobody configures such a size: an only file of it was cut short while it was made.
  const bool torn = found.size() == 1 && found.front().size < file_size_ && found.front().size % 1024 != 0;
  if (!found.empty() && found.front().size != file_size_ && !torn) {
    const int64_t size = size_of(found);
    log.warn("the files in {} have {} bytes; mappedFileSizeCommitLog={} is not used", dir_, size, file_size_);
    file_size_ = size;
  }
  FileList list;
  for (const Found& f : found) {
    if (f.size < file_size_) {   // a crash between making the file and giving it its size
      log.warn("{}/{} has {} bytes instead of {}; the rest is taken as zeros", dir_, segment_name(f.base), f.size, file_size_);
      MQ_TRY(auto file, fs_.open(dir_ + "/" + segment_name(f.base), env::Open::kReadWrite));
      MQ_TRY_VOID(file->truncate(file_size_));
    }
    if (!list.empty() && list.back()->end() != f.base) {
      log.error("{}: nothing between {} and {}; messages there are lost", dir_, list.back()->end(), f.base);
    }
    MQ_TRY(auto file, MappedFile::open(fs_, dir_, f.base, file_size_));
    list.push_back(std::move(file));
  }
  MutexLock lock(files_mu_);
  publish(std::move(list));
  return {};
}

void CommitLog::publish(FileList list) {
  if (!list.empty()) min_.store(list.front()->base(), std::memory_order_release);
  files_.set(std::move(list));
}

const std::shared_ptr<MappedFile>* CommitLog::find(const FileList& files, int64_t phy) noexcept {
  if (files.empty() || phy < files.front()->base()) return nullptr;
  // Without gaps the place is known; with gaps it is further to the left.
  const auto guess = static_cast<size_t>((phy - files.front()->base()) / files.front()->size());
  for (size_t i = std::min(guess, files.size() - 1);; --i) {
    if (files[i]->holds(phy)) return &files[i];
    if (i == 0 || files[i]->end() <= phy) return nullptr;
  }
}

std::optional<env::PinnedBytes> CommitLog::read(int64_t phy, int64_t size) const noexcept {
  if (phy < 0 || size <= 0 || phy > end() || size > end() - phy) return std::nullopt;   // `phy` may be any number a client sends
  const auto list = files();
  const auto* file = find(*list, phy);
  if (!file || phy + size > (*file)->end()) return std::nullopt;
  return env::PinnedBytes{(*file)->view(phy, size), (*file)->mapping()};
}

int64_t CommitLog::room() const noexcept {
  return current_ ? std::max<int64_t>(current_->end() - end_.load(std::memory_order_relaxed) - kFillerBytes, 0) : 0;
}

Result<> CommitLog::clean_failed_write() {
  int64_t at = end_.load(std::memory_order_relaxed);
  const int64_t until = std::min(dirty_until_, current_->end());
  while (at < until) {
    const auto n = std::min<int64_t>(until - at, static_cast<int64_t>(kZeros.size()));
    MQ_TRY_VOID(current_->file().write(at - current_->base(), ByteView(kZeros).first(static_cast<size_t>(n))));
    at += n;
  }
  dirty_until_ = 0;
  return {};
}

void CommitLog::go_on_in(std::shared_ptr<MappedFile> file) {
  current_ = std::move(file);
  piece_bytes_ = current_ ? current_->file().cache_piece_bytes() : 0;
}

/// What a write of [from, until) of the file takes along: it begins a piece unless it ends in the one in which the write before did.
int64_t CommitLog::zeros_behind(int64_t from, int64_t until) const noexcept {
  if (piece_bytes_ == 0) return 0;
  const auto piece_end = [this](int64_t at) { return std::min((at + piece_bytes_ - 1) / piece_bytes_ * piece_bytes_, current_->size()); };
  return piece_end(until) > piece_end(from) ? piece_end(until) - until : 0;
}

Result<> CommitLog::write(ByteView records) {
  const int64_t at = end_.load(std::memory_order_relaxed);
  // Remains of a failed write could be taken for records that follow ours; they go before anything else is written.
  if (dirty_until_ > at) [[unlikely]] MQ_TRY_VOID(clean_failed_write());
  const auto size = static_cast<int64_t>(records.size());
  const int64_t from = at - current_->base();
  if (auto r = current_->file().write_padded(from, records, zeros_behind(from, from + size)); !r) [[unlikely]] {
    dirty_until_ = std::max(dirty_until_, at + size);
    return r;
  }
  end_.store(at + size, std::memory_order_release);
  return {};
}

Result<std::shared_ptr<MappedFile>> CommitLog::take_next(int64_t base) {
  {
    MutexLock lock(files_mu_);
    if (prepared_ && prepared_->base() == base) return std::exchange(prepared_, nullptr);
  }
  return make_file(base);
}

/// The name is made durable at once, so that no power cut leaves a later file without an earlier one. In the append path
/// only for the first file and when the flush loop could not keep up.
Result<std::shared_ptr<MappedFile>> CommitLog::make_file(int64_t base) {
  MQ_TRY(auto file, MappedFile::create(fs_, dir_, base, file_size_));
  MQ_TRY_VOID(fs_.sync_dir(dir_));
  if (!read_ahead_.load(std::memory_order_relaxed)) file->mapping()->read_ahead(false);
  return file;
}

void CommitLog::set_read_ahead(bool on) noexcept {
  read_ahead_.store(on, std::memory_order_relaxed);
  const auto list = files();
  for (const auto& file : *list) file->mapping()->read_ahead(on);
  MutexLock lock(files_mu_);
  if (prepared_) prepared_->mapping()->read_ahead(on);
}

Result<> CommitLog::roll() {
  const int64_t at = end_.load(std::memory_order_relaxed);
  if (current_ && dirty_until_ > at) MQ_TRY_VOID(clean_failed_write());
  const int64_t base = current_ ? current_->end() : at;
  MQ_TRY(auto next, take_next(base));
  if (current_) {
    std::array<std::byte, kFillerBytes> filler;
    store_be(filler.data(), static_cast<int32_t>(base - at));
    store_be(filler.data() + 4, kMagicFiller);
    if (at < base) {
      if (auto r = current_->file().write(at - current_->base(), filler); !r) {
        dirty_until_ = std::max(dirty_until_, at + kFillerBytes);
        MutexLock lock(files_mu_);
        prepared_ = std::move(next);   // for the next attempt
        return r;
      }
    }
  }
  go_on_in(next);
  MutexLock lock(files_mu_);
  FileList list = *files_.get();
  list.push_back(std::move(next));
  publish(std::move(list));
  if (prepared_ && prepared_->base() <= base) prepared_.reset();   // the flush loop was at it when we made the file ourselves
  end_.store(base, std::memory_order_release);
  return {};
}

void CommitLog::prepare(int64_t disk_free_bytes) noexcept {
  const auto list = files();
  if (list->empty()) return;
  const MappedFile& last = *list->back();
  if (last.end() - end() > file_size_ / 2) return;
  std::shared_ptr<MappedFile> next;
  {
    MutexLock lock(files_mu_);
    if (prepared_ && prepared_->base() == last.end()) next = prepared_;
  }
  if (!next) {
    auto made = make_file(last.end());
    if (!made) {
      log.warn("the next CommitLog file cannot be prepared: {}", made.error().message());
      return;
    }
    next = std::move(*made);
    reserved_ = 0;
    MutexLock lock(files_mu_);
    if (files_.get()->back()->base() != last.base()) return;   // the append path was faster and uses the very file already
    prepared_ = next;
  }
  reserve_blocks(*next, disk_free_bytes);
}

/// Of a file to which nobody writes yet: who writes to the same file waits while the file system looks for blocks.
void CommitLog::reserve_blocks(const MappedFile& next, int64_t disk_free_bytes) noexcept {
  const int64_t until = std::min({reserved_ + kReserveStep, file_size_, disk_free_bytes / 32});
  if (until - reserved_ < kReserveLeast) return;
  reserved_ = until;
  // A failure says that space is short; blocks then come one by one with the writes, as long as there are any.
  if (auto r = next.file().allocate(until); !r) log.debug("{}", r.error().message());
}

void CommitLog::set_end(int64_t end) noexcept {
  MutexLock lock(files_mu_);
  const auto list = files_.get();
  const auto* file = find(*list, end);
  // The end may be the end of the last file; roll() then finds nothing to fill.
  const bool at_its_end = !file && !list->empty() && list->back()->end() == end;
  go_on_in(file ? *file : at_its_end ? list->back() : nullptr);
  if (list->empty()) min_.store(end, std::memory_order_release);
  dirty_until_ = 0;
  reserved_ = 0;
  end_.store(end, std::memory_order_release);
}

void CommitLog::forget(const std::shared_ptr<MappedFile>& file) {
  MutexLock lock(files_mu_);
  FileList list = *files_.get();
  std::erase(list, file);
  publish(std::move(list));
}

void CommitLog::drop_prepared() noexcept {
  MutexLock lock(files_mu_);
  if (!prepared_) return;
  if (auto r = fs_.remove(prepared_->path()); !r) log.warn("{}", r.error().message());
  prepared_.reset();
}

}  // namespace mq::store
