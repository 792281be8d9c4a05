#include "store/store.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/log.h"
#include "store/appender.h"
#include "store/checkpoint.h"
#include "store/deleted_topics.h"
#include "store/expiry.h"
#include "store/flush_service.h"
#include "store/format/segment_name.h"
#include "store/index_service.h"
#include "store/known_queues.h"
#include "store/reader.h"
#include "store/recovery.h"

namespace mq::store {
namespace {

Logger log("store");
constexpr size_t kMaxOpenQueueFiles = 2048;
constexpr size_t kFewQueues = 1024;           // so many are written every second
constexpr size_t kMostSyncs = 64;             // ConsumeQueue files synced one by one; of more, the whole disk at once
constexpr int64_t kThoroughMs = 10'000;       // how often queues are synced and the safe point of recovery moves
constexpr int64_t kLeastToRecover = 16 << 20; // bytes of the log; for less it does not move earlier
constexpr int64_t kWatchDiskMs = 1000;
constexpr size_t kMostQueueMemory = 256 << 20;

using QueueFile = std::pair<std::shared_ptr<ConsumeQueue>, int64_t>;   // and its base

/// Files that are not yet known to be on the disk. A hundred thousand are added in a row and mostly done with at once: they are put in
/// order when they are asked for.
class UnsyncedFiles {
 public:
  void add(const std::shared_ptr<ConsumeQueue>& queue, int64_t base) {
    if (!files_.empty() && files_.back().first == queue && files_.back().second == base) return;
    files_.emplace_back(queue, base);
  }
  /// Each once, the oldest queues first. Not by address: a simulated run must do the same each time.
  const std::vector<QueueFile>& list() {
    const auto key = [](const QueueFile& f) { return std::pair(f.first->serial(), f.second); };
    std::ranges::sort(files_, {}, key);
    files_.erase(std::ranges::unique(files_, {}, key).begin(), files_.end());
    return files_;
  }
  void clear() noexcept { files_.clear(); }

 private:
  std::vector<QueueFile> files_;
};

}  // namespace

std::string_view to_string(PutStatus status) noexcept {
  switch (status) {
    case PutStatus::kPutOk: return "PUT_OK";
    case PutStatus::kFlushDiskTimeout: return "FLUSH_DISK_TIMEOUT";
    case PutStatus::kServiceNotAvailable: return "SERVICE_NOT_AVAILABLE";
    case PutStatus::kCreateMappedFileFailed: return "CREATE_MAPPED_FILE_FAILED";
    case PutStatus::kMessageIllegal: return "MESSAGE_ILLEGAL";
    case PutStatus::kOsPageCacheBusy: return "OS_PAGE_CACHE_BUSY";
    case PutStatus::kUnknownError: return "UNKNOWN_ERROR";
  }
  return "UNKNOWN_ERROR";
}

std::string_view to_string(GetStatus status) noexcept {
  switch (status) {
    case GetStatus::FOUND: return "FOUND";
    case GetStatus::NO_MATCHED_MESSAGE: return "NO_MATCHED_MESSAGE";
    case GetStatus::MESSAGE_WAS_REMOVING: return "MESSAGE_WAS_REMOVING";
    case GetStatus::OFFSET_FOUND_NULL: return "OFFSET_FOUND_NULL";
    case GetStatus::OFFSET_OVERFLOW_BADLY: return "OFFSET_OVERFLOW_BADLY";
    case GetStatus::OFFSET_OVERFLOW_ONE: return "OFFSET_OVERFLOW_ONE";
    case GetStatus::OFFSET_TOO_SMALL: return "OFFSET_TOO_SMALL";
    case GetStatus::NO_MATCHED_LOGIC_QUEUE: return "NO_MATCHED_LOGIC_QUEUE";
    case GetStatus::NO_MESSAGE_IN_QUEUE: return "NO_MESSAGE_IN_QUEUE";
    case GetStatus::OFFSET_RESET: return "OFFSET_RESET";
  }
  return "";
}

struct Store::Impl {
  env::Env& env;
  env::FileSystem& fs;
  const MessageStoreConfig& config;
  StoreHooks hooks;
  const std::string root;
  WriteGate gate;
  DiskPace pace;
  CommitLog log_;
  QueueFiles files;
  QueueFiles ext_queue_files;
  const ExtFiles ext;
  QueueTable queues;
  Appender appender;
  FlushService flush;
  Reader reader;
  Checkpoint checkpoint;
  IndexService index;
  DeletedTopics deleted;
  KnownQueues known;
  Expiry expiry;
  std::unique_ptr<env::FileLock> lock;
  env::Loop* flush_loop = nullptr;
  env::Loop* index_loop = nullptr;
  env::Periodic queue_timer, thorough_timer, disk_timer, clean_timer;   // badge: owned by the index loop
  UnsyncedFiles unsynced;                                               // badge: owned by the index loop
  UnsyncedFiles unsynced_ext;                                            // likewise, of ConsumeQueueExt
  std::set<int64_t> unreadable;                                         // badge: owned by the index loop; bases of files
  std::atomic<int64_t> unreadable_files{0};                             // badge: published
  CheckpointData saved;                                                 // badge: owned by the index loop
  int64_t boot_ms = 0;

  Impl(env::Env& e, const MessageStoreConfig& c, StoreHooks h)
      : env(e), fs(e.fs()), config(c), hooks(std::move(h)), root(c.storePathRootDir()),
        log_(fs, c.storePathCommitLog().empty() ? root + "/commitlog" : c.storePathCommitLog(), c.mappedFileSizeCommitLog.used()),
        files(fs, root + "/consumequeue", c.mappedFileSizeConsumeQueue.used(), kMaxOpenQueueFiles),
        ext_queue_files(fs, root + "/consumequeue_ext", ext_file_bytes(), kMaxOpenQueueFiles),
        ext{ext_queue_files, c.enableConsumeQueueExt()},
        queues(c.enableConsumeQueueExt() || fs.exists(ext_queue_files.dir()) ? &ext : nullptr),
        appender(e.clock(), log_, queues, gate, pace, hooks.filter_bits), flush(fs, e.clock(), c, log_, gate, pace, appender.last_store_timestamp()),
        reader(e.clock(), c, log_, files), checkpoint(fs, root + "/checkpoint"),
        index(fs, e.clock(), c, log_, root + "/index"), deleted(fs, root + "/deletedTopics"),
        known(fs, root + "/knownQueues"), expiry(fs, e.clock(), c, log_, files, queues, gate) {}

  /// Of all ConsumeQueueExt files: as most have that are there, else as configured.
  int64_t ext_file_bytes() const {
    const int64_t configured = config.mappedFileSizeConsumeQueueExt.used();
    std::map<int64_t, int64_t> votes;
    count_sizes(root + "/consumequeue_ext", 2, votes);
    int64_t most = configured;
    for (const auto& [size, count] : votes) {
      if (count > votes[most]) most = size;
    }
    if (most != configured) log.warn("the files in {}/consumequeue_ext have {} bytes; mappedFileSizeConsumeQueueExt={} is not used", root, most, configured);
    return most;
  }
  /// Of the files of a queue, `depth` folders further down.
  void count_sizes(const std::string& dir, int depth, std::map<int64_t, int64_t>& votes) const {
    const auto entries = fs.list(dir);
    for (const env::DirEntry& e : entries ? *entries : std::vector<env::DirEntry>{}) {
      if (e.is_dir && depth > 0) count_sizes(dir + "/" + e.name, depth - 1, votes);
      if (!e.is_dir && depth == 0 && e.size > 0 && parse_segment_name(e.name)) ++votes[e.size];
    }
  }

  /// Makes the names of the folders durable from the top of the file system down. Always, not only when they were made
  /// just now: the process that made them may have died before. Folders above the root may refuse; they are older.
  void sync_way_to(const std::string& dir) {
    for (size_t slash = dir.find('/', 1); slash != std::string::npos; slash = dir.find('/', slash + 1)) {
      (void)fs.sync_dir(dir.substr(0, slash));
    }
    if (dir.starts_with('/')) (void)fs.sync_dir("/");
    (void)fs.sync_dir(dir);
  }

  Result<> make_folders() {
    for (const std::string& dir : {root, log_.dir(), root + "/consumequeue", root + "/index", root + "/config"}) {
      if (auto r = fs.make_dirs(dir); !r) return fail(std::move(r).error()).at("the store's folder " + dir + " cannot be made");
    }
    if (ext.writes) {   // its name must be as durable as what will stand in it
      if (auto r = fs.make_dirs(ext_queue_files.dir()); !r) return fail(std::move(r).error()).at("the folder " + ext_queue_files.dir() + " cannot be made");
    }
    sync_way_to(root);
    if (log_.dir() != root + "/commitlog") sync_way_to(log_.dir());
    auto taken = fs.lock(root + "/lock");
    if (!taken) return fail(std::move(taken).error()).at("the store " + root + " cannot be locked; does another broker use it?");
    lock = std::move(*taken);
    return {};
  }

  Result<> recover() {
    MQ_TRY(saved, checkpoint.load());
    // After a power cut the name of `abort` may be missing; our own checkpoint says that there was no orderly end.
    const bool crashed = fs.exists(root + "/abort") || (saved.recoverFrom >= 0 && saved.cleanEnd < 0);
    MQ_TRY_VOID(deleted.load());
    MQ_TRY_VOID(log_.load());
    Recovery recovery(fs, log_, files, queues, appender);
    recovery.delay_ms_of_level = hooks.delay_ms_of_level;
    recovery.filter_bits = hooks.filter_bits;
    recovery.deleted_before = [this](std::string_view topic) { return deleted.deleted_before(topic); };
    if (saved.recoverFrom >= 0) recovery.known = known.load();   // else another program may have removed queues
    recovery.lower_safe_point = [this](int64_t start) {
      saved.recoverFrom = start;
      saved.cleanEnd = -1;
      return checkpoint.save(saved, true);
    };
    const int64_t started = env.clock().mono_ms();
    MQ_TRY(const Recovered r, recovery.run(saved, crashed));
    const auto log_files = log_.files();
    for (const auto& f : *log_files) {
      if (f->end() > std::max<int64_t>(saved.recoverFrom, 0)) MQ_TRY_VOID(f->file().sync());
    }
    MQ_TRY_VOID(fs.sync_dir(log_.dir()));   // removed files must not come back, nor found ones go
    for (const auto& [q, base] : r.unsynced) unsynced.add(q, base);
    for (const auto& [q, base] : r.unsynced_ext) unsynced_ext.add(q, base);
    const int64_t newest = std::max(r.store_timestamp, saved.physicMsgTimestamp);
    appender.resume_at(newest);
    flush.begin_at(r.end, newest);
    reader.set_start(r.end);
    MQ_TRY_VOID(index.load(crashed));
    log.info("store {}: {} start, CommitLog [{}, {}), {} bytes looked at, {} entries built again, {} ms", root, crashed ? "recovery" : "clean",
             log_.min(), r.end, r.scanned_bytes, r.dispatched, env.clock().mono_ms() - started);
    saved.recoverFrom = r.start;   // never -1 from now on: that marks a checkpoint of another program
    saved.cleanEnd = -1;
    return note_that_it_runs();
  }

  /// In the checkpoint and by the file `abort`; one of them is enough. On a full disk the store must start all the same.
  Result<> note_that_it_runs() {
    auto noted = checkpoint.save(saved, true);
    if (!noted && noted.error().code() != Errc::kDiskFull) return noted;
    MQ_TRY_VOID(fs.sync_dir(root));
    auto abort = fs.open(root + "/abort", env::Open::kCreate);
    if (!abort) return noted ? Result<>{} : fail(std::move(abort).error());
    (void)(*abort)->truncate(0);
    const std::string pid = std::to_string(getpid());
    if (auto r = (*abort)->write(0, as_bytes(pid)); !r) log.warn("{}; the file stays empty", r.error().message());   // its name counts
    return {};
  }

  void start_loops() {
    flush_loop = &env.start_loop("flush");
    index_loop = &env.start_loop("index");
    env.run_on(*flush_loop, [this] { flush.start(*flush_loop); });
    env.run_on(*index_loop, [this] {
      expiry.watch_disk();
      flush.set_disk_free(expiry.disk_free());
      const int64_t period = config.flushIntervalConsumeQueue.used();
      index.start(*index_loop);
      (void)index_loop->post([this] { expiry.follow_log_min(); });   // a queue's file may begin before the log does
      queue_timer = env::Periodic(*index_loop, period, period, [this] {
        // Of very many only those with much to write; for the others each message would cost a write of its own, they wait for the
        // next safe point.
        const auto full = appender.take_full();
        if (log_.end() - saved.recoverFrom > most_to_recover()) move_safe_point();
        else if (appender.dirty_count() <= kFewQueues) flush_queues();
        else for (const auto& q : full) (void)flush_queue(q);
        index.follow();   // also what a full disk had stopped
      });
      thorough_timer = env::Periodic(*index_loop, kThoroughMs, kThoroughMs, [this] { move_safe_point(); });
      disk_timer = env::Periodic(*index_loop, kWatchDiskMs, kWatchDiskMs, [this] {
        watch_reads();
        expiry.watch_disk();
        flush.set_disk_free(expiry.disk_free());
      });
      const int64_t clean = config.cleanResourceInterval.used();
      clean_timer = env::Periodic(*index_loop, clean, clean, [this] { clean_up(false); });
    });
  }

  /// Writes a queue's tail. Index loop.
  bool flush_queue(const std::shared_ptr<ConsumeQueue>& q) {
    std::vector<int64_t> touched, ext_touched;
    const auto r = q->flush(files, touched, ext_touched);
    if (!r) {
      log.error("topic {} queue {}: entries stay in memory: {}", q->topic(), q->queue_id(), r.error().message());
      appender.list_again(q);
    }
    for (int64_t base : touched) unsynced.add(q, base);
    for (int64_t base : ext_touched) unsynced_ext.add(q, base);
    return r.has_value();
  }

  /// Writes the tails of the queues that got entries. Index loop.
  Appender::Dirty flush_queues() {
    Appender::Dirty dirty = appender.take_dirty();
    bool failed = false;
    for (const auto& q : dirty.queues) {
      failed |= !flush_queue(q);
      // The tail belongs to the append section: freed without its lock, it could go while an append writes into it.
      appender.exclusively([&] { q->release_idle_memory(ConsumeQueue::memory_is_short()); });
    }
    if (failed) dirty.end = -1;
    watch_memory(failed, dirty);
    return dirty;
  }

  /// What idle queues keep in memory others need now. Index loop.
  void release_idle_queues() {
    for (const auto& q : queues.all()) {
      if (!ConsumeQueue::memory_is_short()) return;
      appender.exclusively([&] { q->release_idle_memory(true); });
    }
  }

  /// Entries that cannot be written stay in memory, so many and no more.
  void watch_memory(bool failed, const Appender::Dirty& dirty) {
    if (!failed) {
      if (gate.reopen(Closed::kQueueWriteFailed)) log.info("the ConsumeQueues are written again: messages are accepted");
      return;
    }
    size_t bytes = 0;
    for (const auto& q : dirty.queues) bytes += q->memory_bytes();
    if (bytes <= kMostQueueMemory) return;
    const std::string why = "the ConsumeQueues below " + files.dir() + " cannot be written, " + std::to_string(bytes >> 20) + " MiB of entries wait in memory";
    if (gate.close(Closed::kQueueWriteFailed, why)) log.error("no message is accepted: {}", why);
  }

  /// Bytes of the log: at high rates the safe point moves as soon as so much follows it, or a start after a crash would take as
  /// long as the reading of all that came in kThoroughMs. Of very many queues each has few entries then, and to write them costs more
  /// than to build them again: they may gather for longer.
  int64_t most_to_recover() const {
    const int64_t quarter = config.mappedFileSizeCommitLog.used() / 4;
    return std::max(appender.dirty_count() > kFewQueues ? 3 * quarter : quarter, kLeastToRecover);
  }

  /// Log and queues are made durable; recovery then starts behind them. Index loop.
  void move_safe_point() {
    const Appender::Dirty dirty = flush_queues();
    if (ConsumeQueue::memory_is_short()) release_idle_queues();
    if (dirty.end < 0) return;
    bool synced = false;
    env.run_on(*flush_loop, [&] { synced = flush.sync().has_value(); });
    if (!synced || !sync_queues()) return;
    saved.recoverFrom = dirty.end;
    saved.physicMsgTimestamp = saved.logicsMsgTimestamp = std::max(saved.logicsMsgTimestamp, dirty.store_timestamp);
    if (auto r = checkpoint.save(saved, true); !r) log.warn("checkpoint: {}", r.error().message());
    if (auto r = known.save(queues, files, false); !r) log.warn("{}", r.error().message());
  }

  /// Empties the list when all of it is on the disk.
  bool sync_each(const QueueFiles& of, UnsyncedFiles& list) {
    for (const auto& [q, base] : list.list()) {
      if (q->deleted()) continue;
      const auto file = fs.open(of.queue_dir(q->topic(), q->queue_id()) + "/" + segment_name(base), env::Open::kReadWrite);
      if (!file || !(*file)->sync()) return false;
    }
    list.clear();
    return true;
  }

  bool sync_queues() {
    if (unsynced.list().size() > kMostSyncs) {
      if (const auto all = fs.sync_disk(files.dir()); !all) {
        log.warn("{}", all.error().message());
        return false;
      } else if (*all) {
        unsynced.clear();
        (void)files.take_changed_dirs();   // only this loop makes queue files
      }
    }
    if (!sync_each(files, unsynced) || !sync_each(ext_queue_files, unsynced_ext)) return false;
    bool synced = true;
    for (QueueFiles* of : {&files, &ext_queue_files}) {
      for (const std::string& dir : of->take_changed_dirs()) {
        if (!fs.exists(dir) || fs.sync_dir(dir)) continue;
        of->add_changed_dir(dir);
        synced = false;
      }
    }
    return synced;
  }

  /// What was read need not stay mapped: a backlog would count as the broker's memory for ever. Names each file once of which the disk could
  /// not give a part. Index loop.
  void watch_reads() {
    const auto log_files = log_.files();
    for (const auto& f : *log_files) {
      f->let_go();
      if (!f->mapping()->lost_pages() || !unreadable.insert(f->base()).second) continue;
      unreadable_files.store(static_cast<int64_t>(unreadable.size()), std::memory_order_relaxed);
      log.error("{}: the disk could not give a part of the file; messages there are passed over. Copy the disk; mqadmin storeCheck tells what is lost",
                f->path());
    }
  }

  void when_indexed(UniqueFunction<void()> then) {
    constexpr int64_t kSoon = 32 << 20;   // bytes of the log
    const int64_t end = log_.end();
    const int64_t behind = end - index.position();
    if (behind <= 0 || behind > kSoon) return then();
    wait_for_index(end, -1, std::make_shared<UniqueFunction<void()>>(std::move(then)));   // shared: a full loop drops what is posted
  }

  /// `before`: the index's position at the last turn; one that does not move (the disk is full) is not waited for.
  void wait_for_index(int64_t end, int64_t before, std::shared_ptr<UniqueFunction<void()>> then) {
    const bool posted = index_loop->post([this, end, before, then] {
      index.follow();
      const int64_t now = index.position();
      if (now >= end || now == before) return (*then)();
      wait_for_index(end, now, then);
    });
    if (!posted) (*then)();
  }

  void clean_up(bool now) {
    expiry.run(now);
    index.expire(log_.min());
    deleted.expire(log_.min());
  }

  void stop() {
    if (!flush_loop) return;
    gate.close(Closed::kNotRunning, "the broker is shutting down");
    env.run_on(*index_loop, [this] {
      queue_timer.stop();
      thorough_timer.stop();
      disk_timer.stop();
      clean_timer.stop();
      move_safe_point();
      if (auto r = known.save(queues, files, true); !r) log.warn("{}", r.error().message());
      index.stop();
      if (const auto time = index.sync()) saved.indexMsgTimestamp = *time;
    });
    env.run_on(*flush_loop, [this] { flush.stop_timers(); });
    env.stop_loop(*index_loop);
    env.stop_loop(*flush_loop);
    flush_loop = index_loop = nullptr;
    log_.drop_prepared();
    const bool whole = saved.recoverFrom == log_.end() && !gate.is_closed_by(Closed::kSyncFailed);
    saved.cleanEnd = whole ? log_.end() : -1;
    if (auto r = checkpoint.save(saved, true); !r) log.error("checkpoint: {}", r.error().message());
    if (whole) (void)fs.remove(root + "/abort");
    lock.reset();
  }
};

Store::Store(env::Env& env, const MessageStoreConfig& config, StoreHooks hooks) : impl_(std::make_unique<Impl>(env, config, std::move(hooks))) {}

Store::~Store() { impl_->stop(); }

Result<> Store::start() {
  impl_->boot_ms = impl_->env.clock().now_ms();
  MQ_TRY_VOID(impl_->make_folders());
  MQ_TRY_VOID(impl_->recover());
  if (!impl_->config.dataReadAheadEnable()) impl_->log_.set_read_ahead(false);
  impl_->start_loops();
  impl_->gate.reopen(Closed::kNotRunning);
  return {};
}

void Store::stop() { impl_->stop(); }

QueueRef Store::queue(std::string_view topic, int32_t id) { return impl_->queues.find_or_make(topic, id); }
QueueRef Store::find_queue(std::string_view topic, int32_t id) const { return impl_->queues.find(topic, id); }
std::vector<QueueRef> Store::queues_of(std::string_view topic) const {
  const auto queues = impl_->queues.of_topic(topic);
  return {queues.begin(), queues.end()};
}
std::string_view Store::topic_of(const Queue& q) noexcept { return q.topic(); }
int32_t Store::queue_id_of(const Queue& q) noexcept { return q.queue_id(); }

std::vector<std::pair<std::string, int32_t>> Store::queues() const {
  std::vector<std::pair<std::string, int32_t>> found;
  for (const auto& q : impl_->queues.all()) found.emplace_back(q->topic(), q->queue_id());
  return found;
}

Result<> Store::delete_topic(std::string_view topic) {
  Impl& i = *impl_;
  std::vector<std::shared_ptr<ConsumeQueue>> removed;
  const int64_t end = i.appender.exclusively([&] {
    removed = i.queues.remove_topic(topic);
    for (const auto& q : removed) q->mark_deleted();
    return i.log_.end();
  });
  // Noted before the files go: no recovery may bring the topic's old messages back from the log.
  MQ_TRY_VOID(i.deleted.add(topic, end));
  for (const auto& q : removed) MQ_TRY_VOID(q->remove_files(i.files));
  if (!removed.empty()) {
    (void)i.fs.remove_dir(i.files.dir() + "/" + std::string(topic));
    if (i.fs.exists(i.ext_queue_files.dir())) (void)i.fs.remove_dir(i.ext_queue_files.dir() + "/" + std::string(topic));
    // Recovery must not find the topic's records again: it starts behind them from now on.
    i.env.run_on(*i.index_loop, [&i] { i.move_safe_point(); });
  }
  return {};
}

bool Store::deleted_since(std::string_view topic, PhyOffset record) const { return record.bytes < impl_->deleted.deleted_before(topic); }

/// Outside the append section: expressions are evaluated.
static void add_bit_maps(AppendBatch& batch, const FilterBits& bits) noexcept {
  batch.bits_version = bits.version();
  for (AppendItem& item : batch.items) {
    item.first_bits = static_cast<uint32_t>(batch.bit_maps.size());
    item.bits_bytes = 0;
    if (!item.queue) continue;
    ByteView rest = batch.bytes.view().subspan(item.offset, item.size);
    while (!rest.empty()) {
      const auto record = decode_record(rest, RecordCheck::kLengths);
      if (!record) break;
      item.bits_bytes = static_cast<uint32_t>(bits.append(record->m.topic, record->m.properties, batch.bit_maps));
      rest = rest.subspan(record->bytes.size());
    }
    // Of several records all have one, or none: the filters may have come in between.
    if (batch.bit_maps.size() - item.first_bits != size_t{item.bits_bytes} * static_cast<size_t>(item.records)) item.bits_bytes = 0;
  }
}

void Store::append(AppendBatch& batch) noexcept {
  if (impl_->hooks.filter_bits && impl_->ext.writes) [[unlikely]] add_bit_maps(batch, *impl_->hooks.filter_bits);
  static thread_local std::vector<Arrival> arrivals;
  arrivals.clear();
  impl_->appender.append(batch, arrivals);
  impl_->flush.appended(impl_->log_.end());
  impl_->index.appended(batch);
  if (!arrivals.empty() && impl_->hooks.on_arrival) impl_->hooks.on_arrival(arrivals);
}

bool Store::disk_dawdles() const noexcept { return impl_->pace.dawdles(impl_->env.clock().mono_us()); }
int64_t Store::append_under_way_ms() const noexcept { return impl_->pace.write_under_way_us(impl_->env.clock().mono_us()) / 1000; }

PhyOffset Store::max_phy() const noexcept { return {impl_->log_.end()}; }
PhyOffset Store::min_phy() const noexcept { return {impl_->log_.min()}; }

void Store::when_durable(PhyOffset end, env::Loop& loop, UniqueFunction<void(PutStatus)> done) {
  impl_->flush.when_durable(end.bytes, loop, std::move(done));
}
bool Store::sync_flush() const noexcept { return impl_->flush.sync_flush(); }
Result<> Store::sync() {
  Result<> synced;
  impl_->env.run_on(*impl_->flush_loop, [&] { synced = impl_->flush.sync(); });
  return synced;
}

void Store::read(const Queue* queue, const ReadRequest& request, ReadResult& out) const noexcept { impl_->reader.read(queue, request, out); }
QueueOffset Store::min_offset(const Queue& q) const noexcept { return {q.min()}; }
QueueOffset Store::max_offset(const Queue& q) const noexcept { return {q.max()}; }
Result<env::PinnedBytes> Store::record_at(PhyOffset offset) const { return impl_->reader.record_at(offset.bytes); }

Result<Store::Entry> Store::entry_at(const Queue& q, QueueOffset offset, EntryExt* ext) const {
  MQ_TRY(const CqEntry e, impl_->reader.entry_at(q, offset.index));
  Entry entry{{e.phy}, e.size, e.tagsCode};
  ByteBuffer memory;
  ExtUnit unit;
  const bool addressed = ExtUnit::is_address(e.tagsCode);
  const bool found = addressed && q.ext() && q.ext()->get(e.tagsCode, memory, unit);
  if (found) entry.tagsCode = unit.tagsCode;
  if (ext) *ext = {addressed, found, unit.storeTimestamp, {unit.bit_map.begin(), unit.bit_map.end()}};
  return entry;
}

QueueOffset Store::offset_by_time(const Queue& q, int64_t ms, Boundary boundary) const { return {impl_->reader.offset_by_time(q, ms, boundary)}; }
int64_t Store::earliest_store_time(const Queue& q) const { return impl_->reader.store_time(q, q.min()); }
int64_t Store::store_time(const Queue& q, QueueOffset offset) const { return impl_->reader.store_time(q, offset.index); }
bool Store::in_memory(PhyOffset offset) const noexcept { return impl_->reader.in_memory(offset.bytes); }

Result<QueryResult> Store::query(std::string_view topic, std::string_view key, int32_t max_num, int64_t begin_ms, int64_t end_ms) const {
  const auto max = static_cast<size_t>(std::clamp(max_num, 0, impl_->config.maxMsgsNumBatch()));
  const IndexService::Found found = impl_->index.find(topic, key, max, begin_ms, end_ms);
  QueryResult result;
  result.index_last_update_timestamp = found.last_timestamp;
  result.index_last_update_phyoffset = found.last_phy;
  for (const int64_t phy : found.positions) {   // Java asks again for older ones when none is readable; those are gone too
    if (auto record = impl_->reader.record_at(phy)) result.records.push_back(std::move(*record));
  }
  return result;
}

void Store::when_indexed(UniqueFunction<void()> then) { impl_->when_indexed(std::move(then)); }

StoreStats Store::stats() const {
  const Impl& i = *impl_;
  StoreStats s;
  const AppendStats a = i.appender.stats();
  const ReadCounters& r = i.reader.counters();
  s.commitlog_min = i.log_.min();
  s.commitlog_max = s.dispatched = i.log_.end();
  s.flushed = i.flush.flushed();
  s.commitlog_disk_ratio = s.consumequeue_disk_ratio = i.expiry.disk_ratio();
  s.writable = i.gate.open();
  s.why_not_writable = i.gate.reason();
  s.unreadable_files = i.unreadable_files.load(std::memory_order_relaxed);
  s.put_total = a.put_total;
  s.put_failed = a.put_failed;
  s.put_bytes = a.put_bytes;
  s.put_entire_time_max_ms = a.entire_time_max_ms;
  s.put_distribute = a.distribute;
  s.get_found = r.found.load(std::memory_order_relaxed);
  s.get_miss = r.miss.load(std::memory_order_relaxed);
  s.get_transferred = r.transferred.load(std::memory_order_relaxed);
  s.get_entire_time_max_ms = r.entire_time_max_ms.load(std::memory_order_relaxed);
  s.boot_timestamp = i.boot_ms;
  s.disk_total_bytes = i.expiry.disk_total();
  s.disk_free_bytes = i.expiry.disk_free();
  return s;
}

void Store::expire_now() {
  (void)impl_->index_loop->post([this] { impl_->clean_up(true); });
}
void Store::set_read_ahead(bool on) noexcept { impl_->log_.set_read_ahead(on); }
const std::string& Store::root_dir() const noexcept { return impl_->root; }
env::Loop& Store::flush_loop() noexcept { return *impl_->flush_loop; }

}  // namespace mq::store
