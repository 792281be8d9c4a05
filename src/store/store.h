// The store: one durable log (CommitLog), its per-queue indexes (ConsumeQueue), a key index (IndexFile). It appends
// records, answers reads with pinned slices, tells listeners what arrived, recovers to the same state after any crash.
// It knows topics and queues only as names and numbers, and nothing of connections.
//
// Threads: io loops call append and read; the store's own `flush` loop writes back, syncs, prepares files, builds the
// IndexFile, expires files. An append takes the append mutex once per call and makes one write() per file touched;
// when it returns, the bytes are in the page cache: an acknowledged message survives kill -9 in every flush mode.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/badges.h"
#include "env/loop.h"
#include "msg/record.h"
#include "msg/types.h"
#include "store/config.h"

namespace mq::store {

/// What became of one record; the names and their meaning are RocketMQ's PutMessageStatus.
enum class PutStatus : uint8_t {
  kPutOk,
  kFlushDiskTimeout,
  kServiceNotAvailable,      // not writable: disk full, shutting down, failed fsync
  kCreateMappedFileFailed,
  kMessageIllegal,
  kOsPageCacheBusy,          // never begun: it would have waited too long for the disk
  kUnknownError,
};
std::string_view to_string(PutStatus status) noexcept;   // "PUT_OK", ...

class ConsumeQueue;   // its address is stable until its topic is deleted
using Queue = ConsumeQueue;
using QueueRef = std::shared_ptr<Queue>;

/// One record, or several that must be neighbours in one file (a batch), as encoded by msg::encode_record with
/// queueOffset, physicalOffset and storeTimestamp left zero.
struct AppendItem {
  size_t offset = 0;             // of its first byte in AppendBatch::bytes
  size_t size = 0;
  int32_t records = 1;           // how many records it holds; they take consecutive queue offsets
  QueueRef queue;                // where its ConsumeQueue entries go; null: no entry, no queue offset (half messages of
                                 // 4.2.0, rollbacks)
  int64_t tagsCode = 0;          // of a single record; of several each record's own TAGS property counts
  int64_t deliver_delay_ms = -1; // >= 0: the tagsCode is storeTimestamp + this (SCHEDULE_TOPIC_XXXX)
  uint32_t first_bits = 0;       // enableCalcFilterBitMap: bit maps of its records, in bit_maps from here on; filled by
  uint32_t bits_bytes = 0;       // Store::append, 0: none
  int32_t keys = -1;             // how many index keys its records have, from key_hashes[first_key] on; -1: not known, the index
  uint32_t first_key = 0;        // will look. Of several records: known with `first_part`
  int32_t first_part = -1;       // of several records: what is known of each, from parts[first_part] on; -1: the append will look
  // Filled by append:
  PutStatus status = PutStatus::kUnknownError;
  PhyOffset phy{};               // of the first record
  QueueOffset queue_offset{};    // of the first record
  int64_t store_timestamp = 0;   // ms
};

/// One of several records of an item.
struct AppendPart {
  int32_t size = 0;
  int32_t keys = 0;              // how many of the item's key hashes are its
  int64_t tagsCode = 0;
};

/// What one loop gathered in a turn. Reused: clear() keeps the memory.
struct AppendBatch {
  ByteBuffer bytes;
  std::vector<AppendItem> items;
  std::vector<int32_t> key_hashes;   // index_hash() of each known key
  std::vector<AppendPart> parts;
  ByteBuffer bit_maps;
  uint64_t bits_version = 0;         // FilterBits::version() that they were made of
  env::Loop* loop = nullptr;         // the caller's own: what can wait begins there, behind the answers of the turn; null: at once
  void clear() noexcept { bytes.clear(); items.clear(); key_hashes.clear(); parts.clear(); bit_maps.clear(); }
  bool empty() const noexcept { return items.empty(); }
};

/// A message that has become readable.
struct Arrival {
  Queue* queue;                  // valid during the call
  QueueOffset offset;
  int64_t tagsCode;
  int64_t store_timestamp;
};

/// Decides from a ConsumeQueue entry, then from the record, whether a pull wants a message. Any thread.
class MessageFilter {
 public:
  virtual ~MessageFilter() = default;
  virtual bool by_consume_queue(int64_t tagsCode) const noexcept = 0;
  /// With ConsumeQueueExt: from the bit map of the filters that matched when the message came. False: it surely does not match.
  virtual bool by_bit_map(int64_t /*store_timestamp*/, ByteView /*bit_map*/) const noexcept { return true; }
  virtual bool needs_record() const noexcept { return false; }
  virtual bool by_record(const RecordView&) const noexcept { return true; }
};

enum class GetStatus : uint8_t {
  FOUND, NO_MATCHED_MESSAGE, MESSAGE_WAS_REMOVING, OFFSET_FOUND_NULL, OFFSET_OVERFLOW_BADLY, OFFSET_OVERFLOW_ONE,
  OFFSET_TOO_SMALL, NO_MATCHED_LOGIC_QUEUE, NO_MESSAGE_IN_QUEUE, OFFSET_RESET
};
std::string_view to_string(GetStatus status) noexcept;   // the names above, as remarks carry them

struct ReadRequest {
  QueueOffset offset;
  int32_t max_messages = 32;
  int64_t max_bytes = 128 << 20;
  const MessageFilter* filter = nullptr;   // null: everything
  bool may_wait = false;                   // false: do not touch pages that are not in memory, answer kCold instead
};

struct ReadResult {
  GetStatus status = GetStatus::NO_MATCHED_LOGIC_QUEUE;
  bool cold = false;                       // nothing was read: repeat on a read loop with may_wait
  bool failed = false;                     // nothing was read: the ConsumeQueue cannot be read now; its messages are not gone
  QueueOffset next{};                      // nextBeginOffset
  QueueOffset min{};
  QueueOffset max{};
  std::vector<env::PinnedBytes> slices;    // records back to back, neighbours in the log joined into one slice
  int32_t message_count = 0;
  size_t bytes = 0;
  bool suggest_slave = false;
  bool old = false;                        // it begins before the part of the log that is kept in memory
  int64_t first_store_timestamp = 0;
  void clear() noexcept { *this = ReadResult{.slices = std::move(slices)}; slices.clear(); }
};

struct QueryResult {
  std::vector<env::PinnedBytes> records;
  int64_t index_last_update_timestamp = 0;
  int64_t index_last_update_phyoffset = 0;
};

enum class Boundary : uint8_t { kLower, kUpper };

/// What the store can tell about itself, for runtime info and refusals. A snapshot.
struct StoreStats {
  int64_t commitlog_min = 0, commitlog_max = 0, flushed = 0, dispatched = 0;   // physical offsets
  double commitlog_disk_ratio = 0, consumequeue_disk_ratio = 0;                // 0..1, -1 unknown
  bool writable = true;
  std::string why_not_writable;
  int64_t unreadable_files = 0;     // CommitLog files of which the disk could not give a part
  int64_t put_total = 0;            // messages appended since start
  int64_t put_failed = 0;
  int64_t put_bytes = 0;
  int64_t get_found = 0, get_miss = 0, get_transferred = 0;
  int64_t put_entire_time_max_ms = 0, get_entire_time_max_ms = 0;
  std::array<int64_t, 13> put_distribute{};   // <=0ms 0~10 10~50 50~100 100~200 200~500 500~1s 1~2 2~3 3~4 4~5 5~10 10s~
  int64_t boot_timestamp = 0;
  int64_t disk_total_bytes = 0, disk_free_bytes = 0;
};

/// Which of the registered filters match a message, as the bit map of its ConsumeQueueExt unit. Any thread.
class FilterBits {
 public:
  virtual ~FilterBits() = default;
  /// Changes with every change of the filters; odd while one is under way.
  virtual uint64_t version() const noexcept = 0;
  /// Appends the bit map; returns its bytes, 0 when the topic has no filter.
  virtual size_t append(std::string_view topic, std::string_view properties, ByteBuffer& out) const noexcept = 0;
};

struct StoreHooks {
  /// Called on the appending loop after the records are readable, once per append with all arrivals. noexcept.
  std::function<void(std::span<const Arrival>)> on_arrival;
  /// All topics known to topics.json, for the clean-up of queues without a topic.
  std::function<bool(std::string_view topic)> topic_exists;
  /// Recovery: the delay of a level in ms, which makes the tagsCode of SCHEDULE_TOPIC_XXXX. Empty: none is known.
  std::function<int64_t(int32_t level)> delay_ms_of_level;
  /// For ConsumeQueueExt; null: units have no bit map. Outlives the store.
  const FilterBits* filter_bits = nullptr;
};

class Store {
 public:
  /// Creates nothing yet. `config` outlives the store.
  Store(env::Env& env, const MessageStoreConfig& config, StoreHooks hooks);
  ~Store();

  /// Takes the lock, loads and recovers, starts the flush loop. Errors: kBusy when another process holds the store (its
  /// folder named), kPermission with path and owner, kCorrupt when nothing can be recovered. Not from a loop.
  Result<> start();
  /// Flushes, writes the checkpoint, removes `abort`, releases the lock. No append or read may be under way. Not from a
  /// loop.
  void stop();

  // --- queues -------------------------------------------------------------------------------------------------------
  /// The queue, made when missing (in memory; its file is made when its first entries are flushed). Any thread.
  QueueRef queue(std::string_view topic, int32_t queue_id);
  /// The queue or null. Any thread.
  QueueRef find_queue(std::string_view topic, int32_t queue_id) const;
  /// The topic's queues that exist, by queue id. Any thread.
  std::vector<QueueRef> queues_of(std::string_view topic) const;
  static std::string_view topic_of(const Queue& q) noexcept;
  static int32_t queue_id_of(const Queue& q) noexcept;
  /// All (topic, queue id) pairs that exist. Any thread.
  std::vector<std::pair<std::string, int32_t>> queues() const;
  /// Removes the topic's queues and files; a re-created topic starts at 0, also after a restart.
  Result<> delete_topic(std::string_view topic);
  /// True when the topic was deleted after this record was written. Any thread.
  bool deleted_since(std::string_view topic, PhyOffset record) const;

  // --- append -------------------------------------------------------------------------------------------------------
  /// Appends all items of the batch in order and fills in their results. Any io loop; takes append_mu_ once, writes once
  /// per file touched, publishes, then calls on_arrival. Never throws. With nothing writable every item gets
  /// kServiceNotAvailable and nothing is written.
  void append(AppendBatch& batch) noexcept;
  /// True when an append may wait for the disk: now is the time to make it on a loop that nobody needs. Any thread.
  bool disk_dawdles() const noexcept;
  /// How long the append that is under way has taken; 0: none is. Any thread.
  int64_t append_under_way_ms() const noexcept;
  /// Where everything appended so far ends.
  PhyOffset max_phy() const noexcept;
  PhyOffset min_phy() const noexcept;
  /// SYNC_FLUSH: runs `done(status)` on `loop` once everything before `end` is durable (kPutOk), or syncFlushTimeout has
  /// passed (kFlushDiskTimeout), or fsync failed (kServiceNotAvailable). Any loop.
  void when_durable(PhyOffset end, env::Loop& loop, UniqueFunction<void(PutStatus)> done);
  bool sync_flush() const noexcept;      // flushDiskType=SYNC_FLUSH
  /// Makes everything appended so far durable. Blocks; not from a loop. Errors: kIo.
  Result<> sync();

  // --- reads --------------------------------------------------------------------------------------------------------
  /// Reads as Java's getMessage (spec semantics 9.4, storage 3.8). Any thread; allocates only the slices.
  void read(const Queue* queue, const ReadRequest& request, ReadResult& out) const noexcept;
  QueueOffset min_offset(const Queue& q) const noexcept;
  QueueOffset max_offset(const Queue& q) const noexcept;
  /// The record at a physical offset; checked to be a record. Errors: kNotFound, kCorrupt.
  Result<env::PinnedBytes> record_at(PhyOffset offset) const;
  /// The physical offset of a queue's entry. Its tagsCode is that of the message, from its ConsumeQueueExt unit when it has one;
  /// the unit's address when the unit is gone. Errors: kNotFound.
  struct Entry { PhyOffset phy; int32_t size; int64_t tagsCode; };
  /// What the ConsumeQueueExt has of an entry besides the tagsCode.
  struct EntryExt {
    bool addressed = false;              // the entry leads to a unit
    bool found = false;                  // and the unit is there
    int64_t storeTimestamp = 0;          // ms
    std::vector<std::byte> bit_map;
  };
  Result<Entry> entry_at(const Queue& q, QueueOffset offset, EntryExt* ext = nullptr) const;
  QueueOffset offset_by_time(const Queue& q, int64_t timestamp_ms, Boundary boundary) const;
  /// storeTimestamp of the queue's first message, -1 when there is none.
  int64_t earliest_store_time(const Queue& q) const;
  int64_t store_time(const Queue& q, QueueOffset offset) const;   // -1 unreadable
  /// True while the entry's record is within the memory share that Java counts as "in memory".
  bool in_memory(PhyOffset offset) const noexcept;
  /// By key through the IndexFile; blocks on cold pages: call it on a read loop.
  Result<QueryResult> query(std::string_view topic, std::string_view key, int32_t max_num, int64_t begin_ms, int64_t end_ms) const;
  /// Any thread. Runs `then` once query() finds all that has been appended: at once on the caller's thread, or on the index loop. An
  /// index that is far behind (it is being built) is not waited for.
  void when_indexed(UniqueFunction<void()> then);

  // --- administration ------------------------------------------------------------------------------------------------
  StoreStats stats() const;
  /// Runs the expiry now (DELETE_EXPIRED_COMMITLOG, CLEAN_EXPIRED_CONSUMEQUEUE).
  void expire_now();
  /// Whether the kernel reads ahead in CommitLog files; dataReadAheadEnable until it is called. Any thread.
  void set_read_ahead(bool on) noexcept;
  const std::string& root_dir() const noexcept;
  env::Loop& flush_loop() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mq::store
