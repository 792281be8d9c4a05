// Appender: the append section. One short lock per batch: places are given, the records patched, written with one
// pwrite per file, published, and entered in their ConsumeQueues; then the listeners are told.
#pragma once

#include <atomic>
#include <vector>

#include "store/commit_log.h"
#include "store/disk_pace.h"
#include "store/queue_table.h"
#include "store/store.h"
#include "store/write_gate.h"

namespace mq::store {

/// Counters of appending since start.
struct AppendStats {
  int64_t put_total = 0;
  int64_t put_failed = 0;
  int64_t put_bytes = 0;
  int64_t entire_time_max_ms = 0;
  std::array<int64_t, 13> distribute{};   // by the time the append took, as StoreStats::put_distribute
};

class Appender {
 public:
  /// `bits` null: nobody filters.
  Appender(env::Clock& clock, CommitLog& log, QueueTable& queues, WriteGate& gate, DiskPace& pace, const FilterBits* bits = nullptr)
      : clock_(clock), log_(log), queues_(queues), gate_(gate), pace_(pace), filter_bits_(bits) {}

  /// Store::append without the listeners. `arrivals` gets what became readable.
  void append(AppendBatch& batch, std::vector<Arrival>& arrivals) noexcept EXCLUDES(mu_);

  /// Recovery: enters a record that is already in the log. The caller has checked that it is the queue's next.
  void dispatch(const std::shared_ptr<ConsumeQueue>& queue, const CqEntry& entry) EXCLUDES(mu_);
  /// The same with what its ConsumeQueueExt unit says besides.
  void dispatch(const std::shared_ptr<ConsumeQueue>& queue, const CqEntry& entry, int64_t store_timestamp, ByteView bit_map) EXCLUDES(mu_);
  /// Recovery: the newest storeTimestamp there is; a clock that was set back meanwhile does not go behind it.
  void resume_at(int64_t store_timestamp) noexcept { last_timestamp_.store(store_timestamp, std::memory_order_release); }

  struct Dirty {
    std::vector<std::shared_ptr<ConsumeQueue>> queues;   // that got entries since the last call
    int64_t end = 0;                                     // all records before it have their entries in a tail
    int64_t store_timestamp = 0;                         // of the record before `end`
  };
  /// Index loop. The queues to be flushed.
  Dirty take_dirty() EXCLUDES(mu_);
  size_t dirty_count() const EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return dirty_.size();
  }
  /// Index loop. Those that got so many entries that they are worth a write now; they stay among the dirty ones.
  std::vector<std::shared_ptr<ConsumeQueue>> take_full() EXCLUDES(mu_);
  /// For a queue of take_dirty() whose entries could not be written: it comes again with the next one.
  void list_again(const std::shared_ptr<ConsumeQueue>& queue);
  /// Runs `f` while nobody appends. For changes of which the append section must see all or nothing.
  template <class F>
  auto exclusively(F f) EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return f();
  }
  /// Never waits for an append.
  AppendStats stats() const EXCLUDES(stats_mu_);
  /// storeTimestamp of the last record. Any thread.
  const std::atomic<int64_t>& last_store_timestamp() const noexcept { return last_timestamp_; }

 private:
  void append_all(AppendBatch& batch, std::vector<Arrival>& arrivals) EXCLUDES(mu_);
  int64_t stamp() noexcept REQUIRES(mu_);
  /// Appends items from `first` on, before `end`, as many as fit behind each other. Returns the first that is not dealt with.
  size_t append_run(AppendBatch& batch, size_t first, size_t end, int64_t now, std::vector<Arrival>& arrivals) REQUIRES(mu_);
  Result<> write(ByteView records) REQUIRES(mu_);
  bool make_room(AppendBatch& batch, size_t first) REQUIRES(mu_);
  void place(AppendItem& item, const AppendPart* part, std::byte* bytes, int64_t phy, int64_t now) REQUIRES(mu_);
  static constexpr size_t kQueuesPerLock = 256;

  void enter(const AppendBatch& batch, AppendItem& item, std::vector<Arrival>& arrivals) REQUIRES(mu_);
  /// Of several records, or into a queue with ConsumeQueueExt.
  void enter_any(const AppendBatch& batch, const AppendItem& item, std::vector<Arrival>& arrivals) REQUIRES(mu_);
  /// Of several records that are known; their queue has no ConsumeQueueExt.
  void enter_parts(const AppendItem& item, const AppendPart* part, std::vector<Arrival>& arrivals) REQUIRES(mu_);
  void list(const std::shared_ptr<ConsumeQueue>& queue, int32_t entries = 1) REQUIRES(mu_);
  void enter_one(const std::shared_ptr<ConsumeQueue>& queue, const CqEntry& entry, int64_t time, ByteView bit_map, std::vector<Arrival>& arrivals) REQUIRES(mu_);
  /// Puts the entry, and its unit where the queue has a ConsumeQueueExt.
  void put(const std::shared_ptr<ConsumeQueue>& queue, CqEntry entry, int64_t time, ByteView bit_map) REQUIRES(mu_);
  size_t refuse_from(AppendBatch& batch, size_t first, const Error& error, PutStatus status) REQUIRES(mu_);
  void count(const AppendBatch& batch, int64_t took_us) EXCLUDES(mu_, stats_mu_);

  env::Clock& clock_;
  CommitLog& log_;
  QueueTable& queues_;
  WriteGate& gate_;
  DiskPace& pace_;
  const FilterBits* const filter_bits_;
  mutable Mutex mu_;                                                    // the append mutex
  std::vector<std::shared_ptr<ConsumeQueue>> dirty_ GUARDED_BY(mu_);    // badge: guarded
  std::vector<std::shared_ptr<ConsumeQueue>> full_ GUARDED_BY(mu_);     // badge: guarded
  mutable Mutex stats_mu_;
  AppendStats stats_ GUARDED_BY(stats_mu_);                             // badge: guarded
  ByteBuffer late_ GUARDED_BY(mu_);                                     // of a deliberate bug: acknowledged and not written
  std::atomic<int64_t> last_timestamp_{0};                              // badge: published by the append section
};

}  // namespace mq::store
