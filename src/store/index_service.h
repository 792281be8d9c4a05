// IndexService: follows the CommitLog and enters each message's keys into the index files; answers look-ups by key.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "env/loop.h"
#include "msg/record.h"
#include "store/commit_log.h"
#include "store/config.h"
#include "store/index_feed.h"
#include "store/index_file.h"

namespace mq::store {

class IndexService {
 public:
  IndexService(env::FileSystem& fs, env::Clock& clock, const MessageStoreConfig& config, const CommitLog& log, std::string dir);

  /// Opens the files; those of another size, or that cannot be opened, are kept aside in the store's folder with a warning.
  /// Before the loop runs. Errors: kIo.
  Result<> load(bool crashed);
  /// Index loop. From now on the index follows the log: first, in the loop's next turns, the last file is repaired after a
  /// crash and what the files miss is entered, if need be from the log's beginning. Nobody waits for that but look-ups.
  void start(env::Loop& index_loop);
  /// Index loop. Enters what has been appended, as far as that can be done in a few seconds; the rest follows with the next
  /// start.
  void stop();

  /// Instead of start(), without a loop: enters all that the files miss. Errors: kDiskFull, kIo.
  Result<> catch_up();

  /// Any thread, after each append: takes the keys the batch knows, has the index follow soon.
  void appended(const AppendBatch& batch) noexcept;
  /// Index loop. Enters what has been appended, a bounded part of it; posts itself again when more is left. Where the disk
  /// has no room it ends, the next call tries again.
  void follow();
  /// Any thread: everything before this physical offset is in the index.
  int64_t position() const;
  /// Index loop. Removes files whose messages are all before `log_min`.
  void expire(int64_t log_min);
  /// Index loop. Syncs all; returns the time up to which the index is on disk, for the checkpoint. Files of which the disk could not give
  /// a part are kept aside, and those behind them; the next follow() enters their keys again.
  Result<int64_t> sync();

  struct Found {
    std::vector<int64_t> positions;   // ascending
    int64_t last_timestamp = 0;
    int64_t last_phy = 0;
  };
  /// Any thread that may wait for the disk. By hash only: the caller's client compares the keys.
  Found find(std::string_view topic, std::string_view key, size_t max, int64_t begin_ms, int64_t end_ms) const;

 private:
  enum class Followed : uint8_t { kAll, kSome, kBlocked };

  /// Where a file of the folder is kept that cannot be used.
  std::string name_aside(const std::string& path) const;
  Result<> resume() REQUIRES(mu_);
  Result<> set_unreadable_aside() REQUIRES(mu_);
  Followed follow_until(int64_t deadline_ms);
  /// Any thread: has the index loop follow.
  void wake() noexcept;
  /// Appends the keys of the record at `phy` to keys_.
  void gather(const RecordView& record, int64_t phy) REQUIRES(mu_);
  /// Puts some of the keys into the last file, or a new one behind it. How many.
  Result<size_t> put(std::span<const IndexKey> keys) REQUIRES(mu_);
  /// Puts keys_ from `first` into the files and forgets them. On an error position_ is the record of the first key left.
  Result<> enter(size_t first) REQUIRES(mu_);
  /// Gathers the next fed keys, as long as they are those at position_.
  void gather_fed() REQUIRES(mu_);
  /// Gathers the keys of some records from position_; false at the end of what can be read.
  bool gather_some(int64_t end, const FileList& files) REQUIRES(mu_);
  Result<> add_file() REQUIRES(mu_);
  std::string new_name() const REQUIRES(mu_);

  env::FileSystem& fs_;
  env::Clock& clock_;
  const MessageStoreConfig& config_;
  const CommitLog& log_;
  const std::string dir_;
  const IndexLayout layout_;
  std::atomic<env::Loop*> loop_{nullptr};                         // badge: published; null before start() and after stop()
  bool crashed_ = false;                                          // badge: owned by the index loop; set by load()
  bool again_posted_ = false;                                     // badge: owned by the index loop
  std::atomic<bool> awake_{false};                                // badge: published; a follow() is to come
  IndexFeed feed_;
  IndexFeed::Fed fed_;                                            // badge: owned by the index loop; what is left of it is to be entered
  mutable Mutex mu_;
  std::vector<std::unique_ptr<IndexFile>> files_ GUARDED_BY(mu_); // badge: guarded; oldest first
  int64_t position_ GUARDED_BY(mu_) = 0;                          // badge: guarded; everything before is entered
  std::vector<IndexKey> keys_ GUARDED_BY(mu_);                    // of the records being entered
};

}  // namespace mq::store
