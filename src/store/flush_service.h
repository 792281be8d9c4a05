// FlushService: brings the CommitLog to the disk, on the store's flush loop. Writes back what was appended, syncs it (for
// waiting sends in SYNC_FLUSH, every flushIntervalCommitLog otherwise), has the next file ready in time.
#pragma once

#include <atomic>

#include "env/loop.h"
#include "store/commit_log.h"
#include "store/config.h"
#include "store/disk_pace.h"
#include "store/durability.h"
#include "store/write_gate.h"

namespace mq::store {

class FlushService {
 public:
  FlushService(env::FileSystem& fs, env::Clock& clock, const MessageStoreConfig& config, CommitLog& log, WriteGate& gate,
               DiskPace& pace, const std::atomic<int64_t>& last_store_timestamp);

  /// Before the loop runs anything of it: all before `end` counts as flushed (recovery has synced it).
  void begin_at(int64_t end, int64_t store_timestamp);
  void start(env::Loop& loop);
  void stop_timers();

  // Any thread.
  int64_t flushed() const noexcept { return flushed_.load(std::memory_order_acquire); }
  /// storeTimestamp of a record that is surely on disk, the newest known.
  int64_t flushed_store_timestamp() const noexcept { return flushed_timestamp_.load(std::memory_order_acquire); }
  bool sync_flush() const noexcept { return sync_flush_; }
  void when_durable(int64_t end, env::Loop& loop, Durability::Done done);
  /// After each append, by who appended: starts the write-back when enough has gathered, gives back what has left the window.
  void appended(int64_t end) noexcept;
  void set_disk_free(int64_t bytes) noexcept { disk_free_.store(bytes, std::memory_order_relaxed); }

  // Flush loop.
  /// Syncs everything appended so far and settles who waits for it. After a failure the store refuses writes for good.
  Result<> sync();

 private:
  void request_sync() noexcept;
  void tick();
  void write_back();
  /// Runs what may wait for the disk; that it does is told to others meanwhile.
  template <class F>
  auto watched(F f);
  /// Gives the pages of the log back that lie commitLogCacheMegabytes before its end and are on the disk, at most so many bytes. Any thread.
  void drop_cache(int64_t end, int64_t most);
  /// Calls `use(file, offset in the file, length)` for each file's part of [from, to).
  template <class Use>
  void each_part(int64_t from, int64_t to, const Use& use);
  bool sync_is_due(int64_t now_ms) const noexcept;
  Result<> sync_files(int64_t from, int64_t to);

  env::FileSystem& fs_;
  env::Clock& clock_;
  const MessageStoreConfig& config_;
  CommitLog& log_;
  WriteGate& gate_;
  DiskPace& pace_;
  const std::atomic<int64_t>& last_store_timestamp_;
  const bool sync_flush_;
  env::Loop* loop_ = nullptr;                 // fixed before any append

  Durability durability_;
  std::atomic<int64_t> flushed_{0};           // badge: published by the flush loop
  std::atomic<int64_t> flushed_timestamp_{0}; // badge: published by the flush loop
  std::atomic<bool> sync_requested_{false};   // badge: published; a sync task is posted and has not begun
  std::atomic<int64_t> write_back_at_{0};     // badge: published; `end` at which the next write-back is posted
  std::atomic<int64_t> disk_free_{0};         // badge: published
  int64_t written_back_ = 0;                  // badge: owned by the flush loop
  std::atomic<int64_t> dropped_{0};           // badge: published; before it no page is kept in memory by us
  int64_t last_sync_ms_ = 0;                  // badge: owned by the flush loop
  int64_t synced_file_base_ = -1;             // badge: owned by the flush loop; newest file whose name is on disk
  env::Periodic ticks_;                       // badge: owned by the flush loop
};

}  // namespace mq::store
