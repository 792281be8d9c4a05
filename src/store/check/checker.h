// StoreChecker: one check of one store, and the repair of what it found. Behind store_check.h.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "msg/names.h"
#include "store/check/index_check.h"
#include "store/check/store_check.h"
#include "store/checkpoint.h"
#include "store/deleted_topics.h"
#include "store/record_entry.h"

namespace mq::store {

/// On the caller's stack, for one call of check_store().
class StoreChecker {
 public:
  StoreChecker(env::Env& env, CheckOptions options)
      : env_(env), fs_(env.fs()), options_(std::move(options)), deleted_(fs_, options_.root + "/deletedTopics") {}
  Result<StoreReport> run();

 private:
  using QueueKey = std::pair<std::string, int32_t>;

  std::string path(const std::string& name) const { return options_.root + "/" + name; }
  void add(Finding::Level level, std::string where, std::string what, std::string repair = {}, std::function<Result<>()> act = {});

  Result<> check_log();
  void visit(const RecordView& record);
  void judge_lost(const std::vector<std::pair<int64_t, int64_t>>& lost);
  void check_queues();
  void open_index_files();
  void check_index();
  void check_checkpoint();
  void check_tables();
  void check_consumer_offsets(const Json& table);
  void check_delay_offsets(const Json& table);
  void note_journal(const std::string& name, std::string_view kind, const Json& table);
  std::optional<Json> read_table(const std::string& name);

  Result<> repair();
  Result<> cut_tail(int64_t end);
  Result<> rebuild_queue(const QueueKey& key);
  void add_bad_index(const std::string& file, std::string what);
  Result<> rebuild_index();
  Result<> relink(const std::string& file, IndexLayout layout, const IndexCheck::Verdict& times);
  Result<> catch_up_index();
  Result<> restore_table(const std::string& file);

  env::Env& env_;
  env::FileSystem& fs_;
  CheckOptions options_;
  DeletedTopics deleted_;
  StoreReport report_;
  std::vector<std::function<Result<>()>> actions_;   // one for each finding; empty: none
  FileList files_;
  QueueViews queues_;
  std::map<QueueKey, int64_t> absent_;                // messages of queues without a folder
  std::set<QueueKey> broken_;                         // to be written again
  bool index_unknown_ = false;                        // there are files of a layout that nobody told
  std::string oldest_bad_index_;                      // its path; empty: none
  bool queues_written_ = false, index_moved_ = false, index_entered_ = false;
  std::vector<IndexView> index_files_;
  std::unique_ptr<IndexCheck> index_;
  Json topics_;
  int64_t last_time_ = 0;                             // storeTimestamp of the newest message
};

}  // namespace mq::store
