#include "store/index_feed.h"

#include <span>

namespace mq::store {

void IndexFeed::push(const AppendBatch& batch) {
  MutexLock lock(mu_);
  for (const AppendItem& item : batch.items) {
    if (item.keys < 0 || (item.records > 1 && item.first_part < 0) || item.status != PutStatus::kPutOk) continue;
    if (entries_.size() + static_cast<size_t>(item.keys) + static_cast<size_t>(item.records) > kMaxEntries) return;
    if (item.records == 1 && item.keys == 1) [[likely]] {
      const Entry only{item.phy.bytes, item.store_timestamp, batch.key_hashes[item.first_key], static_cast<int32_t>(item.size)};
      entries_.push_back(only);
      continue;
    }
    const AppendPart whole{.size = static_cast<int32_t>(item.size), .keys = item.keys};
    const AppendPart* parts = item.records > 1 ? batch.parts.data() + item.first_part : &whole;
    const int32_t* hash = batch.key_hashes.data() + item.first_key;
    int64_t phy = item.phy.bytes;
    for (const AppendPart& part : std::span(parts, static_cast<size_t>(item.records))) {
      for (int32_t left = part.keys; left > 1; --left) entries_.push_back({phy, item.store_timestamp, *hash++, 0});
      entries_.push_back({phy, item.store_timestamp, part.keys == 0 ? -1 : *hash++, part.size});
      phy += part.size;
    }
  }
}

}  // namespace mq::store
