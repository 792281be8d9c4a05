#include "store/index_file.h"

#include <algorithm>
#include <array>

namespace mq::store {
namespace {

constexpr int32_t kReserveEntries = 64 << 10;   // blocks for 1.3 MB of entries at a time
constexpr size_t kKeysPerPut = 1024;            // five pages of entries; their slots are asked for ahead, so that the misses pass at the same time

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

IndexEntry IndexFile::entry(int32_t number) const noexcept { return index_entry(mapping_->data(), layout_, number); }

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

/// Makes entry `number` the head of the chain at `slot`. The entry before it there; 0: none.
int32_t IndexFile::link(int64_t slot, int32_t number) noexcept {
  const int32_t head = get32(slot);
  const bool in_use = head > 0 && head < number;
  if (!in_use) put32(32, get32(32) + 1);
  put32(slot, number);
  return in_use ? head : 0;
}

Result<size_t> IndexFile::put(std::span<const IndexKey> keys) {
  const int32_t first = count();
  keys = keys.first(std::min({keys.size(), kKeysPerPut, static_cast<size_t>(layout_.entries - first)}));
  MQ_TRY_VOID(reserve(first + static_cast<int32_t>(keys.size()) - 1));
  std::array<int64_t, kKeysPerPut> slots;
  const auto slot_count = static_cast<uint32_t>(layout_.slots);   // no hash is negative; of 64 bits the division takes longer
  for (size_t i = 0; i < keys.size(); ++i) {   // each lies anywhere in 20 MB
    slots[i] = layout_.slot_at(static_cast<uint32_t>(keys[i].hash) % slot_count);
    __builtin_prefetch(at(slots[i]), 1);
  }
  int64_t begin = begin_timestamp();   // QUIRK: the first entry counts from where the file before ended, later ones from the first
  const int32_t slots_in_use = get32(32);
  std::array<std::byte, kKeysPerPut * IndexLayout::kEntryBytes> entries;
  std::byte* e = entries.data();
  for (size_t i = 0; i < keys.size(); ++i, e += IndexLayout::kEntryBytes) {
    const IndexEntry entry{keys[i].hash, keys[i].phy, index_seconds(begin, keys[i].store_timestamp), link(slots[i], first + static_cast<int32_t>(i))};
    entry.store(e);
    if (first + static_cast<int32_t>(i) <= 1) begin = keys.front().store_timestamp;
  }
  if (auto r = file_->write(layout_.entry_at(first), {entries.data(), e}); !r) [[unlikely]] {
    for (size_t i = keys.size(); i-- > 0;) put32(slots[i], IndexEntry::load(entries.data() + i * IndexLayout::kEntryBytes).previous);
    put32(32, slots_in_use);
    return std::unexpected(std::move(r).error());
  }
  if (first <= 1) {
    put64(0, keys.front().store_timestamp);
    put64(16, keys.front().phy);
  }
  put32(36, first + static_cast<int32_t>(keys.size()));
  put64(24, keys.back().phy);
  put64(8, keys.back().store_timestamp);
  return keys.size();
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
    const bool again = !out.empty() && out.back() == e.phy;   // entered twice, by a RocketMQ that was started again
    if (e.hash == hash && time >= begin && time <= end && !again) out.push_back(e.phy);
    if (e.previous <= 0 || e.previous >= number || time < begin) return;
    number = e.previous;
  }
}

Result<> IndexFile::repair(int64_t log_end, const std::function<bool(const IndexEntry&)>& leads_to_its_key,
                           const std::function<std::optional<int64_t>(const IndexEntry&)>& time_of) {
  mapping_->read_ahead(true);   // once through all of it
  const int32_t claimed = count();
  const int32_t end = index_entries_end(mapping_->data(), layout_, [&](int32_t number, const IndexEntry& e) {
    return e.phy < log_end && (number < claimed || leads_to_its_key(e));
  });
  for (int64_t s = 0; s < layout_.slots; ++s) {
    if (get32(layout_.slot_at(s)) != 0) put32(layout_.slot_at(s), 0);   // unread pages of a sparse file stay unwritten
  }
  put32(32, 0);
  for (int32_t e = 1; e < end; ++e) put32(layout_.entry_at(e) + 16, link(layout_.slot_at(entry(e).hash % layout_.slots), e));
  put32(36, end);
  if (end > 1) {
    const IndexEntry first = entry(1), last = entry(end - 1);
    if (const auto ms = time_of(first)) put64(0, *ms);
    if (const auto ms = time_of(last)) put64(8, *ms);
    put64(16, first.phy);
    put64(24, last.phy);
  }
  mapping_->read_ahead(false);
  reserved_ = -1;
  return file_->zero(layout_.entry_at(end), layout_.file_bytes() - layout_.entry_at(end));
}

Result<> IndexFile::sync() { return file_->sync_mapping(*mapping_, 0, mapping_->size()); }

}  // namespace mq::store
