// Expiry: CommitLog files go by age or when the disk gets full, and with them what points to them; a disk above
// diskSpaceWarningLevelRatio refuses writes until there is room again. Index loop. Source: spec storage 3.7.
#pragma once

#include <atomic>

#include "env/loop.h"
#include "store/commit_log.h"
#include "store/config.h"
#include "store/queue_table.h"
#include "store/write_gate.h"

namespace mq::store {

class Expiry {
 public:
  Expiry(env::FileSystem& fs, env::Clock& clock, const MessageStoreConfig& config, CommitLog& log, QueueFiles& files, QueueTable& queues, WriteGate& gate)
      : fs_(fs), clock_(clock), config_(config), log_(log), files_(files), queues_(queues), gate_(gate) {}

  /// Looks at the disk: closes or opens the gate. Cheap, once a second.
  void watch_disk();
  /// Removes what has expired. `now`: whatever the hour.
  void run(bool now);
  /// Queues offer no more what the log no longer has. Reads a few entries of each queue when the log's beginning has moved.
  void follow_log_min();

  double disk_ratio() const noexcept { return static_cast<double>(ratio_.load(std::memory_order_relaxed)) / 100.0; }
  int64_t disk_total() const noexcept { return total_.load(std::memory_order_relaxed); }
  int64_t disk_free() const noexcept { return free_.load(std::memory_order_relaxed); }

 private:
  bool hour_of_deletion() const;
  int remove_log_files(bool by_age, bool by_need);
  void remove_ext_files(const ConsumeQueue& q);

  env::FileSystem& fs_;
  env::Clock& clock_;
  const MessageStoreConfig& config_;
  CommitLog& log_;
  QueueFiles& files_;
  QueueTable& queues_;
  WriteGate& gate_;
  std::atomic<int64_t> ratio_{-100};   // badge: published by the index loop; per cent, rounded up
  std::atomic<int64_t> total_{0}, free_{0};
  int64_t followed_min_ = 0;           // badge: owned by the index loop
};

}  // namespace mq::store
