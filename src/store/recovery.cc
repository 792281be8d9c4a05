#include "store/recovery.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "msg/names.h"
#include "msg/properties.h"
#include "store/format/segment_name.h"

namespace mq::store {
namespace {

Logger log("store");
constexpr size_t kBlockBytes = 3276 * 20;   // ConsumeQueue entries read at once
constexpr size_t kFilesOfCleanStart = 3;    // Java's: after a clean stop only the last files are looked at

}  // namespace

// --- ConsumeQueues ----------------------------------------------------------------------------------------------------

Result<> Recovery::load_queues() {
  const auto topics = fs_.list(files_.dir());
  if (!topics) return {};
  for (const env::DirEntry& topic : *topics) {
    if (!topic.is_dir) continue;
    const auto ids = fs_.list(files_.dir() + "/" + topic.name);
    if (!ids) continue;
    for (const env::DirEntry& id : *ids) {
      int32_t queue_id = 0;
      const auto [stop, ec] = std::from_chars(id.name.data(), id.name.data() + id.name.size(), queue_id);
      if (!id.is_dir || ec != std::errc() || stop != id.name.data() + id.name.size() || queue_id < 0) continue;
      MQ_TRY_VOID(load_queue(topic.name, queue_id));
    }
  }
  return {};
}

/// The number of valid entries at the file's start; `last` becomes the last of them.
Result<int64_t> Recovery::count_entries(env::File& file, CqEntry& last) const {
  std::vector<std::byte> block(kBlockBytes);
  int64_t count = 0;
  for (int64_t at = 0; at < files_.file_bytes();) {
    const auto n = static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(block.size()), files_.file_bytes() - at));
    MQ_TRY_VOID(file.read(at, std::span(block).first(n)));
    for (size_t i = 0; i + CqEntry::kBytes <= n; i += CqEntry::kBytes) {
      const CqEntry e = CqEntry::load(block.data() + i);
      if (!e.valid()) return count;
      last = e;
      ++count;
    }
    at += static_cast<int64_t>(n);
  }
  return count;
}

Result<> Recovery::load_queue(const std::string& topic, int32_t queue_id) {
  const std::string dir = files_.queue_dir(topic, queue_id);
  MQ_TRY(const auto entries, fs_.list(dir));
  std::vector<std::pair<int64_t, int64_t>> found;   // base, size
  for (const env::DirEntry& e : entries) {
    if (const auto base = e.is_dir ? std::nullopt : parse_segment_name(e.name)) found.emplace_back(*base, e.size);
  }
  const auto queue = queues_.find_or_make(topic, queue_id);
  files_.add_changed_dir(dir);   // who made them may have died before their names were durable
  // From the back: files without a single entry go, the first that has some ends the queue.
  while (!found.empty()) {
    const auto [base, size] = found.back();
    const std::string path = dir + "/" + segment_name(base);
    if (size > 0 && size != files_.file_bytes() && size % CqEntry::kBytes == 0 && queues_.size() == 1) files_.set_file_bytes(size);
    if (size == files_.file_bytes()) {
      MQ_TRY(auto file, fs_.open(path, env::Open::kReadWrite));
      CqEntry last;
      MQ_TRY(const int64_t count, count_entries(*file, last));
      if (count > 0) {
        const int64_t first_base = found.front().first;
        MQ_TRY(auto first_file, fs_.open(dir + "/" + segment_name(first_base), env::Open::kRead));
        int64_t skipped = 0;
        std::array<std::byte, CqEntry::kBytes> slot;
        while (skipped < files_.file_bytes() / CqEntry::kBytes) {
          if (!first_file->read(skipped * CqEntry::kBytes, slot)) break;   // cut short by a power cut
          if (!CqEntry::load(slot.data()).is_prefill()) break;
          ++skipped;
        }
        queue->set_loaded(first_base / CqEntry::kBytes, base / CqEntry::kBytes + count, last.is_prefill() ? -1 : last.phy);
        queue->set_min(first_base / CqEntry::kBytes + skipped);
        return {};
      }
    }
    log.warn("{} holds no entries and is removed", path);
    MQ_TRY_VOID(fs_.remove(path));
    found.pop_back();
  }
  return {};
}

Result<> Recovery::forget_queues() {
  for (const auto& q : queues_.all()) MQ_TRY_VOID(q->remove_files(files_));
  queues_.clear();
  return {};
}

// --- CommitLog ----------------------------------------------------------------------------------------------------------

int64_t Recovery::scan(int64_t from, bool check_crc, const std::function<bool(const RecordView&)>& visit) const {
  const auto files = log_.files();
  int64_t at = from;
  for (const auto& file : *files) {
    if (file->end() <= at) continue;
    if (file->base() > at) return at;   // a gap
    while (at < file->end()) {
      const ByteView rest = file->view(at, file->end() - at);
      if (rest.size() < 8) return at;
      if (is_filler(rest)) {
        at = file->end();
        break;
      }
      const auto record = decode_record(rest, check_crc ? RecordCheck::kLengthsAndCrc : RecordCheck::kLengths);
      if (!record || record->m.physicalOffset != at) return at;
      if (!visit(*record)) return at;
      at += static_cast<int64_t>(record->bytes.size());
    }
  }
  return at;
}

/// Everything before it is on disk, and so are its entries.
int64_t Recovery::safe_start(const CheckpointData& checkpoint, bool crashed) const {
  const auto files = log_.files();
  if (files->empty()) return 0;
  const int64_t first = files->front()->base();
  if (checkpoint.recoverFrom >= first && CommitLog::find(*files, checkpoint.recoverFrom)) return checkpoint.recoverFrom;
  if (!crashed) return (*files)[files->size() > kFilesOfCleanStart ? files->size() - kFilesOfCleanStart : 0]->base();
  // As Java: the last file whose first record is older than what log and queues surely held.
  for (size_t i = files->size(); i-- > 0;) {
    const auto record = decode_record((*files)[i]->view((*files)[i]->base(), (*files)[i]->size()), RecordCheck::kLengths);
    if (record && record->m.storeTimestamp > 0 && record->m.storeTimestamp <= checkpoint.min_timestamp()) return (*files)[i]->base();
  }
  return first;
}

Result<> Recovery::cut_log(int64_t end) {
  const auto files = log_.files();
  for (const auto& file : *files) {
    if (file->base() >= end && !(file->base() == end && files->size() == 1)) {
      log.warn("{} lies behind the last whole message and is removed", file->path());
      log_.forget(file);
      MQ_TRY_VOID(fs_.remove(file->path()));
    } else if (file->holds(end)) {
      // Old bytes behind the end could be taken for messages after the next crash: they become zeros.
      MQ_TRY_VOID(file->file().zero(end - file->base(), file->end() - end));
    }
  }
  return {};
}

/// A torn entry may point anywhere before the end: its record says whose entry it is. Expired records say nothing.
bool Recovery::leads_to_own_record(const ConsumeQueue& queue, int64_t index, const CqEntry& e) const {
  if (e.phy < log_.min()) return true;
  const auto files = log_.files();
  const auto* file = CommitLog::find(*files, e.phy);
  if (!file || e.end() > (*file)->end()) return false;
  const auto record = decode_record((*file)->view(e.phy, e.size), RecordCheck::kLengths);
  return record && record->m.queueOffset == index && record->m.queueId == queue.queue_id() && record->m.topic == queue.topic();
}

/// Torn entries may stand behind the first that is none; new ones written up to them would make them count. Not synced:
/// who writes entries syncs the file before it moves the safe point, until then recovery comes here again.
Result<> Recovery::clear_behind(const ConsumeQueue& queue, int64_t count) const {
  const int64_t at = count * CqEntry::kBytes, base = at / files_.file_bytes() * files_.file_bytes();
  const std::string path = files_.queue_dir(queue.topic(), queue.queue_id()) + "/" + segment_name(base);
  if (!fs_.exists(path)) return {};
  MQ_TRY(auto file, fs_.open(path, env::Open::kReadWrite));
  return file->zero(at - base, base + files_.file_bytes() - at);
}

/// Entries that point behind the end go, from the memory and from the file, and with them what cannot be read or is no
/// entry: behind the safe point a power cut leaves any mixture of old and new pages, short and missing files.
Result<> Recovery::cut_queue(ConsumeQueue& queue, int64_t end, bool crashed) {
  int64_t count = queue.max();
  CqEntry last{-1, 0, 0};
  const int64_t first = queue.min();
  for (; count > first; --count) {
    const auto e = queue.entry(count - 1, files_);
    if (!e || !e->valid() || e->end() > end) continue;
    if (crashed && !leads_to_own_record(queue, count - 1, *e)) continue;
    last = *e;
    break;
  }
  if (count == queue.max()) return crashed ? clear_behind(queue, count) : Result<>{};
  log.warn("topic {} queue {}: {} entries behind the log's end are removed", queue.topic(), queue.queue_id(), queue.max() - count);
  const std::string dir = files_.queue_dir(queue.topic(), queue.queue_id());
  MQ_TRY(const auto entries, fs_.list(dir));
  for (const env::DirEntry& e : entries) {
    const auto base = parse_segment_name(e.name);
    if (!base) continue;
    // Of an empty queue nothing stays: a file of pre-fill alone says nothing.
    const int64_t keep = count == first ? 0 : std::max<int64_t>(0, count * CqEntry::kBytes - *base);
    if (keep >= files_.file_bytes()) continue;
    if (keep == 0) {
      MQ_TRY_VOID(fs_.remove(dir + "/" + e.name));
      continue;
    }
    MQ_TRY(auto file, fs_.open(dir + "/" + e.name, env::Open::kReadWrite));
    MQ_TRY_VOID(file->zero(keep, files_.file_bytes() - keep));
    MQ_TRY_VOID(file->truncate(files_.file_bytes()));   // a power cut may have left it shorter
    MQ_TRY_VOID(file->sync());   // the cut entries must not come back with the next power cut
  }
  files_.close(queue.serial());
  if (fs_.exists(dir)) MQ_TRY_VOID(fs_.sync_dir(dir));
  if (count == first) queue.start_at(count);
  else queue.set_loaded(first, count, last.phy);
  queue.set_min(first);
  return {};
}

// --- both ----------------------------------------------------------------------------------------------------------------

/// False: the queue misses entries before this one, so it must be built from the log's beginning.
bool Recovery::dispatch(const RecordView& r, Recovered& out) {
  if (!sys_flag::reaches_queue(r.m.sysFlag)) return true;
  if (deleted_before && r.m.physicalOffset < deleted_before(r.m.topic)) return true;
  const auto queue = queues_.find_or_make(r.m.topic, r.m.queueId);
  const bool empty = queue->last_phy() < 0 && queue->min() == queue->max();
  // A queue without entries begins where the log says, but only the log's beginning can say that nothing came before.
  if (empty && (r.m.queueOffset < queue->max() || from_beginning_)) queue->start_at(r.m.queueOffset);
  if (r.m.queueOffset < queue->max()) return true;
  if (r.m.queueOffset > queue->max()) return false;
  int64_t tags = tags_code(find_property(r.m.properties, prop::kTags));
  if (r.m.topic == kScheduleTopic && delay_ms_of_level) {
    int32_t level = 0;
    const std::string_view text = find_property(r.m.properties, prop::kDelay);
    std::from_chars(text.data(), text.data() + text.size(), level);
    if (level > 0) tags = r.m.storeTimestamp + delay_ms_of_level(level);
  }
  appender_.dispatch(queue, {r.m.physicalOffset, static_cast<int32_t>(r.bytes.size()), tags});
  ++out.dispatched;
  return true;
}

Result<Recovered> Recovery::run(const CheckpointData& checkpoint, bool crashed) {
  MQ_TRY_VOID(load_queues());
  Recovered out;
  const int64_t start = safe_start(checkpoint, crashed);
  out.end = scan(start, true, [&](const RecordView& r) {
    out.store_timestamp = r.m.storeTimestamp;
    return true;
  });
  out.scanned_bytes = out.end - start;
  out.start = std::min(start, out.end);
  const auto files = log_.files();
  if (files->empty()) out.end = 0;
  // Entries before the safe point are removed below only after the checkpoint no longer vouches for them.
  if (out.start < checkpoint.recoverFrom) MQ_TRY_VOID(lower_safe_point(out.start));
  MQ_TRY_VOID(cut_log(out.end));
  log_.set_end(out.end);
  // After a crash only what lies before the safe point is known to be what was written.
  const int64_t trusted = crashed ? std::min(start, out.end) : out.end;
  for (const auto& q : queues_.all()) MQ_TRY_VOID(cut_queue(*q, trusted, crashed));
  from_beginning_ = start <= log_.min();
  bool whole = true;
  scan(start, false, [&](const RecordView& r) { return r.m.physicalOffset < out.end && (whole = dispatch(r, out)); });
  if (!whole) {
    log.warn("the ConsumeQueues miss entries before CommitLog offset {}: all of them are built again", start);
    MQ_TRY_VOID(lower_safe_point(log_.min()));
    MQ_TRY_VOID(forget_queues());
    out.dispatched = 0;
    out.start = log_.min();
    from_beginning_ = true;
    scan(log_.min(), false, [&](const RecordView& r) {
      if (r.m.physicalOffset >= out.end) return false;
      if (!dispatch(r, out)) log.error("topic {} queue {}: the log has no message between offsets {} and {}", r.m.topic, r.m.queueId,
                                       queues_.find_or_make(r.m.topic, r.m.queueId)->max(), r.m.queueOffset);
      return true;
    });
  }
  return out;
}

}  // namespace mq::store
