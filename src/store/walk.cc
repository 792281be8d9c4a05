#include "store/walk.h"

#include <algorithm>
#include <array>

namespace mq::store {
namespace {

constexpr size_t kBlock = 32;                  // entries read at once
constexpr int64_t kHotBytes = 64 << 20;        // what was appended last is in the page cache; no need to ask
constexpr int64_t kProbe = 64 << 10;           // one question about residency covers this much
constexpr int64_t kMaxTotal = 128 << 20;
constexpr int64_t kFetched = 512;              // of a record; what is longer the processor fetches by itself

}  // namespace

WalkLimits::WalkLimits(const MessageStoreConfig& c, int64_t memory, const ReadRequest& r, int64_t start) noexcept
    : examined(std::max<int64_t>(c.maxFilterMessageSize(), r.max_messages * CqEntry::kBytes) / CqEntry::kBytes),
      messages(r.max_messages),
      bytes(std::clamp<int64_t>(r.max_bytes, 100, kMaxTotal)),
      memory_messages(c.maxTransferCountOnMessageInMemory()),
      memory_bytes(c.maxTransferBytesOnMessageInMemory()),
      disk_messages(c.maxTransferCountOnMessageInDisk()),
      disk_bytes(c.maxTransferBytesOnMessageInDisk()),
      in_memory_distance(memory / 100 * c.accessMessageInMemoryMaxRatio()),
      kept(c.commitLogCacheMegabytes() > 0 ? std::min<int64_t>(in_memory_distance, c.commitLogCacheMegabytes() * int64_t{1 << 20}) : in_memory_distance),
      start_end(start) {}

void Walk::run() noexcept {
  if (!offset_is_inside()) return;
  list_ = log_.files();
  walk_entries();
  if (out_.cold) {
    out_.slices.clear();
    return;
  }
  // QUIRK: Java compares with 0 when nothing was taken, so a filtered read near the end of a big log suggests the slave.
  out_.suggest_slave = log_.end() - last_phy_ > limits_.in_memory_distance;
  out_.old = out_.message_count > 0 && log_.end() - first_phy_ > limits_.kept;
}

bool Walk::offset_is_inside() noexcept {
  out_.min = {queue_.min()};
  out_.max = {queue_.max()};
  const int64_t offset = request_.offset.index, min = out_.min.index, max = out_.max.index;
  const auto answer = [&](GetStatus status, int64_t next) {
    out_.status = status;
    out_.next = {next};
    return false;
  };
  if (max == 0) return answer(GetStatus::NO_MESSAGE_IN_QUEUE, 0);
  if (offset < min) return answer(GetStatus::OFFSET_TOO_SMALL, min);
  if (offset == max) return answer(GetStatus::OFFSET_OVERFLOW_ONE, offset);
  if (offset > max) return answer(GetStatus::OFFSET_OVERFLOW_BADLY, max);
  return true;
}

void Walk::walk_entries() noexcept {
  std::array<CqEntry, kBlock> block;
  int64_t index = request_.offset.index;
  const int64_t stop = index + limits_.examined;
  out_.status = GetStatus::NO_MATCHED_MESSAGE;
  out_.next = request_.offset;
  while (index < stop) {
    const auto n = queue_.read(index, std::span(block).first(static_cast<size_t>(std::min<int64_t>(stop - index, kBlock))), files_, request_.may_wait);
    if (!n) {
      if (index > request_.offset.index) return;
      out_.cold = !request_.may_wait && n.error().code() == Errc::kBusy;
      if (out_.cold) return;
      // Only a file that is gone is passed over. What the disk or the limit of descriptors denies may come back.
      out_.failed = n.error().code() != Errc::kNotFound && n.error().code() != Errc::kCorrupt;
      if (out_.failed) {
        why_failed_ = n.error().message();
        return;
      }
      out_.status = GetStatus::OFFSET_FOUND_NULL;
      out_.next = {(files_.base_of(index * CqEntry::kBytes) + files_.file_bytes()) / CqEntry::kBytes};
      return;
    }
    if (*n == 0) return;
    log_end_ = log_.end();   // after the entries: it covers what they point to
    expect(std::span(block).first(*n));
    for (const CqEntry& e : std::span(block).first(*n)) {
      if (take(e) == Step::kStop) return;
      out_.next = {++index};
    }
  }
}

/// In the list; mostly the one that was found before.
const std::shared_ptr<MappedFile>* Walk::file_of(int64_t phy) noexcept {
  if (!file_ || !(*file_)->holds(phy)) file_ = CommitLog::find(*list_, phy);
  return file_;
}

/// The records of a queue lie far apart where there are many queues: each costs a miss of the processor's caches. Asked for
/// together they pass together, while the entries are looked at.
void Walk::expect(std::span<const CqEntry> entries) noexcept {
  if (request_.filter) return;   // most may not be wanted
  int64_t left = limits_.messages - out_.message_count;
  for (const CqEntry& e : entries) {
    if (left-- <= 0) return;
    const auto* file = file_of(e.phy);
    if (!file || !e.valid() || e.end() > (*file)->end()) continue;
    const std::byte* record = (*file)->mapping()->data() + (e.phy - (*file)->base());
    for (int64_t at = 0, end = std::min<int64_t>(e.size, kFetched); at < end; at += 64) __builtin_prefetch(record + at);
  }
}

Walk::Step Walk::take(const CqEntry& e) noexcept {
  if (full(e)) return Step::kStop;
  if (e.is_prefill() || !e.valid() || e.phy < skip_until_) {   // not valid: the file is damaged
    missing(e);
    return Step::kGoOn;
  }
  if (request_.filter && !wanted(e.tagsCode)) return Step::kGoOn;

  const auto* file = file_of(e.phy);
  if (!file || e.end() > (*file)->end() || e.end() > log_end_) {
    if (e.end() <= log_end_ && list_ != log_.files()) {   // the log has rolled since the list was taken
      list_ = log_.files();
      file_ = nullptr;
      file = file_of(e.phy);
    }
    if (!file || e.end() > (*file)->end() || e.end() > log_end_) {
      missing(e);
      return Step::kGoOn;
    }
  }
  // Where the disk could not give a page there are zeros; whoever gets them sees nonsense and asks again for ever.
  if ((*file)->mapping()->lost_pages() && !decode_record((*file)->view(e.phy, e.size), RecordCheck::kLengthsAndCrc)) [[unlikely]] {
    if (out_.message_count == 0) out_.status = GetStatus::MESSAGE_WAS_REMOVING;
    return Step::kGoOn;
  }
  if (!request_.may_wait && is_cold(**file, e)) {
    out_.cold = out_.message_count == 0;   // what is already collected is a good answer
    return Step::kStop;
  }
  if (request_.filter && request_.filter->needs_record()) {
    const auto record = decode_record((*file)->view(e.phy, e.size), RecordCheck::kLengths);
    if (!record || !request_.filter->by_record(*record)) return Step::kGoOn;
  }
  add(*file, e);
  return Step::kGoOn;
}

/// What the filter says without the record. A unit that cannot be read says nothing: the message passes.
bool Walk::wanted(int64_t tagsCode) noexcept {
  if (!ExtUnit::is_address(tagsCode)) [[likely]] return request_.filter->by_consume_queue(tagsCode);
  ExtUnit unit;
  if (!queue_.ext() || !queue_.ext()->get(tagsCode, unit_, unit)) return true;
  return request_.filter->by_consume_queue(unit.tagsCode) && request_.filter->by_bit_map(unit.storeTimestamp, unit.bit_map);
}

bool Walk::full(const CqEntry& e) const noexcept {
  if (out_.message_count == 0) return false;   // one message is always given, whatever its size
  const int64_t count = out_.message_count, bytes = static_cast<int64_t>(out_.bytes);
  if (count + 1 > limits_.messages || bytes >= limits_.bytes || bytes + e.size > limits_.bytes) return true;
  if (log_end_ - e.phy <= limits_.in_memory_distance) {
    return bytes + e.size > limits_.memory_bytes || count > limits_.memory_messages - 1;
  }
  return bytes + e.size > limits_.disk_bytes || count > limits_.disk_messages - 1;
}

bool Walk::is_cold(const MappedFile& file, const CqEntry& e) noexcept {
  if (e.phy >= std::max(limits_.start_end, log_end_ - kHotBytes)) return false;
  if (e.end() <= resident_until_ && e.phy >= resident_until_ - kProbe) return false;
  if (file.block_is_resident(e.phy, now_ms_) && file.block_is_resident(e.end() - 1, now_ms_)) return false;
  const auto at = static_cast<size_t>(e.phy - file.base());
  const int64_t probe = std::min({kProbe, file.end() - e.phy, log_end_ - e.phy});
  if (probe > e.size && file.mapping()->resident(at, static_cast<size_t>(probe))) {
    resident_until_ = e.phy + probe;
    return false;
  }
  return !file.mapping()->resident(at, static_cast<size_t>(e.size));
}

void Walk::missing(const CqEntry& e) noexcept {
  if (out_.message_count == 0) out_.status = GetStatus::MESSAGE_WAS_REMOVING;
  if (e.is_prefill() || !e.valid() || e.phy < skip_until_ || e.phy >= log_end_) return;
  skip_until_ = e.phy - e.phy % log_.file_size() + log_.file_size();   // the whole file is gone
}

void Walk::add(const std::shared_ptr<MappedFile>& file, const CqEntry& e) {
  const ByteView bytes = file->view(e.phy, e.size);
  if (!out_.slices.empty() && out_.slices.back().bytes.data() + out_.slices.back().bytes.size() == bytes.data() &&
      out_.slices.back().pin == file->mapping()) {
    out_.slices.back().bytes = {out_.slices.back().bytes.data(), out_.slices.back().bytes.size() + bytes.size()};
  } else {
    out_.slices.push_back({bytes, file->mapping()});
  }
  if (out_.message_count == 0) first_phy_ = e.phy;
  if (out_.message_count++ == 0 && bytes.size() >= store_timestamp_at(true) + 8) {
    const bool v6 = load_be<int32_t>(bytes.data() + kSysFlagAt) & sys_flag::kBornHostV6;
    out_.first_store_timestamp = load_be<int64_t>(bytes.data() + store_timestamp_at(v6));
  }
  out_.bytes += bytes.size();
  out_.status = GetStatus::FOUND;
  last_phy_ = e.phy;
}

}  // namespace mq::store
