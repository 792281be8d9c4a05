// KnownQueues: which queues there must be, and how far each had come when the list was written. What a queue's files have
// lost as a whole they cannot tell themselves.
//
//   knownQueues       a text file below storePathRootDir, one line for each queue: COUNT BLANK POSITION BLANK ID BLANK TOPIC
//                     COUNT entries, the last of them for the record at POSITION of the log
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "env/file.h"
#include "store/queue_table.h"

namespace mq::store {

/// Owned by recovery, then by the index loop.
class KnownQueues {
 public:
  struct Line {
    int64_t count = 0;
    int64_t position = 0;
    int32_t queue_id = 0;
    std::string topic;
  };

  KnownQueues(env::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  /// The list, nullopt when there is none. Lines that cannot be read are left out with a warning.
  std::optional<std::vector<Line>> load() const;
  /// Writes the list when something has changed: at once when queues have come or gone or `anyway`, for new entries with
  /// every call or, of very many queues, with some. Queues without an entry are left out.
  Result<> save(const QueueTable& queues, QueueFiles& files, bool anyway);

 private:
  struct Last {
    int64_t count = 0;
    int64_t position = 0;
  };
  /// Of others nothing is remembered; these need not be read again.
  void forget_all_but(const std::vector<std::shared_ptr<ConsumeQueue>>& queues);
  /// Brings last_ up to date. True when it has changed.
  bool look(const std::vector<std::shared_ptr<ConsumeQueue>>& queues, QueueFiles& files);

  env::FileSystem& fs_;
  const std::string path_;
  std::unordered_map<uint64_t, Last> last_;   // by the queue's serial
  uint64_t saved_changes_ = 0;                // of the table
  size_t calls_since_ = 0;                    // without a write
};

}  // namespace mq::store
