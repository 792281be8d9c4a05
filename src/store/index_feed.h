// IndexFeed: keys of appended records on their way to the index loop, so that it need not read them from the log again.
#pragma once

#include <cstdint>
#include <vector>

#include "base/badges.h"
#include "store/store.h"

namespace mq::store {

/// Bounded, and no more than a hint: what is not in it, or comes in another order, the index reads from the log.
class IndexFeed {
 public:
  /// One key. A record with several has as many neighbours; one without has a single entry with hash -1.
  struct Entry {
    int32_t hash;
    int32_t size;    // of the record, in its last entry; else 0
  };
  /// Records that stand behind each other in the log, appended at one time.
  struct Run {
    int64_t phy;     // of the record of the next entry
    int64_t store_timestamp;
    size_t entries;
  };

  /// What has come, in this order; read from the front, by its owner.
  class Fed {
   public:
    size_t size() const noexcept { return entries_.size() - entry_; }   // in entries
    bool empty() const noexcept { return size() == 0; }
    /// The run whose entries are next; not when empty().
    const Run& front() const noexcept { return runs_[run_]; }
    const Entry* entries() const noexcept { return entries_.data() + entry_; }
    /// `count` entries of the front run are dealt with, the next is of the record at `phy`.
    void advance(size_t count, int64_t phy) noexcept;
    /// Nothing that is left is of use; its memory is.
    void clear() noexcept;

   private:
    friend class IndexFeed;

    std::vector<Run> runs_;
    std::vector<Entry> entries_;
    size_t run_ = 0, entry_ = 0;   // the first that are not dealt with
  };

  /// Any io loop, after an append: takes the items whose keys their room knew. One lock for all.
  void push(const AppendBatch& batch) EXCLUDES(mu_);
  /// Index loop: all that has come, into `out`, whose memory is kept for later.
  void take(Fed& out) EXCLUDES(mu_);

 private:
  bool has_room(const AppendItem& item) const noexcept REQUIRES(mu_);
  /// The run that the record at `phy` belongs to: the last one, or a new one.
  Run& run_for(int64_t phy, int64_t store_timestamp) REQUIRES(mu_);

  // When the index loop lags so far: it waits for the disk in between, and half a second of full load, a million records in long runs, must find
  // room. An index that must read the log costs several times as much, falls behind by that, and could stay there for as long as the load does.
  static constexpr size_t kMaxBytes = 8 << 20;

  Mutex mu_;
  Fed fed_ GUARDED_BY(mu_);        // badge: guarded
  int64_t end_ GUARDED_BY(mu_) = -1;   // badge: guarded; of the last run's records
};

}  // namespace mq::store
