// Reader: what a pull, an offset search or a look-up by position reads. Any thread; nothing here changes the store.
#pragma once

#include <atomic>

#include "store/commit_log.h"
#include "store/config.h"
#include "store/consume_queue.h"
#include "store/store.h"

namespace mq::store {

struct ReadCounters {
  std::atomic<int64_t> found{0}, miss{0}, transferred{0}, entire_time_max_ms{0};   // badge: published
};

class Reader {
 public:
  Reader(env::Clock& clock, const MessageStoreConfig& config, const CommitLog& log, QueueFiles& files);

  /// Store::read.
  void read(const ConsumeQueue* queue, const ReadRequest& request, ReadResult& out) const noexcept;
  Result<env::PinnedBytes> record_at(int64_t phy) const;
  Result<CqEntry> entry_at(const ConsumeQueue& q, int64_t index) const;
  /// storeTimestamp of the record behind an entry; -1 when it is gone.
  int64_t store_time(const CqEntry& entry) const noexcept;
  int64_t store_time(const ConsumeQueue& q, int64_t index) const;
  int64_t offset_by_time(const ConsumeQueue& q, int64_t timestamp_ms, Boundary boundary) const;
  /// Recent enough that Java takes it for being in the page cache: accessMessageInMemoryMaxRatio of the memory.
  bool in_memory(int64_t phy) const noexcept;
  const ReadCounters& counters() const noexcept { return counters_; }
  /// Recovery: nothing before `end` counts as just appended.
  void set_start(int64_t end) noexcept { start_end_ = end; }

 private:
  env::Clock& clock_;
  const MessageStoreConfig& config_;
  const CommitLog& log_;
  QueueFiles& files_;
  const int64_t memory_bytes_;          // what "in memory" is a share of
  int64_t start_end_ = 0;               // fixed before the first read
  mutable ReadCounters counters_;
};

}  // namespace mq::store
