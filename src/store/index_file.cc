#include "store/index_file.h"

#include <algorithm>

namespace mq::store {
namespace {

constexpr int32_t kReserveEntries = 64 << 10;   // blocks for 1.3 MB of entries at a time
constexpr int32_t kMaxEntries = INT32_MAX;

}  // namespace

Result<std::unique_ptr<IndexFile>> IndexFile::open(env::FileSystem& fs, const std::string& path, IndexLayout layout) {
  MQ_TRY(auto file, fs.open(path, env::Open::kCreate));
  MQ_TRY(const int64_t size, file->size());
  if (size != 0 && size != layout.file_bytes()) {
    return fail(Errc::kCorrupt, std::to_string(size) + " bytes instead of " + std::to_string(layout.file_bytes())).at(path);
  }
  if (size == 0) MQ_TRY_VOID(file->truncate(layout.file_bytes()));
  MQ_TRY(auto mapping, file->map(layout.file_bytes(), true));
  mapping->read_ahead(false);   // slots lie anywhere, and pages ahead of the newest entry are zeros that would be made for nothing
  return std::unique_ptr<IndexFile>(new IndexFile(path, layout, std::move(file), std::move(mapping)));
}

IndexEntry IndexFile::entry(int32_t number) const noexcept { return IndexEntry::load(at(layout_.entry_at(number))); }

void IndexFile::seed(const IndexFile& previous) noexcept {
  put64(0, previous.end_timestamp());
  put64(8, previous.end_timestamp());
  put64(16, previous.end_phy());
  put64(24, previous.end_phy());
}

/// A store into a mapping that finds no block on a full disk would kill the process; asking first gives an error instead.
Result<> IndexFile::reserve(int32_t number) {
  if (number < reserved_) return {};
  const auto until = static_cast<int32_t>(std::min<int64_t>(layout_.entries, int64_t{number} + kReserveEntries));
  MQ_TRY_VOID(file_->allocate(layout_.entry_at(until)));
  reserved_ = until;
  return {};
}

void IndexFile::link(int32_t number, int32_t hash) noexcept {
  const int64_t slot = layout_.slot_at(hash % layout_.slots);
  const int32_t head = get32(slot);
  const bool in_use = head > 0 && head < number;
  if (!in_use) put32(32, get32(32) + 1);
  put32(layout_.entry_at(number) + 16, in_use ? head : 0);
  put32(slot, number);
}

Result<> IndexFile::put(int32_t hash, int64_t phy, int64_t store_timestamp) {
  const int32_t number = count();
  MQ_TRY_VOID(reserve(number));
  const int64_t begin = begin_timestamp();
  const int64_t seconds = begin > 0 ? std::clamp<int64_t>((store_timestamp - begin) / 1000, 0, kMaxEntries) : 0;
  const int64_t p = layout_.entry_at(number);
  put32(p, hash);
  put64(p + 4, phy);
  put32(p + 12, static_cast<int32_t>(seconds));
  link(number, hash);
  if (number <= 1) {
    put64(0, store_timestamp);
    put64(16, phy);
  }
  put32(36, number + 1);
  put64(24, phy);
  put64(8, store_timestamp);
  return {};
}

bool IndexFile::overlaps(int64_t begin, int64_t end) const noexcept {
  const int64_t first = begin_timestamp(), last = end_timestamp();
  return (begin < first && end > last) || (begin >= first && begin <= last) || (end >= first && end <= last);
}

void IndexFile::find(int32_t hash, int64_t begin, int64_t end, size_t max, std::vector<int64_t>& out) const {
  const int32_t limit = count();
  int32_t number = get32(layout_.slot_at(hash % layout_.slots));
  while (number > 0 && number < limit && out.size() < max) {
    const IndexEntry e = entry(number);
    const int64_t time = begin_timestamp() + int64_t{e.seconds} * 1000;
    // QUIRK: the time is in whole seconds after the file's first message, as Java compares it.
    if (e.hash == hash && time >= begin && time <= end) out.push_back(e.phy);
    if (e.previous <= 0 || e.previous >= number || time < begin) return;
    number = e.previous;
  }
}

void IndexFile::repair(int64_t log_end) {
  const int32_t claimed = static_cast<int32_t>(std::min<int64_t>(count(), layout_.entries));
  int32_t good = 1;
  int64_t phy = -1;
  mapping_->read_ahead(true);   // once through all of it
  for (; good < claimed; ++good) {
    const IndexEntry e = entry(good);
    if (e.phy < phy || e.phy >= log_end || e.hash < 0 || (e.phy == 0 && good > 1 && phy > 0)) break;
    phy = e.phy;
  }
  for (int64_t s = 0; s < layout_.slots; ++s) {
    if (get32(layout_.slot_at(s)) != 0) put32(layout_.slot_at(s), 0);   // unread pages of a sparse file stay unwritten
  }
  put32(32, 0);
  for (int32_t e = 1; e < good; ++e) link(e, entry(e).hash);
  for (int32_t e = good; e < claimed; ++e) std::memset(at(layout_.entry_at(e)), 0, IndexLayout::kEntryBytes);
  put32(36, good);
  if (phy >= 0) put64(24, phy);
  mapping_->read_ahead(false);
}

Result<> IndexFile::sync() { return file_->sync_mapping(*mapping_, 0, mapping_->size()); }

}  // namespace mq::store
