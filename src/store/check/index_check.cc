#include "store/check/index_check.h"

#include <algorithm>

namespace mq::store {

void IndexCheck::advance() noexcept {
  ++number_;
  while (file_ < files_.size() && number_ >= files_[file_].count) {
    ++file_;
    number_ = 1;
  }
}

/// Steps over files without an entry, once.
void IndexCheck::begin() noexcept {
  if (begun_) return;
  begun_ = true;
  number_ = 0;
  advance();
}

int64_t IndexCheck::entries() const noexcept {
  int64_t n = 0;
  for (const IndexView& f : files_) n += f.count - 1;
  return n;
}

void IndexCheck::visit(const RecordView& r) {
  begin();
  wanted_.clear();
  there_.clear();
  for_each_index_key(r, [&](std::string_view key) { wanted_.push_back(index_hash(r.m.topic, key)); });
  if (at_end()) {
    behind_ += static_cast<int64_t>(wanted_.size());
    return;
  }
  for (; !at_end() && files_[file_].entry(number_).phy < r.m.physicalOffset; advance()) verdicts_[file_].stray += files_[file_].entry(number_).phy >= log_min_;
  const size_t file = std::min(file_, files_.size() - 1);
  for (; !at_end() && files_[file_].entry(number_).phy == r.m.physicalOffset; advance()) {
    there_.push_back(files_[file_].entry(number_).hash);
    check_time(r.m.storeTimestamp);
  }
  if (at_end() && there_.empty()) {
    behind_ += static_cast<int64_t>(wanted_.size());
    return;
  }
  // QUIRK: RocketMQ enters the last message before a restart twice; a message with three keys may have six entries.
  for (const int32_t hash : wanted_) verdicts_[file].missing += std::find(there_.begin(), there_.end(), hash) == there_.end();
  for (const int32_t hash : there_) verdicts_[file].stray += std::find(wanted_.begin(), wanted_.end(), hash) == wanted_.end();
}

void IndexCheck::check_time(int64_t store_timestamp) noexcept {
  const IndexView& f = files_[file_];
  Verdict& v = verdicts_[file_];
  if (number_ == 1) v.begin_ms = store_timestamp;
  if (number_ + 1 == f.count) v.end_ms = store_timestamp;
  // The first entry's seconds count from the end of the file before, which may be gone.
  if (number_ > 1) v.mistimed += f.entry(number_).seconds != index_seconds(f.begin_timestamp(), store_timestamp);
}

void IndexCheck::finish() {
  begin();
  for (; !at_end(); advance()) verdicts_[file_].stray += files_[file_].entry(number_).phy >= log_min_;
  for (size_t i = 0; i < files_.size(); ++i) check_chains(i);
}

/// Linking the entries again must give the very slots and chains that are there.
void IndexCheck::check_chains(size_t file) {
  const IndexView& f = files_[file];
  std::vector<int32_t> heads(static_cast<size_t>(f.layout.slots), 0);
  for (int32_t n = 1; n < f.count; ++n) {
    const IndexEntry e = f.entry(n);
    if (e.hash < 0) {
      ++verdicts_[file].chains;
      continue;
    }
    int32_t& head = heads[static_cast<size_t>(e.hash % f.layout.slots)];
    verdicts_[file].chains += e.previous != head;
    head = n;
  }
  for (int64_t s = 0; s < f.layout.slots; ++s) verdicts_[file].chains += f.get32(f.layout.slot_at(s)) != heads[static_cast<size_t>(s)];
}

}  // namespace mq::store
