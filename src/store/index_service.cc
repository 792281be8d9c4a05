#include "store/index_service.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "base/log.h"
#include "base/time_text.h"
#include "store/log_scan.h"

namespace mq::store {
namespace {

Logger log("store");

constexpr size_t kRecordsPerLock = 1024;      // a look-up waits for no more than these
constexpr int64_t kFollowDelayMs = 10;        // gathers what follows a first append
constexpr int64_t kFollowMs = 20;             // in one turn of the loop, which has more to do
constexpr int64_t kStopMs = 3000;

}  // namespace

IndexService::IndexService(env::FileSystem& fs, env::Clock& clock, const MessageStoreConfig& config, const CommitLog& l, std::string dir)
    : fs_(fs), clock_(clock), config_(config), log_(l), dir_(std::move(dir)), layout_{config.maxHashSlotNum(), config.maxIndexNum()} {}

Result<> IndexService::load(bool crashed) {
  MQ_TRY(const auto entries, fs_.list(dir_));
  MutexLock lock(mu_);
  for (const env::DirEntry& e : entries) {
    if (e.is_dir || !is_index_name(e.name)) {
      log.warn("{}/{} is not an index file and is left alone", dir_, e.name);
      continue;
    }
    const std::string path = dir_ + "/" + e.name;
    auto file = IndexFile::open(fs_, path, layout_);
    if (file) {
      files_.push_back(std::move(*file));
      continue;
    }
    const std::string aside = name_aside(path);
    log.warn("{}; it is kept as {}, messages in it are found again by key as far as they are newer than the files before", file.error().message(), aside);
    MQ_TRY_VOID(fs_.rename(path, aside));
  }
  position_ = log_.min();
  crashed_ = crashed;
  return {};
}

void IndexService::start(env::Loop& loop) {
  loop_.store(&loop, std::memory_order_release);
  again_posted_ = loop.post([this] {
    {
      MutexLock lock(mu_);
      if (auto r = resume(); !r) log.warn("the index waits: {}", r.error().message());
    }
    again_posted_ = false;
    follow();
  });
}

Result<> IndexService::catch_up() {
  {
    MutexLock lock(mu_);
    MQ_TRY_VOID(resume());
  }
  if (follow_until(INT64_MAX) == Followed::kBlocked) return fail(Errc::kIo, "the index files cannot be written").at(dir_);
  MQ_TRY_VOID(sync());
  return {};
}

void IndexService::stop() {
  loop_.store(nullptr, std::memory_order_release);
  if (follow_until(clock_.mono_ms() + kStopMs) == Followed::kSome) log.info("the index is behind the log; the next start goes on with it");
}

std::string IndexService::name_aside(const std::string& path) const { return env::free_name(fs_, dir_ + ".index-" + path.substr(dir_.size() + 1) + ".bad"); }

/// Whether the entry's message has a key of its hash. Of one that has expired nobody can tell.
static bool leads_to_its_key(const FileList& files, const IndexEntry& e, int64_t log_min) {
  if (e.phy < log_min) return true;
  const auto record = record_in(files, e.phy);
  bool has_key = false;
  if (record) for_each_index_key(*record, [&](std::string_view key) { has_key |= index_hash(record->m.topic, key) == e.hash; });
  return has_key;
}

Result<> IndexService::resume() {
  const auto list = log_.files();
  const auto repair = [&](IndexFile& file) {
    const auto time_of = [&](const IndexEntry& e) {
      const auto record = record_in(*list, e.phy);
      return record ? std::optional(record->m.storeTimestamp) : std::nullopt;
    };
    return file.repair(log_.end(), [&](const IndexEntry& e) { return leads_to_its_key(*list, e, log_.min()); }, time_of);
  };
  for (const auto& f : files_) {
    if (crashed_ && f == files_.back()) break;   // that one is repaired below, whatever its header says
    const bool beyond = f->count() > 1 && f->end_phy() >= log_.end();
    if (f->lost_pages() || (f->header_fits() && !beyond)) continue;
    if (!crashed_) log.warn("{}: its header does not say where its entries end; it is made again from them", f->path());
    MQ_TRY_VOID(repair(*f));
  }
  // The newest may be empty, as when the process died before its first entry; the end of what is entered stands before it then.
  size_t used = files_.size();
  for (; used > 0; --used) {
    if (crashed_) MQ_TRY_VOID(repair(*files_[used - 1]));
    if (files_[used - 1]->count() > 1) break;
  }
  if (used == 0) return {};
  IndexFile& last = *files_[used - 1];
  const int64_t phy = last.end_phy();
  if (phy < log_.min()) return {};   // expired: what is left of the log is newer than the index
  position_ = phy;
  const auto record = record_in(*list, phy);
  if (!record) return {};   // who follows passes over it
  last.set_end_timestamp(record->m.storeTimestamp);
  size_t entered = 0;
  for (int32_t n = last.count() - 1; n > 0 && last.entry(n).phy == phy; --n) ++entered;
  position_ = phy + static_cast<int64_t>(record->bytes.size());
  gather(*record, phy);
  return enter(std::min(entered, keys_.size()));   // the keys that a crash left out
}

std::string IndexService::new_name() const {
  const int64_t now = clock_.now_ms();
  std::string name = fmt::format("{}{:03}", time_text(local_time(now), "%Y%m%d%H%M%S"), millis_of(now));
  if (files_.empty()) return name;
  const std::string last = files_.back()->path().substr(dir_.size() + 1);
  return name > last ? name : std::to_string(std::stoll(last) + 1);   // the order of names is the order of files
}

Result<> IndexService::add_file() {
  MQ_TRY(auto file, IndexFile::open(fs_, dir_ + "/" + new_name(), layout_));
  if (!files_.empty()) {
    file->seed(*files_.back());
    if (auto r = files_.back()->sync(); !r) log.warn("{}", r.error().message());
  }
  files_.push_back(std::move(file));
  return {};
}

void IndexService::gather(const RecordView& record, int64_t phy) {
  if (!config_.messageIndexEnable()) return;
  // The analysis does not see that the lambda runs here, under mu_.
  for_each_index_key(record, [&](std::string_view key) NO_THREAD_SAFETY_ANALYSIS {
    keys_.push_back({index_hash(record.m.topic, key), phy, record.m.storeTimestamp});
  });
}

Result<size_t> IndexService::put(std::span<const IndexKey> keys) {
  if (files_.empty() || files_.back()->full()) MQ_TRY_VOID(add_file());
  return files_.back()->put(keys);
}

Result<> IndexService::enter(size_t first) {
  Result<> result;
  for (auto rest = std::span<const IndexKey>(keys_).subspan(first); result && !rest.empty();) {
    if (const auto count = put(rest)) {
      rest = rest.subspan(*count);
    } else {
      result = std::unexpected(count.error());
      position_ = rest.front().phy;
    }
  }
  keys_.clear();
  return result;
}

void IndexService::appended(const AppendBatch& batch) noexcept {
  env::Loop* loop = loop_.load(std::memory_order_acquire);
  if (!loop) return;
  if (!batch.key_hashes.empty()) feed_.push(batch);
  if (awake_.load(std::memory_order_relaxed) || awake_.exchange(true, std::memory_order_acq_rel)) return;
  // A thread that is woken takes time of the core on which the answers to this append are about to be written.
  if (batch.loop) {
    batch.loop->after(kFollowDelayMs, [this] { wake(); });
  } else {
    wake();
  }
}

void IndexService::wake() noexcept {
  env::Loop* loop = loop_.load(std::memory_order_acquire);
  const bool posted = loop && loop->post([this] {
    awake_.store(false, std::memory_order_release);
    follow();
  });
  if (!posted) awake_.store(false, std::memory_order_release);
}

void IndexService::follow() {
  env::Loop* loop = loop_.load(std::memory_order_relaxed);
  if (again_posted_ || !loop || follow_until(clock_.mono_ms() + kFollowMs) != Followed::kSome) return;
  again_posted_ = loop->post([this] {
    again_posted_ = false;
    follow();
  });
}

IndexService::Followed IndexService::follow_until(int64_t deadline_ms) {
  for (;;) {
    // What is left of the last time goes first: reading it from the log would take longer than it came in.
    if (fed_.empty()) feed_.take(fed_);
    const bool fed = !fed_.empty();
    const int64_t end = fed ? fed_.front().phy : log_.end();
    const auto files = log_.files();
    {
      MutexLock lock(mu_);
      position_ = std::max(position_, log_.min());
      const bool more = gather_some(end, *files);
      if (!more && fed && position_ < end) fed_.clear();   // what lies between cannot be read now
      if (!more) gather_fed();
      if (auto r = enter(0); !r) {
        log.debug("the index waits: {}", r.error().message());
        return Followed::kBlocked;
      }
      if (!more && !fed) return Followed::kAll;
    }
    if (clock_.mono_ms() > deadline_ms) return Followed::kSome;
  }
}

void IndexService::gather_fed() {
  const bool enabled = config_.messageIndexEnable();
  const size_t before = keys_.size(), most = std::min(fed_.size(), kRecordsPerLock);
  keys_.resize(before + most);
  IndexKey* to = keys_.data() + before;
  int64_t position = position_;
  for (size_t left = most; left > 0 && fed_.front().phy <= position;) {
    const IndexFeed::Run& run = fed_.front();
    const size_t count = std::min(left, run.entries);
    int64_t phy = run.phy;
    for (const IndexFeed::Entry& e : std::span(fed_.entries(), count)) {
      if (phy == position) {   // else it is entered already
        if (e.hash >= 0 && enabled) *to++ = {e.hash, phy, run.store_timestamp};
        position += e.size;
      }
      phy += e.size;
    }
    fed_.advance(count, phy);
    left -= count;
  }
  position_ = position;
  keys_.resize(static_cast<size_t>(to - keys_.data()));
}

bool IndexService::gather_some(int64_t end, const FileList& files) {
  for (size_t i = 0; i < kRecordsPerLock; ++i) {
    if (position_ >= end) return false;
    const auto* file = CommitLog::find(files, position_);
    if (!file) {
      const auto next = std::ranges::find_if(files, [at = position_](const auto& f) { return f->base() > at; });
      if (next == files.end()) return false;
      log.error("the CommitLog has no file for {} to {}; the index goes on behind that", position_, (*next)->base());
      position_ = (*next)->base();
      continue;
    }
    const ByteView rest = (*file)->view(position_, std::min(end, (*file)->end()) - position_);
    if (rest.size() < 8 || is_filler(rest)) {
      position_ = (*file)->end();
      continue;
    }
    const auto record = decode_record(rest, RecordCheck::kLengths);
    if (!record) {
      const int64_t next = next_record(**file, position_ + 1, std::min(end, (*file)->end()));
      log.error("CommitLog offset {} cannot be read; messages from there to {} are not in the index", position_, next);
      position_ = next;
      continue;
    }
    gather(*record, position_);
    position_ += static_cast<int64_t>(record->bytes.size());
  }
  return true;
}

int64_t IndexService::position() const {
  MutexLock lock(mu_);
  return std::max(position_, log_.min());
}

void IndexService::expire(int64_t log_min) {
  MutexLock lock(mu_);
  while (files_.size() > 1 && files_.front()->end_phy() < log_min) {
    const std::string path = files_.front()->path();
    files_.erase(files_.begin());
    if (auto r = fs_.remove(path); !r) log.warn("{}", r.error().message());
  }
}

Result<> IndexService::set_unreadable_aside() {
  const auto bad = std::find_if(files_.begin(), files_.end(), [](const auto& f) { return f->lost_pages(); });
  if (bad == files_.end()) return {};
  for (auto it = bad; it != files_.end(); ++it) {
    const std::string aside = name_aside((*it)->path());
    log.error("{}: {}; it is kept as {} and its keys are entered again from the CommitLog. Copy the disk", (*it)->path(),
              it == bad ? "the disk could not give a part of the file" : "stands behind such a file", aside);
    MQ_TRY_VOID(fs_.rename((*it)->path(), aside));
  }
  files_.erase(bad, files_.end());
  position_ = log_.min();
  return resume();
}

Result<int64_t> IndexService::sync() {
  MutexLock lock(mu_);
  MQ_TRY_VOID(set_unreadable_aside());
  if (files_.empty()) return int64_t{0};
  MQ_TRY_VOID(files_.back()->sync());
  return files_.back()->end_timestamp();
}

IndexService::Found IndexService::find(std::string_view topic, std::string_view key, size_t max, int64_t begin, int64_t end) const {
  const int32_t hash = index_hash(topic, key);
  Found found;
  MutexLock lock(mu_);
  if (files_.empty()) return found;
  found.last_timestamp = files_.back()->end_timestamp();
  found.last_phy = files_.back()->end_phy();
  for (size_t i = files_.size(); i-- > 0 && found.positions.size() < max;) {
    const IndexFile& file = *files_[i];
    if (file.overlaps(begin, end)) file.find(hash, begin, end, max, found.positions);
    if (file.begin_timestamp() < begin) break;
  }
  std::sort(found.positions.begin(), found.positions.end());
  found.positions.erase(std::unique(found.positions.begin(), found.positions.end()), found.positions.end());
  return found;
}

}  // namespace mq::store
