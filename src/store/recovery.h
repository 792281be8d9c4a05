// Recovery: from whatever files are there to the state before the crash. Runs once, before anybody else uses the store.
//
//   1. CommitLog: records from the last safe point on, up to the first that is damaged; that is the end. What lies behind
//      it goes: zeros in the last file, later files.
//   2. ConsumeQueues: the entries found in their files that the log confirms (queue_loader.h).
//   3. Records behind the safe point whose entries are missing get them.
//   4. Queues with a hole, and queues that should be there and are not, are built again from the log's beginning.
//
// The time it takes follows from what was written since the safe point, unless a queue must be built again. The log is the
// truth: whatever does not fit it is thrown away or kept aside.
#pragma once

#include <functional>
#include <set>

#include "store/appender.h"
#include "store/checkpoint.h"
#include "store/commit_log.h"
#include "store/known_queues.h"
#include "store/queue_loader.h"
#include "store/queue_order.h"
#include "store/queue_table.h"

namespace mq::store {

struct Recovered {
  int64_t start = 0;             // what lies before was trusted: the safe point until there is a later one
  int64_t end = 0;               // where appending goes on
  int64_t store_timestamp = 0;   // of the last record, 0 when none was looked at
  int64_t scanned_bytes = 0;
  int64_t dispatched = 0;        // entries that were built again
  /// ConsumeQueue files that must be on the disk before the safe point moves: queue and base.
  std::vector<std::pair<std::shared_ptr<ConsumeQueue>, int64_t>> unsynced;
  std::vector<std::pair<std::shared_ptr<ConsumeQueue>, int64_t>> unsynced_ext;   // likewise, of ConsumeQueueExt
};

class Recovery {
 public:
  Recovery(env::FileSystem& fs, CommitLog& log, QueueFiles& files, QueueTable& queues, Appender& appender)
      : fs_(fs), log_(log), files_(files), queues_(queues), appender_(appender) {}

  /// `crashed`: the file `abort` was there. Errors: kIo.
  Result<Recovered> run(const CheckpointData& checkpoint, bool crashed);

  /// The delay of a level, for the tagsCode of SCHEDULE_TOPIC_XXXX.
  DelayOfLevel delay_ms_of_level;
  /// Makes it durable that the next recovery begins at `start` or before, ahead of any change to ConsumeQueue entries
  /// that the checkpoint vouches for.
  std::function<Result<>(int64_t start)> lower_safe_point;
  /// For the units of ConsumeQueueExt; null: they get no bit map.
  const FilterBits* filter_bits = nullptr;
  /// Records of the topic before this position were deleted with it. Empty: none.
  std::function<int64_t(std::string_view topic)> deleted_before;
  /// So many entries are kept in memory before they are written; a queue built again from a large log has very many.
  int64_t entries_in_memory = 1'000'000;
  /// The queues that there were. nullopt: nobody knows.
  std::optional<std::vector<KnownQueues::Line>> known;

 private:
  using QueueKey = std::pair<std::string, int32_t>;   // topic, queue id

  int64_t last_unit(const ConsumeQueue& queue) const;
  Result<> load_ext();
  int64_t safe_start(const CheckpointData& checkpoint, bool crashed) const;
  Result<> cut_log(int64_t end);
  Result<> load_queues(const QueueLoader::Limits& limits, Recovered& out);
  bool is_deleted(std::string_view topic, int64_t phy) const { return deleted_before && phy < deleted_before(topic); }
  void add_missing(int64_t trusted);
  void dispatch(const RecordView& record, Recovered& out);
  void enter(const std::shared_ptr<ConsumeQueue>& queue, const RecordView& record, Recovered& out);
  void write_entries(Recovered& out);
  Result<> remove_segments(const std::string& dir);
  Result<> rebuild(Recovered& out);
  static void leave_out(const ConsumeQueue& queue, const RecordView& record);
  void enter_rebuilt(const QueueOrder::Placed& placed, Recovered& out);

  bool from_beginning_ = false;   // dispatching began with the log's first record
  std::set<QueueKey> started_;    // that dispatching began
  std::set<QueueKey> broken_;     // to be built again
  env::FileSystem& fs_;
  CommitLog& log_;
  QueueFiles& files_;
  QueueTable& queues_;
  Appender& appender_;
};

}  // namespace mq::store
