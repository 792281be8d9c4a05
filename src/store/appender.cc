#include "store/appender.h"

#include <algorithm>

#include "base/log.h"
#include "msg/properties.h"
#include "store/deliberate_bug.h"
#include "msg/record.h"

namespace mq::store {
namespace {

Logger log("store");
RateLimit failed_writes(1000);

// A clock set back by less than this is ignored: storeTimestamp stays where it was. Beyond, the old time was the error,
// and delayed messages would wait for it.
constexpr int64_t kMaxClockStepBackMs = 60'000;

constexpr std::array<int64_t, 12> kDistributeUs = {1'000,     10'000,    50'000,    100'000,   200'000,   500'000,
                                                   1'000'000, 2'000'000, 3'000'000, 4'000'000, 5'000'000, 10'000'000};

constexpr size_t kLeastRecord = store_timestamp_at(true) + 8;   // bytes, of what is patched

/// What is known of the item's records; null: nothing.
const AppendPart* parts_of(const AppendBatch& batch, const AppendItem& item) noexcept {
  return item.records > 1 && item.first_part >= 0 ? batch.parts.data() + item.first_part : nullptr;
}

bool several_well_formed(const AppendBatch& batch, const AppendItem& item) noexcept {
  if (item.records < 1) return false;
  const AppendPart* part = parts_of(batch, item);
  if (part && static_cast<size_t>(item.first_part) + static_cast<size_t>(item.records) > batch.parts.size()) return false;
  const std::byte* p = batch.bytes.data() + item.offset;
  size_t at = 0;
  for (int32_t i = 0; i < item.records; ++i) {
    if (item.size - at < kLeastRecord) return false;
    const auto size = load_be<int32_t>(p + at);
    const int32_t step = part ? part[i].size : size;   // the next is looked at before this one is there
    if (size != step || size <= 0 || static_cast<size_t>(size) > item.size - at) return false;
    at += static_cast<size_t>(step);
  }
  return at == item.size;
}

/// True when the item's bytes are `records` whole records, as large as its parts say: what a bug of a caller must not bring into the log.
inline bool well_formed(const AppendBatch& batch, const AppendItem& item) noexcept {
  if (item.offset + item.size > batch.bytes.size()) return false;
  if (item.records != 1) return several_well_formed(batch, item);
  return item.size >= kLeastRecord && item.size <= INT32_MAX && load_be<uint32_t>(batch.bytes.data() + item.offset) == item.size;
}

/// What is known when it is appended, into a record. `queue_offset` null: it has none.
inline void patch(std::byte* record, const int64_t* queue_offset, int64_t phy, int64_t now) noexcept {
  if (queue_offset) store_be(record + kQueueOffsetAt, *queue_offset);
  store_be(record + kPhyOffsetAt, phy);
  const bool v6 = load_be<int32_t>(record + kSysFlagAt) & sys_flag::kBornHostV6;
  store_be(record + store_timestamp_at(v6), now);
}

/// Of an item with one record.
int64_t tags_code_of(const AppendItem& item) noexcept { return item.deliver_delay_ms >= 0 ? item.store_timestamp + item.deliver_delay_ms : item.tagsCode; }

int64_t tags_code_of(ByteView record) noexcept {
  const auto r = decode_record(record, RecordCheck::kLengths);
  return r ? tags_code(find_property(r->m.properties, prop::kTags)) : 0;
}

}  // namespace

int64_t Appender::stamp() noexcept {
  const int64_t now = clock_.now_ms(), last = last_timestamp_.load(std::memory_order_relaxed);
  return now < last && last - now <= kMaxClockStepBackMs ? last : now;
}

void Appender::append(AppendBatch& batch, std::vector<Arrival>& arrivals) noexcept {
  const int64_t started = clock_.mono_us();
  append_all(batch, arrivals);
  count(batch, clock_.mono_us() - started);
}

void Appender::append_all(AppendBatch& batch, std::vector<Arrival>& arrivals) {
  MutexLock lock(mu_);
  if (!gate_.open()) [[unlikely]] {
    for (AppendItem& item : batch.items) item.status = PutStatus::kServiceNotAvailable;
  } else {
    const int64_t began = clock_.mono_us();   // the wait for other appends tells nothing of the disk
    pace_.write_begins(began);
    const int64_t now = stamp();
    const size_t end = batch.items.size();
    if (deliberate_bug == DeliberateBug::kReorders) [[unlikely]] {
      for (size_t i = end; i-- > 0;) (void)append_run(batch, i, i + 1, now, arrivals);
    } else {
      for (size_t i = 0; i < end;) i = append_run(batch, i, end, now, arrivals);
    }
    pace_.write_ends(began, clock_.mono_us());
  }
}

/// To the log; but see deliberate_bug.h.
Result<> Appender::write(ByteView records) {
  if (deliberate_bug == DeliberateBug::kAcknowledgesBeforeWriting) [[unlikely]] {
    if (clock_.mono_us() % 4 == 0) {
      late_.append(records);
      return {};
    }
  }
  return log_.write(records);
}

size_t Appender::append_run(AppendBatch& batch, size_t first, size_t end, int64_t now, std::vector<Arrival>& arrivals) {
  if (!late_.empty()) [[unlikely]] {
    (void)log_.write(late_.view());
    late_.clear();
  }
  auto& items = batch.items;
  if (!well_formed(batch, items[first])) {
    items[first].status = PutStatus::kMessageIllegal;
    return first + 1;
  }
  if (!make_room(batch, first)) return items[first].status == PutStatus::kMessageIllegal ? first + 1 : items.size();

  const int64_t start = log_.end();
  const auto room = static_cast<size_t>(log_.room());
  const size_t from = items[first].offset;
  size_t size = 0, last = first;
  for (; last < end; ++last) {
    AppendItem& item = items[last];
    if (item.offset != from + size || size + item.size > room || (last != first && !well_formed(batch, item))) break;
    place(item, parts_of(batch, item), batch.bytes.data() + item.offset, start + static_cast<int64_t>(size), now);
    size += item.size;
  }
  if (auto r = write({batch.bytes.data() + from, size}); !r) [[unlikely]] {
    for (size_t i = first; i < last; ++i) {
      if (items[i].queue) items[i].queue->give_back(items[i].records);
    }
    return refuse_from(batch, first, r.error(), PutStatus::kServiceNotAvailable);
  }
  last_timestamp_.store(now, std::memory_order_release);
  for (size_t i = first; i < last; ++i) enter(batch, items[i], arrivals);
  return last;
}

bool Appender::make_room(AppendBatch& batch, size_t first) {
  AppendItem& item = batch.items[first];
  const auto size = static_cast<int64_t>(item.size);
  if (size <= log_.room()) [[likely]] return true;
  if (size + CommitLog::kFillerBytes > log_.file_size()) {
    item.status = PutStatus::kMessageIllegal;
    return false;
  }
  if (auto r = log_.roll(); !r) {
    const bool full = r.error().code() == Errc::kDiskFull;
    refuse_from(batch, first, r.error(), full ? PutStatus::kServiceNotAvailable : PutStatus::kCreateMappedFileFailed);
    return false;
  }
  return true;
}

inline void Appender::place(AppendItem& item, const AppendPart* part, std::byte* bytes, int64_t phy, int64_t now) {
  if (item.queue && item.queue->deleted()) [[unlikely]] {
    item.queue = queues_.find_or_make(item.queue->topic(), item.queue->queue_id());   // the topic is there again
  }
  item.phy = {phy};
  item.queue_offset = {item.queue ? item.queue->next() : 0};
  item.store_timestamp = now;
  if (item.queue) item.queue->take(item.records);
  int64_t offset = item.queue_offset.index;
  const int64_t* const in_queue = item.queue ? &offset : nullptr;
  if (item.records == 1) [[likely]] return patch(bytes, in_queue, phy, now);
  for (size_t at = 0; at < item.size; ++offset) {
    patch(bytes + at, in_queue, phy + static_cast<int64_t>(at), now);
    at += static_cast<size_t>(part ? (part++)->size : load_be<int32_t>(bytes + at));
  }
}

inline void Appender::enter(const AppendBatch& batch, AppendItem& item, std::vector<Arrival>& arrivals) {
  item.status = PutStatus::kPutOk;
  if (!item.queue) return;
  ConsumeQueue& queue = *item.queue;
  if (item.records != 1 || queue.ext_to_write() || deliberate_bug == DeliberateBug::kSkipsEntries) [[unlikely]] return enter_any(batch, item, arrivals);
  const CqEntry entry{item.phy.bytes, static_cast<int32_t>(item.size), tags_code_of(item)};
  const Arrival arrival{&queue, {queue.max()}, entry.tagsCode, item.store_timestamp};
  arrivals.push_back(arrival);
  queue.put(entry);
  list(item.queue);
}

void Appender::enter_any(const AppendBatch& batch, const AppendItem& item, std::vector<Arrival>& arrivals) {
  const std::byte* bytes = batch.bytes.data() + item.offset;
  // Bits of filters that have changed since would hide what the new ones want.
  const bool with_bits = item.bits_bytes > 0 && batch.bits_version % 2 == 0 && filter_bits_->version() == batch.bits_version;
  ByteView bits = with_bits ? batch.bit_maps.view().subspan(item.first_bits) : ByteView();
  if (item.records == 1) {
    return enter_one(item.queue, {item.phy.bytes, static_cast<int32_t>(item.size), tags_code_of(item)}, item.store_timestamp,
                     bits.first(with_bits ? item.bits_bytes : 0), arrivals);
  }
  const AppendPart* part = parts_of(batch, item);
  if (part && !item.queue->ext_to_write() && deliberate_bug != DeliberateBug::kSkipsEntries) [[likely]] return enter_parts(item, part, arrivals);
  for (size_t at = 0; at < item.size;) {
    const auto size = load_be<int32_t>(bytes + at);
    const int64_t tags = part ? (part++)->tagsCode : tags_code_of({bytes + at, static_cast<size_t>(size)});
    enter_one(item.queue, {item.phy.bytes + static_cast<int64_t>(at), size, tags}, item.store_timestamp,
              bits.first(with_bits ? item.bits_bytes : 0), arrivals);
    if (with_bits) bits = bits.subspan(item.bits_bytes);
    at += static_cast<size_t>(size);
  }
}

void Appender::enter_parts(const AppendItem& item, const AppendPart* part, std::vector<Arrival>& arrivals) {
  ConsumeQueue* const queue = item.queue.get();
  int64_t phy = item.phy.bytes, offset = queue->max();
  queue->put_many(item.records, [&] {
    const CqEntry entry{phy, part->size, part->tagsCode};
    ++part;
    phy += entry.size;
    arrivals.push_back({queue, {offset++}, entry.tagsCode, item.store_timestamp});
    return entry;
  });
  list(item.queue, item.records);
}

void Appender::enter_one(const std::shared_ptr<ConsumeQueue>& queue, const CqEntry& entry, int64_t time, ByteView bit_map, std::vector<Arrival>& arrivals) {
  if (deliberate_bug == DeliberateBug::kSkipsEntries && entry.phy % 41 == 7) [[unlikely]] return;
  arrivals.push_back({queue.get(), {queue->max()}, entry.tagsCode, time});
  put(queue, entry, time, bit_map);
}

void Appender::put(const std::shared_ptr<ConsumeQueue>& queue, CqEntry entry, int64_t time, ByteView bit_map) {
  if (QueueExt* ext = queue->ext_to_write()) [[unlikely]] entry.tagsCode = ext->put({entry.tagsCode, time, bit_map});
  queue->put(entry);
  list(queue);
}

inline void Appender::list(const std::shared_ptr<ConsumeQueue>& queue, int32_t entries) {
  if (queue->becomes_dirty()) dirty_.push_back(queue);
  if (queue->becomes_worth_a_write(entries)) full_.push_back(queue);
}

size_t Appender::refuse_from(AppendBatch& batch, size_t first, const Error& error, PutStatus status) {
  for (size_t i = first; i < batch.items.size(); ++i) batch.items[i].status = status;
  if (status != PutStatus::kMessageIllegal) gate_.close(Closed::kLogWriteFailed, "the CommitLog could not be written: " + error.message());
  int64_t swallowed = 0;
  if (failed_writes.allow(clock_.now_ms(), swallowed)) log.error("append failed: {} ({} more since)", error.message(), swallowed);
  return batch.items.size();
}

void Appender::count(const AppendBatch& batch, int64_t took_us) {
  int64_t records = 0;
  MutexLock lock(stats_mu_);
  for (const AppendItem& item : batch.items) {
    if (item.status == PutStatus::kPutOk) [[likely]] {
      records += item.records;
      stats_.put_bytes += static_cast<int64_t>(item.size);
    } else {
      stats_.put_failed += item.records;
    }
  }
  stats_.put_total += records;
  stats_.entire_time_max_ms = std::max(stats_.entire_time_max_ms, took_us / 1000);
  const auto slot = std::upper_bound(kDistributeUs.begin(), kDistributeUs.end(), took_us) - kDistributeUs.begin();
  stats_.distribute[static_cast<size_t>(slot)] += records;
}

void Appender::dispatch(const std::shared_ptr<ConsumeQueue>& queue, const CqEntry& entry, int64_t store_timestamp, ByteView bit_map) {
  MutexLock lock(mu_);
  queue->take(1);
  put(queue, entry, store_timestamp, bit_map);
}

void Appender::dispatch(const std::shared_ptr<ConsumeQueue>& queue, const CqEntry& entry) {
  MutexLock lock(mu_);
  queue->take(1);
  queue->put(entry);
  list(queue);
}

void Appender::list_again(const std::shared_ptr<ConsumeQueue>& queue) {
  MutexLock lock(mu_);
  if (queue->becomes_dirty()) dirty_.push_back(queue);
}

Appender::Dirty Appender::take_dirty() {
  Dirty dirty;
  {
    MutexLock lock(mu_);
    dirty.queues.swap(dirty_);
    dirty.end = log_.end();
    dirty.store_timestamp = last_timestamp_.load(std::memory_order_relaxed);
  }
  // A queue that gets entries before its turn here is not listed again: the flush that follows takes them along.
  for (size_t i = 0; i < dirty.queues.size();) {
    MutexLock lock(mu_);   // a hundred thousand queues must not hold up an append
    for (const size_t end = std::min(i + kQueuesPerLock, dirty.queues.size()); i < end; ++i) dirty.queues[i]->listed_for_flush();
  }
  return dirty;
}

std::vector<std::shared_ptr<ConsumeQueue>> Appender::take_full() {
  MutexLock lock(mu_);
  return std::exchange(full_, {});
}

AppendStats Appender::stats() const {
  MutexLock lock(stats_mu_);
  return stats_;
}

}  // namespace mq::store
