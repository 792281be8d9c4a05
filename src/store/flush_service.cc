#include "store/flush_service.h"

#include "base/log.h"

namespace mq::store {
namespace {

Logger log("store");

constexpr int64_t kTickMs = 200;
constexpr int64_t kWriteBackBytes = 4 << 20;   // small enough that no sync finds much left to do
constexpr int64_t kWriteBackStep = 1 << 20;    // the piece of cache that is being filled is left alone: its writers would wait
constexpr int64_t kPageBytes = 4096;
// Whoever appends drops as much, in pieces so small that its next write takes the same memory: it is in the processor's own list of free
// pages then. What the flush loop drops the kernel joins to large pieces, and on a virtual machine those may go back to the host.
constexpr int64_t kDropBytes = 128 << 10;
constexpr int64_t kMostDropBytes = 2 << 20;        // after an append, of which it must not become a stall ...
constexpr int64_t kMostLateBytes = 256 << 20;      // ... and on the flush loop: the window may have become smaller, a sync may have been long

}  // namespace

FlushService::FlushService(env::FileSystem& fs, env::Clock& clock, const MessageStoreConfig& config, CommitLog& l, WriteGate& gate,
                           DiskPace& pace, const std::atomic<int64_t>& last_store_timestamp)
    : fs_(fs), clock_(clock), config_(config), log_(l), gate_(gate), pace_(pace), last_store_timestamp_(last_store_timestamp),
      sync_flush_(config.flushDiskType() == "SYNC_FLUSH") {}

void FlushService::begin_at(int64_t end, int64_t store_timestamp) {
  flushed_.store(end, std::memory_order_release);
  flushed_timestamp_.store(store_timestamp, std::memory_order_release);
  written_back_ = end;
  dropped_.store(end, std::memory_order_relaxed);
  write_back_at_.store(end + kWriteBackBytes, std::memory_order_relaxed);
  durability_.advance(end);
}

void FlushService::start(env::Loop& loop) {
  loop_ = &loop;
  last_sync_ms_ = clock_.mono_ms();
  ticks_ = env::Periodic(loop, kTickMs, kTickMs, [this] { tick(); });
}

void FlushService::stop_timers() { ticks_.stop(); }

void FlushService::when_durable(int64_t end, env::Loop& loop, Durability::Done done) {
  if (durability_.wait(end, loop, config_.syncFlushTimeout(), std::move(done))) request_sync();
}

void FlushService::request_sync() noexcept {
  if (sync_requested_.exchange(true, std::memory_order_acq_rel)) return;
  if (!loop_->post([this] { (void)sync(); })) sync_requested_.store(false, std::memory_order_release);   // tick() syncs
}

void FlushService::appended(int64_t end) noexcept {
  drop_cache(end, kMostDropBytes);
  int64_t at = write_back_at_.load(std::memory_order_relaxed);
  if (end < at || !write_back_at_.compare_exchange_strong(at, end + kWriteBackBytes, std::memory_order_relaxed)) return;
  (void)loop_->post([this] {   // when the loop is full, tick() does it
    write_back();
    log_.prepare(disk_free_.load(std::memory_order_relaxed));
  });
}

template <class Use>
void FlushService::each_part(int64_t from, int64_t to, const Use& use) {
  const auto files = log_.files();
  for (const auto& f : *files) {
    const int64_t first = std::max(from, f->base()), last = std::min(to, f->end());
    if (first < last) use(*f, first - f->base(), last - first);
  }
}

template <class F>
auto FlushService::watched(F f) {
  struct Watch {
    FlushService& service;
    const int64_t began = service.clock_.mono_us();
    explicit Watch(FlushService& s) : service(s) { service.pace_.sync_begins(began); }
    ~Watch() { service.pace_.sync_ends(began, service.clock_.mono_us()); }
  };
  const Watch watch(*this);
  return f();
}

void FlushService::write_back() {
  const int64_t end = log_.end() / kWriteBackStep * kWriteBackStep;
  if (end <= written_back_) return;
  watched([&] { each_part(written_back_, end, [](const MappedFile& f, int64_t at, int64_t length) { f.file().write_back(at, length); }); });
  written_back_ = end;
  drop_cache(end, kMostLateBytes);
}

void FlushService::drop_cache(int64_t end, int64_t most) {
  const int64_t window = config_.commitLogCacheMegabytes() * int64_t{1 << 20};
  if (window <= 0) return;
  int64_t from = dropped_.load(std::memory_order_relaxed);
  const int64_t until = std::min({end - window, flushed_.load(std::memory_order_relaxed), from + most});
  if (until - from < kDropBytes || !dropped_.compare_exchange_strong(from, until, std::memory_order_relaxed)) return;
  each_part(from, until, [](const MappedFile& f, int64_t at, int64_t length) { f.drop_cache(f.base() + at, length); });
}

bool FlushService::sync_is_due(int64_t now_ms) const noexcept {
  const int64_t dirty = log_.end() - flushed();
  if (dirty <= 0) return false;
  if (sync_flush_ || now_ms - last_sync_ms_ >= config_.flushCommitLogThoroughInterval()) return true;
  return now_ms - last_sync_ms_ >= config_.flushIntervalCommitLog() && dirty >= config_.flushCommitLogLeastPages() * kPageBytes;
}

void FlushService::tick() {
  write_back();
  log_.prepare(disk_free_.load(std::memory_order_relaxed));
  if (sync_is_due(clock_.mono_ms())) (void)sync();
  durability_.deliver_again();
}

Result<> FlushService::sync_files(int64_t from, int64_t to) {
  const auto files = log_.files();
  int64_t newest = synced_file_base_;
  for (const auto& f : *files) {
    if (f->end() <= from || f->base() >= to) continue;
    MQ_TRY_VOID(f->file().sync());
    newest = std::max(newest, f->base());
  }
  if (newest != synced_file_base_) {
    MQ_TRY_VOID(fs_.sync_dir(log_.dir()));   // a new file's name must survive too
    synced_file_base_ = newest;
  }
  return {};
}

Result<> FlushService::sync() {
  sync_requested_.store(false, std::memory_order_release);
  if (gate_.is_closed_by(Closed::kSyncFailed)) {
    durability_.fail_all();
    return fail(Errc::kIo, "an earlier sync failed");
  }
  // The time first: it then belongs to a record before `end`.
  const int64_t timestamp = last_store_timestamp_.load(std::memory_order_acquire);
  const int64_t end = log_.end();
  last_sync_ms_ = clock_.mono_ms();
  if (end > flushed()) {
    if (auto r = watched([&] { return sync_files(flushed(), end); }); !r) {
      // After a failed fsync the kernel counts the pages as clean: trying again would report a success that is none.
      gate_.close(Closed::kSyncFailed, "the CommitLog could not be synced: " + r.error().message());
      log.error("no message is accepted until a restart: {}", gate_.reason());
      durability_.fail_all();
      return r;
    }
    written_back_ = std::max(written_back_, end);
    flushed_.store(end, std::memory_order_release);
    if (timestamp > 0) flushed_timestamp_.store(timestamp, std::memory_order_release);
  }
  durability_.advance(end);
  return {};
}

}  // namespace mq::store
