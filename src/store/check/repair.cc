// What --repair does, one finding after the other. Nothing is deleted: what is replaced stays aside in the store's folder.
#include <fmt/format.h>

#include <algorithm>

#include "store/check/checker.h"
#include "store/consume_queue.h"
#include "store/format/segment_name.h"
#include "store/index_service.h"
#include "store/log_scan.h"
#include "store/queue_order.h"

namespace mq::store {

Result<> StoreChecker::repair() {
  for (size_t i = 0; i < actions_.size(); ++i) {
    const auto act = actions_[i];   // a copy: what it finds itself makes the list longer
    if (!act) continue;
    if (auto r = act(); !r) return fail(std::move(r).error()).at("the repair of " + report_.findings[i].where);
    report_.findings[i].repaired = true;
  }
  return {};
}

Result<> StoreChecker::cut_tail(int64_t end) {
  for (const auto& f : files_) {
    if (f->end() <= end) continue;
    MQ_TRY(const auto file, fs_.open(f->path(), env::Open::kReadWrite));
    const int64_t from = std::max(end - f->base(), int64_t{0});
    MQ_TRY_VOID(file->zero(from, f->size() - from));
    MQ_TRY_VOID(file->sync());
  }
  return {};
}

/// The first call writes all queues that are broken, in one pass over the log.
Result<> StoreChecker::rebuild_queue(const QueueKey&) {
  if (std::exchange(queues_written_, true)) return {};
  int64_t file_bytes = 300'000 * CqEntry::kBytes;
  for (const auto& [key, q] : queues_) {
    if (!q.hole && q.file_entries > 0) file_bytes = q.file_entries * CqEntry::kBytes;
  }
  QueueFiles files(fs_, path("consumequeue"), file_bytes, 256);
  struct Writer {
    explicit Writer(const QueueKey& key) : queue(key.first, key.second) {}
    ConsumeQueue queue;
    QueueOrder order;
    int64_t left_out = 0;
  };
  std::map<QueueKey, Writer> writers;
  for (const QueueKey& key : broken_) {
    const std::string dir = files.queue_dir(key.first, key.second);
    if (fs_.exists(dir)) MQ_TRY_VOID(fs_.rename(dir, env::free_name(fs_, path("consumequeue." + key.first + "." + std::to_string(key.second) + ".bad"))));
    writers.try_emplace(key, key);
  }
  Result<> written;
  std::vector<int64_t> touched, ext_touched;   // the second stays empty: rebuilt entries have their tags themselves
  const auto enter = [&](Writer& writer, const RecordView& r) -> Result<> {
    ConsumeQueue& q = writer.queue;
    CqEntry entry = entry_of(r, {});
    // The time of delivery stands nowhere but in the entry; where that is lost, the message is due at once.
    if (r.m.topic == kScheduleTopic) entry.tagsCode = r.m.storeTimestamp;
    if (const auto old = queues_.find({q.topic(), q.queue_id()}); old != queues_.end() && r.m.topic == kScheduleTopic) {
      const auto e = old->second.entry(r.m.queueOffset);
      if (e && e->phy == entry.phy && e->tagsCode >= r.m.storeTimestamp) entry.tagsCode = e->tagsCode;
    }
    for (; q.max() < r.m.queueOffset; q.take(1)) q.put(CqEntry::prefill());
    q.take(1);
    q.put(entry);
    return q.max() % 20'000 == 0 ? q.flush(files, touched, ext_touched) : Result<>();
  };
  std::vector<QueueOrder::Placed> placed;
  const auto enter_placed = [&](Writer& writer) {
    for (const QueueOrder::Placed& p : std::exchange(placed, {})) {
      if (p.left_out) {
        ++writer.left_out;
        continue;
      }
      if (p.first) writer.queue.start_at(p.record.m.queueOffset);
      if (written) written = enter(writer, p.record);
    }
    return written.has_value();
  };
  scan_log(files_, report_.log_min, report_.log_end, RecordCheck::kLengths, OnDamage::kSkip, [&](const RecordView& r) {
    if (!sys_flag::reaches_queue(r.m.sysFlag) || r.m.physicalOffset < deleted_.deleted_before(r.m.topic)) return true;
    const auto writer = writers.find({std::string(r.m.topic), r.m.queueId});
    if (writer == writers.end()) return true;
    writer->second.order.add(r, placed);
    return enter_placed(writer->second);
  });
  for (auto& [key, writer] : writers) {
    writer.order.finish(placed);
    (void)enter_placed(writer);
  }
  MQ_TRY_VOID(std::move(written));
  for (auto& [key, writer] : writers) {
    touched.clear();
    MQ_TRY_VOID(writer.queue.flush(files, touched, ext_touched));
    const std::string dir = files.queue_dir(key.first, key.second);
    const auto names = fs_.list(dir);
    for (const env::DirEntry& e : names ? *names : std::vector<env::DirEntry>{}) {
      MQ_TRY(const auto file, fs_.open(dir + "/" + e.name, env::Open::kReadWrite));
      MQ_TRY_VOID(file->sync());
    }
  }
  for (const std::string& dir : files.take_changed_dirs()) MQ_TRY_VOID(fs_.sync_dir(dir));
  for (const auto& [key, writer] : writers) {
    if (writer.left_out == 0) continue;
    add(Finding::Level::kDamage, fmt::format("topic {} queue {}", key.first, key.second),
        fmt::format("{} messages say offsets that they cannot have, or that others have; they stay without an entry", writer.left_out));
  }
  return fs_.sync_dir(options_.root);
}

/// The first call moves the oldest damaged file and all behind it.
Result<> StoreChecker::rebuild_index() {
  if (std::exchange(index_moved_, true)) return {};
  MQ_TRY(const auto entries, fs_.list(path("index")));
  for (const env::DirEntry& e : entries) {
    if (e.is_dir || path("index/" + e.name) < oldest_bad_index_) continue;
    MQ_TRY_VOID(fs_.rename(path("index/" + e.name), env::free_name(fs_, path("index.index-" + e.name + ".bad"))));
  }
  return catch_up_index();
}

Result<> StoreChecker::relink(const std::string& file, IndexLayout layout, const IndexCheck::Verdict& times) {
  if (!fs_.exists(file)) return {};   // moved away with one before it
  MQ_TRY(const auto index, IndexFile::open(fs_, file, layout));
  // The check held all of them against the log.
  MQ_TRY_VOID(index->repair(report_.log_end, [](const IndexEntry&) { return true; },
                            [&](const IndexEntry& e) { return e == index->entry(1) ? times.begin_ms : times.end_ms; }));
  return index->sync();
}

Result<> StoreChecker::catch_up_index() {
  if (std::exchange(index_entered_, true) || files_.empty()) return {};
  MessageStoreConfig config;
  if (options_.index_slots > 0) config.maxHashSlotNum.set(static_cast<int32_t>(options_.index_slots));
  if (options_.index_entries > 0) config.maxIndexNum.set(static_cast<int32_t>(options_.index_entries));
  CommitLog log(fs_, options_.commit_log, 0);   // its files have the size that they have
  MQ_TRY_VOID(log.load());
  log.set_end(report_.log_end);
  MQ_TRY_VOID(fs_.make_dirs(path("index")));
  IndexService service(fs_, env_.clock(), config, log, path("index"));
  MQ_TRY_VOID(service.load(false));
  return service.catch_up();
}

}  // namespace mq::store
