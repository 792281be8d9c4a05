// The index files held against the records, which come in the log's order.
#pragma once

#include <optional>
#include <vector>

#include "msg/record.h"
#include "store/check/files.h"

namespace mq::store {

class IndexCheck {
 public:
  /// Oldest file first. Entries before `log_min` lead to messages that have expired.
  IndexCheck(std::vector<IndexView> files, int64_t log_min) : files_(std::move(files)), verdicts_(files_.size()), log_min_(log_min) {}

  /// The next record of the log.
  void visit(const RecordView& record);
  /// After the last one: looks at slots and chains.
  void finish();

  struct Verdict {
    int64_t stray = 0;      // entries that lead to no such message
    int64_t missing = 0;    // keys of messages before the file's end that are not entered
    int64_t chains = 0;     // slots and links that are not what the entries say
    int64_t mistimed = 0;   // entries whose seconds are not what the header's begin and their messages say
    std::optional<int64_t> begin_ms, end_ms;   // of the messages of the first and last entry, where they are still there
  };
  const std::vector<IndexView>& files() const noexcept { return files_; }
  const std::vector<Verdict>& verdicts() const noexcept { return verdicts_; }
  int64_t entries() const noexcept;
  /// Keys of messages behind the last entry.
  int64_t behind() const noexcept { return behind_; }

 private:
  bool at_end() const noexcept { return file_ == files_.size(); }
  void advance() noexcept;
  void begin() noexcept;
  void check_chains(size_t file);
  void check_time(int64_t store_timestamp) noexcept;

  std::vector<IndexView> files_;
  std::vector<Verdict> verdicts_;
  const int64_t log_min_;
  size_t file_ = 0;            // of the next entry
  int32_t number_ = 1;
  int64_t behind_ = 0;
  bool begun_ = false;
  std::vector<int32_t> wanted_, there_;   // hashes of the record looked at
};

}  // namespace mq::store
