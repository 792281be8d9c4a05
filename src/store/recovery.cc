#include "store/recovery.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/log.h"
#include "store/format/segment_name.h"
#include "store/log_scan.h"

namespace mq::store {
namespace {

Logger log("store");
constexpr size_t kFilesOfCleanStart = 3;    // Java's: after a clean stop only the last files are looked at
constexpr int64_t kBlockEntries = 204;      // read at once: 4,080 bytes

/// A torn record begins with its size, or with what a power cut left of it.
void say_what_is_cut(const MappedFile& file, int64_t end) {
  const ByteView head = file.view(end, std::min<int64_t>(8, file.end() - end));
  if (std::ranges::all_of(head, [](std::byte b) { return b == std::byte{0}; })) return;
  const int64_t size = head.size() < 4 ? 0 : load_be<int32_t>(head.data());
  if (size > 0 && size <= file.end() - end) log.warn("{}: the last message, {} bytes at CommitLog offset {}, is torn and is cut off", file.path(), size, end);
  else log.warn("{}: what stands at CommitLog offset {} is no message and is cut off", file.path(), end);
}

}  // namespace

// --- CommitLog ----------------------------------------------------------------------------------------------------------

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
      say_what_is_cut(*file, end);
      // Old bytes behind the end could be taken for messages after the next crash: they become zeros.
      MQ_TRY_VOID(file->file().zero(end - file->base(), file->end() - end));
    }
  }
  return {};
}

// --- ConsumeQueues ------------------------------------------------------------------------------------------------------

Result<> Recovery::load_queues(const QueueLoader::Limits& limits, Recovered& out) {
  QueueLoader loader(fs_, log_, files_, queues_, delay_ms_of_level);
  MQ_TRY(LoadedQueues loaded, loader.load(limits));
  for (const auto& q : loaded.broken) broken_.emplace(q->topic(), q->queue_id());
  out.unsynced = std::move(loaded.unsynced);
  return {};
}

/// Queues that the list knows and of whose files something at the end, or all, is gone.
void Recovery::add_missing(int64_t trusted) {
  if (!known) return;
  for (const KnownQueues::Line& line : *known) {
    if (line.position < log_.min() || line.position >= trusted || is_deleted(line.topic, line.position)) continue;
    const auto queue = queues_.find(line.topic, line.queue_id);
    if (!queue || queue->max() < line.count) broken_.emplace(line.topic, line.queue_id);
  }
}

/// The address that the last entry with a unit has; 0: none in the last files. Reads them in blocks: where units have been
/// written only lately, or no more for long, many entries have none.
int64_t Recovery::last_unit(const ConsumeQueue& q) const {
  std::array<CqEntry, kBlockEntries> block;
  const int64_t per_file = files_.file_bytes() / CqEntry::kBytes;
  const int64_t least = std::max(q.min(), q.max() - static_cast<int64_t>(kFilesOfCleanStart) * per_file);
  for (int64_t end = q.max(); end > least;) {
    const int64_t from = std::max({least, (end - 1) / per_file * per_file, end - kBlockEntries});   // of one file
    const auto n = q.read(from, std::span(block).first(static_cast<size_t>(end - from)), files_);
    for (size_t i = n ? *n : 0; i-- > 0;) {
      if (ExtUnit::is_address(block[i].tagsCode)) return block[i].tagsCode;
    }
    end = from;
  }
  return 0;
}

/// Each ConsumeQueueExt ends behind the unit of the queue's last entry that has one.
Result<> Recovery::load_ext() {
  for (const auto& q : queues_.all()) {
    if (q->ext()) MQ_TRY_VOID(q->ext()->recover(last_unit(*q)));
  }
  return {};
}

void Recovery::enter(const std::shared_ptr<ConsumeQueue>& queue, const RecordView& r, Recovered& out) {
  ByteBuffer bits;
  if (filter_bits && queue->ext_to_write()) filter_bits->append(r.m.topic, r.m.properties, bits);
  appender_.dispatch(queue, entry_of(r, delay_ms_of_level), r.m.storeTimestamp, bits.view());
  if (++out.dispatched % entries_in_memory == 0) write_entries(out);
}

/// What cannot be written, as on a full disk, stays in memory.
void Recovery::write_entries(Recovered& out) {
  const Appender::Dirty dirty = appender_.take_dirty();
  for (const auto& q : dirty.queues) {
    std::vector<int64_t> touched, ext_touched;
    if (auto r = q->flush(files_, touched, ext_touched); !r) {
      log.warn("topic {} queue {}: {}", q->topic(), q->queue_id(), r.error().message());
      appender_.list_again(q);
    }
    for (const int64_t base : touched) out.unsynced.emplace_back(q, base);
    for (const int64_t base : ext_touched) out.unsynced_ext.emplace_back(q, base);
  }
}

/// A queue that misses entries before this one must be built from the log's beginning.
void Recovery::dispatch(const RecordView& r, Recovered& out) {
  if (!sys_flag::reaches_queue(r.m.sysFlag) || is_deleted(r.m.topic, r.m.physicalOffset)) return;
  const auto queue = queues_.find_or_make(r.m.topic, r.m.queueId);
  if (!is_queue_offset(r.m.queueOffset)) return leave_out(*queue, r);
  const bool empty = !queue->had_entries() && queue->min() == queue->max();
  // A queue without entries begins where the log says, but only the log's beginning can say that nothing came before.
  if (empty && (r.m.queueOffset < queue->max() || from_beginning_)) {
    queue->start_at(r.m.queueOffset);
    started_.emplace(r.m.topic, r.m.queueId);
  }
  // One of a queue that began here cannot stand before its beginning: either of the two is damaged, and the others tell which.
  const bool before_first = r.m.queueOffset < queue->min() && started_.contains({std::string(r.m.topic), r.m.queueId});
  if (r.m.queueOffset < queue->max() && !before_first) return;
  if (r.m.queueOffset != queue->max()) {
    broken_.emplace(r.m.topic, r.m.queueId);
  } else {
    enter(queue, r, out);
  }
}

Result<> Recovery::remove_segments(const std::string& dir) {
  const auto entries = fs_.list(dir);
  for (const env::DirEntry& e : entries ? *entries : std::vector<env::DirEntry>{}) {
    if (!e.is_dir && parse_segment_name(e.name)) MQ_TRY_VOID(fs_.remove(dir + "/" + e.name));
  }
  return {};
}

Result<> Recovery::rebuild(Recovered& out) {
  if (broken_.empty()) return {};
  MQ_TRY_VOID(lower_safe_point(log_.min()));
  out.start = log_.min();
  for (const auto& [topic, queue_id] : broken_) {
    log.warn("topic {} queue {}: its ConsumeQueue files miss entries; they are built again from the CommitLog", topic, queue_id);
    const auto queue = queues_.find(topic, queue_id);
    if (!queue) continue;
    appender_.exclusively([&] { queue->mark_deleted(); });
    MQ_TRY_VOID(remove_segments(files_.queue_dir(topic, queue_id)));
    if (queue->ext()) MQ_TRY_VOID(queue->ext()->remove_files());
    queues_.remove(*queue);
  }
  for (auto* written : {&out.unsynced, &out.unsynced_ext}) std::erase_if(*written, [](const auto& file) { return file.first->deleted(); });
  // Damaged places are left out: what stands behind them keeps its offsets.
  std::map<QueueKey, QueueOrder> orders;
  for (const QueueKey& key : broken_) orders.try_emplace(key);
  std::vector<QueueOrder::Placed> placed;
  const auto enter_placed = [&] {
    for (const QueueOrder::Placed& p : placed) enter_rebuilt(p, out);
    placed.clear();
  };
  const auto files = log_.files();
  scan_log(*files, log_.min(), out.end, RecordCheck::kLengths, OnDamage::kSkip, [&](const RecordView& r) {
    if (!sys_flag::reaches_queue(r.m.sysFlag) || is_deleted(r.m.topic, r.m.physicalOffset)) return true;
    const auto order = orders.find({std::string(r.m.topic), r.m.queueId});
    if (order == orders.end()) return true;
    order->second.add(r, placed);
    enter_placed();
    return true;
  }, [](int64_t from, int64_t to) { log.error("the CommitLog cannot be read from {} to {}: messages there are lost", from, to); });
  for (auto& [key, order] : orders) {
    order.finish(placed);
    enter_placed();
  }
  return {};
}

void Recovery::leave_out(const ConsumeQueue& queue, const RecordView& r) {
  log.error("CommitLog offset {}: topic {} queue {} goes on with offset {}, the message there says {}; it is left out", r.m.physicalOffset,
            r.m.topic, r.m.queueId, queue.max(), r.m.queueOffset);
}

void Recovery::enter_rebuilt(const QueueOrder::Placed& placed, Recovered& out) {
  const RecordView& r = placed.record;
  const auto queue = queues_.find_or_make(r.m.topic, r.m.queueId);
  if (placed.left_out) return leave_out(*queue, r);
  if (placed.first) queue->start_at(r.m.queueOffset);
  if (placed.missing > 0) {
    log.error("topic {} queue {}: the log has no message of offsets {} to {}", r.m.topic, r.m.queueId, queue->max(), r.m.queueOffset - 1);
    for (int64_t i = 0; i < placed.missing; ++i) appender_.dispatch(queue, CqEntry::prefill());   // readers pass over them
  }
  enter(queue, r, out);
}

Result<Recovered> Recovery::run(const CheckpointData& checkpoint, bool crashed) {
  Recovered out;
  const int64_t start = safe_start(checkpoint, crashed);
  const auto found = log_.files();
  out.end = scan_log(*found, start, INT64_MAX, RecordCheck::kLengthsAndCrc, OnDamage::kStop, [&](const RecordView& r) {
    out.store_timestamp = r.m.storeTimestamp;
    return true;
  });
  // What cannot be read looks like the end: whatever stands behind it would be cut off.
  for (const auto& f : *found) {
    if (f->end() <= start || !f->mapping()->lost_pages()) continue;
    return fail(Errc::kIo, "the disk cannot give a part of the file, messages behind it would be lost; copy the folder to another disk and start there").at(f->path());
  }
  out.scanned_bytes = out.end - start;
  out.start = std::min(start, out.end);
  if (found->empty()) out.end = 0;
  if (out.end < checkpoint.recoverFrom) {
    log.error("the CommitLog in {} was on the disk up to {} and ends at {} now: messages in between are lost. Was a file of it removed or replaced? "
              "Put it back before new messages take its place", log_.dir(), checkpoint.recoverFrom, out.end);
  }
  // Entries before the safe point are removed below only after the checkpoint no longer vouches for them.
  if (out.start < checkpoint.recoverFrom) MQ_TRY_VOID(lower_safe_point(out.start));
  MQ_TRY_VOID(cut_log(out.end));
  log_.set_end(out.end);
  // After a crash only what lies before the safe point is known to be what was written.
  const int64_t trusted = crashed ? out.start : out.end;
  MQ_TRY_VOID(load_queues({trusted, out.end, crashed || checkpoint.recoverFrom < 0, crashed}, out));
  MQ_TRY_VOID(load_ext());
  const bool all_gone = !known && queues_.size() == 0;
  if (all_gone && start > log_.min()) MQ_TRY_VOID(lower_safe_point(out.start = log_.min()));
  from_beginning_ = out.start <= log_.min();
  const auto kept = log_.files();
  scan_log(*kept, out.start, out.end, RecordCheck::kLengths, all_gone ? OnDamage::kSkip : OnDamage::kStop, [&](const RecordView& r) {
    dispatch(r, out);
    return true;
  });
  add_missing(trusted);
  MQ_TRY_VOID(rebuild(out));
  return out;
}

}  // namespace mq::store
