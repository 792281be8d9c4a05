#include "store/index_feed.h"

namespace mq::store {

void IndexFeed::push(const AppendBatch& batch) {
  MutexLock lock(mu_);
  for (const AppendItem& item : batch.items) {
    if (item.keys < 0 || item.status != PutStatus::kPutOk) continue;
    if (entries_.size() + static_cast<size_t>(item.keys) + 1 > kMaxEntries) return;
    const auto size = static_cast<int32_t>(item.size);
    if (item.keys == 0) entries_.push_back({item.phy.bytes, item.store_timestamp, -1, size});
    const int32_t* hash = batch.key_hashes.data() + item.first_key;
    for (int32_t left = item.keys; left > 0; --left) {
      entries_.push_back({item.phy.bytes, item.store_timestamp, *hash++, left == 1 ? size : 0});
    }
  }
}

}  // namespace mq::store
