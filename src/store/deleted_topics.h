// DeletedTopics: which topics were deleted, and where the CommitLog ended then. Their old records stay in the log until
// it expires; without this note a recovery would take them for messages and bring the queues back.
//
//   deletedTopics     a text file below storePathRootDir, one line for each topic: POSITION BLANK TOPIC
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/badges.h"
#include "env/file.h"

namespace mq::store {

/// Any thread.
class DeletedTopics {
 public:
  DeletedTopics(env::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  /// A missing file is an empty list. Lines that cannot be read are left out with a warning.
  Result<> load();
  /// Notes it on the disk before it returns.
  Result<> add(std::string_view topic, int64_t log_end);
  /// Forgets topics whose last record is gone from the log.
  void expire(int64_t log_min);
  /// Records of the topic before this position are deleted; 0 when it never was.
  int64_t deleted_before(std::string_view topic) const;

 private:
  Result<> save(const std::map<std::string, int64_t, std::less<>>& list);

  env::FileSystem& fs_;
  const std::string path_;
  mutable Mutex mu_;
  std::map<std::string, int64_t, std::less<>> list_ GUARDED_BY(mu_);   // badge: guarded
  Mutex save_mu_;                                                      // one writer of the file; held over its I/O
};

}  // namespace mq::store
