#include "store/index_feed.h"

#include <span>
#include <utility>

namespace mq::store {

void IndexFeed::Fed::advance(size_t count, int64_t phy) noexcept {
  entry_ += count;
  Run& run = runs_[run_];
  run.phy = phy;
  run.entries -= count;
  if (run.entries == 0) ++run_;
}

void IndexFeed::Fed::clear() noexcept {
  runs_.clear();
  entries_.clear();
  run_ = entry_ = 0;
}

void IndexFeed::take(Fed& out) {
  out.clear();
  MutexLock lock(mu_);
  std::swap(out, fed_);
  end_ = -1;
}

bool IndexFeed::has_room(const AppendItem& item) const noexcept {
  const size_t entries = fed_.entries_.size() + static_cast<size_t>(item.keys) + static_cast<size_t>(item.records);
  return entries * sizeof(Entry) + (fed_.runs_.size() + 1) * sizeof(Run) <= kMaxBytes;
}

IndexFeed::Run& IndexFeed::run_for(int64_t phy, int64_t store_timestamp) {
  if (phy != end_ || fed_.runs_.back().store_timestamp != store_timestamp) fed_.runs_.push_back({phy, store_timestamp, 0});
  return fed_.runs_.back();
}

void IndexFeed::push(const AppendBatch& batch) {
  MutexLock lock(mu_);
  std::vector<Entry>& entries = fed_.entries_;
  for (const AppendItem& item : batch.items) {
    if (item.keys < 0 || (item.records > 1 && item.first_part < 0) || item.status != PutStatus::kPutOk) continue;
    if (!has_room(item)) return;
    Run& run = run_for(item.phy.bytes, item.store_timestamp);
    end_ = item.phy.bytes + static_cast<int64_t>(item.size);
    if (item.records == 1 && item.keys == 1) [[likely]] {
      entries.push_back({batch.key_hashes[item.first_key], static_cast<int32_t>(item.size)});
      ++run.entries;
      continue;
    }
    const size_t before = entries.size();
    const AppendPart whole{.size = static_cast<int32_t>(item.size), .keys = item.keys};
    const AppendPart* parts = item.records > 1 ? batch.parts.data() + item.first_part : &whole;
    const int32_t* hash = batch.key_hashes.data() + item.first_key;
    for (const AppendPart& part : std::span(parts, static_cast<size_t>(item.records))) {
      for (int32_t left = part.keys; left > 1; --left) entries.push_back({*hash++, 0});
      entries.push_back({part.keys == 0 ? -1 : *hash++, part.size});
    }
    run.entries += entries.size() - before;
  }
}

}  // namespace mq::store
