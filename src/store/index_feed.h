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
    int64_t phy;
    int64_t store_timestamp;
    int32_t hash;
    int32_t size;    // of the record, in its last entry; else 0
  };

  /// Any io loop, after an append: takes the items whose keys their room knew. One lock for all.
  void push(const AppendBatch& batch) EXCLUDES(mu_);
  /// Index loop: all that has come, into `out`, whose memory is kept for later.
  void take(std::vector<Entry>& out) EXCLUDES(mu_) {
    out.clear();
    MutexLock lock(mu_);
    out.swap(entries_);
  }

 private:
  static constexpr size_t kMaxEntries = 256 << 10;   // 6 MB, when the index loop lags so far: a tenth of a second of full load

  Mutex mu_;
  std::vector<Entry> entries_ GUARDED_BY(mu_);   // badge: guarded
};

}  // namespace mq::store
