// Walk: one read of a queue, entry by entry, as Java's getMessage does it (spec storage 3.8, semantics 9.4).
#pragma once

#include <memory>
#include <span>
#include <string>

#include "store/commit_log.h"
#include "store/config.h"
#include "store/consume_queue.h"
#include "store/store.h"

namespace mq::store {

/// The limits of one read, taken from the options once.
struct WalkLimits {
  WalkLimits(const MessageStoreConfig& config, int64_t memory_bytes, const ReadRequest& request, int64_t start_end) noexcept;

  int64_t examined;                        // entries
  int64_t messages;
  int64_t bytes;
  int64_t memory_messages, memory_bytes;   // while reading what is "in memory"
  int64_t disk_messages, disk_bytes;       // and what is not
  int64_t in_memory_distance;              // from the log's end
  int64_t kept;                            // the newest part of the log that stays in memory
  int64_t start_end;                       // end of the log when this process began
};

/// On the caller's stack, for one call.
class Walk {
 public:
  Walk(const CommitLog& log, QueueFiles& files, const WalkLimits& limits, const ConsumeQueue& queue, const ReadRequest& request,
       int64_t now_ms, ReadResult& out) noexcept
      : log_(log), files_(files), limits_(limits), queue_(queue), request_(request), now_ms_(now_ms), out_(out) {}
  void run() noexcept;
  /// Why out.failed, for the log.
  const std::string& why_failed() const noexcept { return why_failed_; }

 private:
  enum class Step : uint8_t { kGoOn, kStop };

  bool offset_is_inside() noexcept;
  void walk_entries() noexcept;
  const std::shared_ptr<MappedFile>* file_of(int64_t phy) noexcept;
  void expect(std::span<const CqEntry> entries) noexcept;
  Step take(const CqEntry& entry) noexcept;
  bool full(const CqEntry& entry) const noexcept;
  bool is_cold(const MappedFile& file, const CqEntry& entry) noexcept;
  bool wanted(int64_t tagsCode) noexcept;
  void missing(const CqEntry& entry) noexcept;
  void add(const std::shared_ptr<MappedFile>& file, const CqEntry& entry);

  const CommitLog& log_;
  QueueFiles& files_;
  const WalkLimits limits_;
  const ConsumeQueue& queue_;
  const ReadRequest& request_;
  const int64_t now_ms_;                   // mono
  ReadResult& out_;

  FileSnapshot list_;
  const std::shared_ptr<MappedFile>* file_ = nullptr;   // in list_
  int64_t log_end_ = 0;
  int64_t skip_until_ = 0;                 // entries before this position lead into a file that is gone
  int64_t resident_until_ = 0;             // the log is in memory up to here, from the last range that was asked about
  int64_t first_phy_ = 0, last_phy_ = 0;   // of the records taken
  ByteBuffer unit_;                        // of the entry looked at, when it has a ConsumeQueueExt unit
  std::string why_failed_;
};

}  // namespace mq::store
