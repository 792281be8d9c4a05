// Recovery: from whatever files are there to the state before the crash. Runs once, before anybody else uses the store.
//
//   1. ConsumeQueues: the entries found in their files, up to the first that is none.
//   2. CommitLog: records from the last safe point on, up to the first that is damaged; that is the end.
//   3. What lies behind the end is removed: zeros in the last file, later files, entries that point there.
//   4. Records whose entries are missing get them.
//
// The log is the truth: a queue that does not fit it is thrown away and built again from the log's beginning.
#pragma once

#include <array>
#include <functional>

#include "store/appender.h"
#include "store/checkpoint.h"
#include "store/commit_log.h"
#include "store/queue_table.h"

namespace mq::store {

struct Recovered {
  int64_t start = 0;             // what lies before was trusted: the safe point until there is a later one
  int64_t end = 0;               // where appending goes on
  int64_t store_timestamp = 0;   // of the last record
  int64_t scanned_bytes = 0;
  int64_t dispatched = 0;        // entries that were built again
};

class Recovery {
 public:
  Recovery(env::FileSystem& fs, CommitLog& log, QueueFiles& files, QueueTable& queues, Appender& appender)
      : fs_(fs), log_(log), files_(files), queues_(queues), appender_(appender) {}

  /// `crashed`: the file `abort` was there. Errors: kIo.
  Result<Recovered> run(const CheckpointData& checkpoint, bool crashed);
  /// Visits the records of [from, end) in order. Stops at the first damaged one and returns its position.
  int64_t scan(int64_t from, bool check_crc, const std::function<bool(const RecordView&)>& visit) const;

  /// The delay of a level, for the tagsCode of SCHEDULE_TOPIC_XXXX. Empty: the hash of TAGS as for every topic.
  std::function<int64_t(int32_t level)> delay_ms_of_level;
  /// Makes it durable that the next recovery begins at `start` or before, ahead of any change to ConsumeQueue entries
  /// that the checkpoint vouches for.
  std::function<Result<>(int64_t start)> lower_safe_point;
  /// Records of the topic before this position were deleted with it. Empty: none.
  std::function<int64_t(std::string_view topic)> deleted_before;

 private:
  Result<> load_queues();
  Result<> load_queue(const std::string& topic, int32_t queue_id);
  Result<int64_t> count_entries(env::File& file, CqEntry& last) const;
  int64_t safe_start(const CheckpointData& checkpoint, bool crashed) const;
  Result<> cut_log(int64_t end);
  Result<> cut_queue(ConsumeQueue& queue, int64_t end, bool crashed);
  Result<> clear_behind(const ConsumeQueue& queue, int64_t count) const;
  bool leads_to_own_record(const ConsumeQueue& queue, int64_t index, const CqEntry& e) const;
  Result<> forget_queues();
  bool dispatch(const RecordView& record, Recovered& out);

  bool from_beginning_ = false;   // dispatching began with the log's first record
  env::FileSystem& fs_;
  CommitLog& log_;
  QueueFiles& files_;
  QueueTable& queues_;
  Appender& appender_;
};

}  // namespace mq::store
