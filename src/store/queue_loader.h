// QueueLoader: finds what the files of the ConsumeQueues hold, a few reads for each queue, however many and large they are.
//
// Up to a position of the log, the trusted one, a queue's entries are known to be on the disk: where they end is searched
// for by halves. Behind it, up to the log's end, an entry counts when it is exactly the one that its record must have; so
// after the death of the process nothing is written again, and after a power cut nothing torn is believed.
//
// Files that cannot be read, or have a size or position that no file of the queue can have, are kept aside in the store's
// folder, and the queue is reported as broken: recovery builds it again from the log.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "store/commit_log.h"
#include "store/queue_table.h"
#include "store/record_entry.h"

namespace mq::store {

struct LoadedQueues {
  std::vector<std::shared_ptr<ConsumeQueue>> broken;
  /// Files with entries that counted although they may not be on the disk yet: queue and base.
  std::vector<std::pair<std::shared_ptr<ConsumeQueue>, int64_t>> unsynced;
};

/// Lives for one recovery, before anybody else knows the queues.
class QueueLoader {
 public:
  /// `delays` outlives the loader.
  QueueLoader(env::FileSystem& fs, const CommitLog& log, QueueFiles& files, QueueTable& queues, const DelayOfLevel& delays)
      : fs_(fs), log_(log), files_(files), queues_(queues), delays_(delays) {}

  struct Limits {
    int64_t trusted = 0;    // entries of records before it are on the disk
    int64_t end = 0;        // of the log
    bool verify = false;    // the end of the trusted entries is not certain: their records must confirm it
    bool crashed = false;
  };
  /// Enters all queues found into the table. Errors: kIo, when nothing can be done about it.
  Result<LoadedQueues> load(const Limits& limits);

 private:
  struct Segment {
    int64_t base = 0;
    int64_t size = 0;
    std::string name;
  };
  struct Found {
    std::string topic;
    int32_t queue_id = 0;
    std::vector<Segment> segments;
  };
  /// One open file and what is being found out about it.
  struct Look {
    const ConsumeQueue& queue;
    const env::File& file;
    int64_t first = 0;   // queue offset of its first slot
    int64_t slots = 0;   // that the file really has
  };

  std::vector<Found> list_queues() const;
  void choose_file_bytes(const std::vector<Found>& all);
  Result<> load_queue(Found& found, LoadedQueues& out);
  Result<bool> drop_useless(Found& found, const std::string& dir);
  Result<int64_t> count_entries(const Look& look) const;
  Result<int64_t> count_confirmed(const Look& look, int64_t count) const;
  Result<int64_t> count_own(const Look& look, int64_t count) const;
  Result<> clear_behind(const Look& look, env::File& file, int64_t count) const;
  Result<int64_t> count_prefill(const std::string& path, int64_t slots) const;
  bool counts(const CqEntry& entry) const noexcept;
  Result<bool> plausible(const Look& look, int64_t slot) const;
  Result<> keep_aside(const std::string& dir, const std::string& name, const Found& found, std::string_view why) const;

  env::FileSystem& fs_;
  const CommitLog& log_;
  QueueFiles& files_;
  QueueTable& queues_;
  const DelayOfLevel& delays_;
  Limits limits_;
};

}  // namespace mq::store
