#include "store/reader.h"

#include "base/log.h"
#include "store/memory_size.h"
#include "store/walk.h"

namespace mq::store {
namespace {
Logger logger("store");
RateLimit failed_reads(1000);
}  // namespace

Reader::Reader(env::Clock& clock, const MessageStoreConfig& config, const CommitLog& log, QueueFiles& files)
    : clock_(clock), config_(config), log_(log), files_(files), memory_bytes_(memory_size()) {}

bool Reader::in_memory(int64_t phy) const noexcept {
  return log_.end() - phy <= memory_bytes_ / 100 * config_.accessMessageInMemoryMaxRatio();
}

void Reader::read(const ConsumeQueue* queue, const ReadRequest& request, ReadResult& out) const noexcept {
  out.clear();
  if (!queue || queue->deleted()) return;   // NO_MATCHED_LOGIC_QUEUE, next 0
  const int64_t started = clock_.mono_us();
  Walk walk(log_, files_, WalkLimits(config_, memory_bytes_, request, start_end_), *queue, request, started / 1000, out);
  walk.run();
  if (out.cold) return;
  if (int64_t swallowed = 0; out.failed && failed_reads.allow(clock_.mono_ms(), swallowed)) [[unlikely]] {
    logger.error("topic {} queue {} cannot be read at offset {}: {} ({} more since)", queue->topic(), queue->queue_id(), request.offset.index, walk.why_failed(), swallowed);
  }
  auto& counter = out.status == GetStatus::FOUND ? counters_.found : counters_.miss;
  counter.fetch_add(1, std::memory_order_relaxed);
  counters_.transferred.fetch_add(out.message_count, std::memory_order_relaxed);
  const int64_t took_ms = (clock_.mono_us() - started) / 1000;
  if (took_ms > counters_.entire_time_max_ms.load(std::memory_order_relaxed)) {
    counters_.entire_time_max_ms.store(took_ms, std::memory_order_relaxed);
  }
}

Result<env::PinnedBytes> Reader::record_at(int64_t phy) const {
  const auto place = [&] { return "CommitLog offset " + std::to_string(phy); };
  const auto head = log_.read(phy, kPhyOffsetAt + 8);
  if (!head) return fail(Errc::kNotFound, "no message").at(place());
  const auto size = load_be<int32_t>(head->bytes.data());
  const auto magic = load_be<int32_t>(head->bytes.data() + 4);
  if ((magic != kMagicV1 && magic != kMagicV2) || load_be<int64_t>(head->bytes.data() + kPhyOffsetAt) != phy) {
    return fail(Errc::kCorrupt, "not the beginning of a message").at(place());
  }
  auto whole = log_.read(phy, size);
  if (!whole) return fail(Errc::kCorrupt, "the message's size is beyond the log").at(place());
  return std::move(*whole);
}

Result<CqEntry> Reader::entry_at(const ConsumeQueue& q, int64_t index) const {
  if (index < q.min() || index >= q.max()) return fail(Errc::kNotFound, "no such offset").at(q.topic());
  MQ_TRY(const CqEntry e, q.entry(index, files_));
  if (!e.valid() || e.is_prefill()) return fail(Errc::kNotFound, "no such offset").at(q.topic());
  return e;
}

int64_t Reader::store_time(const CqEntry& e) const noexcept {
  if (!e.valid() || e.is_prefill()) return -1;
  const auto record = log_.read(e.phy, e.size);
  if (!record || record->bytes.size() < store_timestamp_at(true) + 8) return -1;
  const std::byte* p = record->bytes.data();
  return load_be<int64_t>(p + store_timestamp_at(load_be<int32_t>(p + kSysFlagAt) & sys_flag::kBornHostV6));
}

int64_t Reader::store_time(const ConsumeQueue& q, int64_t index) const {
  const auto e = entry_at(q, index);
  return e ? store_time(*e) : -1;
}

int64_t Reader::offset_by_time(const ConsumeQueue& q, int64_t timestamp_ms, Boundary boundary) const {
  const int64_t min = q.min(), max = q.max();
  // An entry whose record is gone (-1) counts as older than everything.
  const auto found = q.partition(min, max, files_, [&](const CqEntry& e) {
    const int64_t t = store_time(e);
    return boundary == Boundary::kLower ? t < timestamp_ms : t <= timestamp_ms;
  });
  if (!found) return min;
  if (boundary == Boundary::kLower) return *found;        // the first with storeTimestamp >= t, else max
  return std::max(*found - 1, min);                       // the last with storeTimestamp <= t, else min
}

}  // namespace mq::store
