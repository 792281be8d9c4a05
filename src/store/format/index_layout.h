// An index file: a hash table on disk from "topic#key" to CommitLog positions, written once and chained backwards.
//
//   offset             width  field
//   0                      8  beginTimestamp   storeTimestamp of the first message, ms
//   8                      8  endTimestamp     of the last
//   16                     8  beginPhyOffset
//   24                     8  endPhyOffset
//   32                     4  hashSlotCount    slots in use
//   36                     4  indexCount       number of the next entry; begins at 1, entry 0 is never used
//   40 + 4 s               4  slot s: number of its newest entry, 0 = none
//   40 + 4 S + 20 e        4  entry e: hash of the key, not negative
//              ... + 4     8  physical offset
//              ... + 12    4  seconds after beginTimestamp
//              ... + 16    4  the slot's entry before this one, 0 = none
//
// S = maxHashSlotNum; the file has room for maxIndexNum entries. Source: spec storage 2.8.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "msg/properties.h"
#include "msg/record.h"

namespace mq::store {

struct IndexLayout {
  int64_t slots = 0;
  int64_t entries = 0;

  static constexpr int64_t kHeaderBytes = 40, kSlotBytes = 4, kEntryBytes = 20;
  static constexpr int64_t kEntriesPerSlot = 4;   // with RocketMQ's defaults

  /// That of a file of this size when its ratio is RocketMQ's. nullopt: it is another.
  static std::optional<IndexLayout> of_size(int64_t bytes) noexcept {
    const int64_t slots = (bytes - kHeaderBytes) / (kSlotBytes + kEntriesPerSlot * kEntryBytes);
    const IndexLayout layout{slots, slots * kEntriesPerSlot};
    return slots > 0 && layout.file_bytes() == bytes ? std::optional(layout) : std::nullopt;
  }
  int64_t file_bytes() const noexcept { return entry_at(entries); }
  int64_t slot_at(int64_t slot) const noexcept { return kHeaderBytes + slot * kSlotBytes; }
  int64_t entry_at(int64_t number) const noexcept { return kHeaderBytes + slots * kSlotBytes + number * kEntryBytes; }
};

struct IndexEntry {
  int32_t hash = 0;
  int64_t phy = 0;
  int32_t seconds = 0;
  int32_t previous = 0;

  bool operator==(const IndexEntry&) const = default;
  void store(std::byte* p) const noexcept {
    store_be(p, hash);
    store_be(p + 4, phy);
    store_be(p + 12, seconds);
    store_be(p + 16, previous);
  }
  static IndexEntry load(const std::byte* p) noexcept { return {load_be<int32_t>(p), load_be<int64_t>(p + 4), load_be<int32_t>(p + 12), load_be<int32_t>(p + 16)}; }
};

inline IndexEntry index_entry(const std::byte* file, const IndexLayout& layout, int64_t number) noexcept { return IndexEntry::load(file + layout.entry_at(number)); }

/// An entry's time: whole seconds since the file's first message, 0 where the header has no begin yet.
inline int32_t index_seconds(int64_t begin_ms, int64_t store_timestamp) noexcept {
  return begin_ms > 0 && store_timestamp > begin_ms ? static_cast<int32_t>(std::min<int64_t>((store_timestamp - begin_ms) / 1000, INT32_MAX)) : 0;
}

/// The number of the next entry as the header of a whole file has it: a damaged one may say anything.
inline int32_t index_count(const std::byte* file, const IndexLayout& layout) noexcept {
  return std::clamp(load_be<int32_t>(file + 36), 1, static_cast<int32_t>(layout.entries));
}

/// The header names the last entry and its position, and no entry follows. False after a kill between the two writes, too.
inline bool index_header_fits(const std::byte* file, const IndexLayout& layout) noexcept {
  const int32_t next = index_count(file, layout);
  if (load_be<int32_t>(file + 36) > next || (next < layout.entries && index_entry(file, layout, next) != IndexEntry{})) return false;
  if (next == 1) return true;   // its positions are those of the file before
  const IndexEntry last = index_entry(file, layout, next - 1);
  return last != IndexEntry{} && last.phy == load_be<int64_t>(file + 24);
}

/// The number behind those that can be entries of the file, whatever its header says: their positions do not fall, `holds(number, entry)` is
/// true of each.
template <class Holds>
int32_t index_entries_end(const std::byte* file, const IndexLayout& layout, Holds holds) {
  int64_t phy = -1;
  int32_t number = 1;
  for (; number < layout.entries; ++number) {
    const IndexEntry e = index_entry(file, layout, number);
    if (e == IndexEntry{} || e.hash < 0 || e.phy < phy || !holds(number, e)) break;
    phy = e.phy;
  }
  return number;
}

/// The files' names are the time at which each was made: yyyyMMddHHmmssSSS.
inline bool is_index_name(std::string_view name) noexcept {
  return name.size() == 17 && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// What all hashes of a topic's keys begin with: that of topic#.
inline int32_t index_hash_start(std::string_view topic) noexcept { return java_hash("#", java_hash(topic)); }
/// The hash under which topic#key is entered.
/// QUIRK: Java's Math.abs of the smallest int stays negative; the index then uses 0.
inline int32_t index_hash(int32_t start, std::string_view key) noexcept {
  const int32_t h = java_hash(key, start);
  return h == INT32_MIN ? 0 : std::abs(h);
}
inline int32_t index_hash(std::string_view topic, std::string_view key) noexcept { return index_hash(index_hash_start(topic), key); }

/// Calls `f` with each key of a message: its UNIQ_KEY, then each word of its KEYS.
template <class F>
void for_each_index_key(std::string_view uniq_key, std::string_view keys, F f) {
  if (!uniq_key.empty()) f(uniq_key);
  while (!keys.empty()) {
    const size_t end = keys.find(' ');
    if (end != 0) f(keys.substr(0, end));
    keys.remove_prefix(end == std::string_view::npos ? keys.size() : end + 1);
  }
}

/// The same of a record: one that tells of a rollback has none.
template <class F>
void for_each_index_key(const RecordView& record, F f) {
  if ((record.m.sysFlag & sys_flag::kTransactionMask) == sys_flag::kRollback) return;
  const FindableProperties p = findable_properties(record.m.properties);
  for_each_index_key(p.uniq_key, p.keys, f);
}

}  // namespace mq::store
