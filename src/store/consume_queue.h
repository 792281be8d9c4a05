// ConsumeQueue: where the messages of one queue stand in the CommitLog, one 20-byte entry each.
//
// The newest entries live in memory, in the tail; the index loop writes them to the file in pieces. What is only in
// memory is lost by a crash and built again from the CommitLog, so an append never waits for a ConsumeQueue file.
//
//   file:    [ min ............................ in_file )
//   memory:               [ first_in_memory ................ max )     first_in_memory <= in_file <= max
//
// Of very many queues not each can have its file open, and who reads a little behind the end should not have to open it: of what is
// in the file a hundred entries stay in memory too, unless all queues together take more than a small part of the machine's. A queue
// that is idle costs its object and its names then.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/badges.h"
#include "base/byte_buffer.h"
#include "msg/types.h"
#include "store/format/consume_queue_entry.h"
#include "store/queue_ext.h"
#include "store/queue_files.h"

namespace mq::store {

/// The files of all ConsumeQueueExt and whether new units are written.
struct ExtFiles {
  QueueFiles& files;
  bool writes = false;           // enableConsumeQueueExt; false: units of an earlier time are read
};

class ConsumeQueue {
 public:
  /// `ext` null: there is no ConsumeQueueExt.
  ConsumeQueue(std::string topic, int32_t queue_id, const ExtFiles* ext = nullptr);
  ConsumeQueue(const ConsumeQueue&) = delete;
  ConsumeQueue& operator=(const ConsumeQueue&) = delete;
  ~ConsumeQueue();

  const std::string& topic() const noexcept { return topic_; }
  int32_t queue_id() const noexcept { return queue_id_; }
  uint64_t serial() const noexcept { return serial_; }   // of its files among the open ones

  // --- any thread ----------------------------------------------------------------------------------------------------
  int64_t min() const noexcept { return min_.load(std::memory_order_acquire); }
  int64_t max() const noexcept { return max_.load(std::memory_order_acquire); }
  bool deleted() const noexcept { return deleted_.load(std::memory_order_acquire); }
  /// Reads entries from `from` on, as many as fit, are there and stand in one place (memory, or one file). 0 at the end.
  /// Errors: kNotFound when the file is gone, kIo; kBusy when the disk would have to be waited for and `may_wait` is false.
  Result<size_t> read(int64_t from, std::span<CqEntry> out, QueueFiles& files, bool may_wait = true) const;
  Result<CqEntry> entry(int64_t index, QueueFiles& files) const;
  /// Its ConsumeQueueExt, for those who meet an address where a tagsCode stands; null when there is none.
  QueueExt* ext() const noexcept { return ext_.get(); }
  /// The same when new messages get a unit.
  QueueExt* ext_to_write() const noexcept { return ext_writes_ ? ext_.get() : nullptr; }
  /// The first index in [from, to) whose entry does not fulfil `before`, which holds for a beginning of the range only.
  /// `to` when it holds for all. Errors: as read().
  template <class Predicate>
  Result<int64_t> partition(int64_t from, int64_t to, QueueFiles& files, Predicate before) const;

  // --- append section (the store's append mutex) ----------------------------------------------------------------------
  /// The offset the next record gets. What is taken for records that could not be written is given back.
  int64_t next() const noexcept { return next_; }
  void take(int32_t records) noexcept {
    // The entries follow when the records are written: until then their place comes nearer.
    if (tail_) __builtin_prefetch(tail_at(std::min(next_, tail_end() - 1)), 1);
    next_ += records;
  }
  void give_back(int32_t records) noexcept { next_ -= records; }
  /// Adds the entry of offset max() and publishes it.
  void put(const CqEntry& entry);
  /// The same for so many neighbours: `next()` gives one after the other.
  template <class Next>
  void put_many(int32_t count, Next next);
  /// True once after each flush: the caller then lists the queue for the next flush.
  bool becomes_dirty() noexcept { return !std::exchange(dirty_, true); }
  void listed_for_flush() noexcept { dirty_ = false; }
  /// After so many entries were put: true when there are so many since the last time that a write of its own is worth it.
  bool becomes_worth_a_write(int32_t entries) noexcept {
    since_listed_ += entries;
    if (since_listed_ < kWorthAWrite) return false;
    since_listed_ = 0;
    return true;
  }
  /// False as long as it never had an entry that leads to a message.
  bool had_entries() const noexcept { return had_entries_; }
  void mark_deleted() noexcept { deleted_.store(true, std::memory_order_release); }
  /// Frees the tail when all of it is in the file, with what is older. `all` false: only pages, which of many queues are too much.
  void release_idle_memory(bool all);
  /// Of all queues of this process: more than is worth keeping is in memory.
  static bool memory_is_short() noexcept;

  // --- index loop -----------------------------------------------------------------------------------------------------
  /// Writes everything before max() to the files and adds the files written to `touched`. Errors: kDiskFull, kIo; what
  /// was not written stays in memory.
  Result<> flush(QueueFiles& files, std::vector<int64_t>& touched, std::vector<int64_t>& ext_touched);
  /// Moves the first readable offset; never backwards, never beyond max().
  void set_min(int64_t min) noexcept;
  /// Removes files whose entries all lie before min().
  Result<int> remove_expired_files(QueueFiles& files);
  /// Removes the folder and what is in it. Errors: kIo.
  Result<> remove_files(QueueFiles& files);
  /// Its object and the entries that are in memory only.
  size_t memory_bytes() const;

  // --- recovery, before any other thread knows the queue ---------------------------------------------------------------
  /// The files hold entries [first_file_index, count).
  /// `had_entries`: one of them leads to a message.
  void set_loaded(int64_t first_file_index, int64_t count, bool had_entries);
  /// Starts an empty queue at `index`; slots before it in the same file become pre-fill entries.
  void start_at(int64_t index);

 private:
  /// Memory for entries comes in pieces of 256 bytes or of a page.
  struct ChunkFree {
    int16_t capacity = 0;
    void operator()(std::byte* p) const noexcept;
  };
  using ChunkMemory = std::unique_ptr<std::byte, ChunkFree>;
  static ChunkMemory make_chunk(int16_t capacity);
  /// A piece of the tail that is full.
  struct Chunk {
    int64_t first = 0;                    // offset of data's first entry
    ChunkMemory data;
    int64_t end() const noexcept { return first + data.get_deleter().capacity; }
    std::byte* at(int64_t index) const noexcept { return data.get() + (index - first) * CqEntry::kBytes; }
  };
  int64_t tail_end() const noexcept { return tail_first_ + tail_capacity_; }
  std::byte* tail_at(int64_t index) const noexcept { return tail_ + (index - tail_first_) * CqEntry::kBytes; }
  void set_tail(int64_t first, ChunkMemory memory) noexcept;
  /// Takes the memory out; there is no tail then.
  ChunkMemory drop_tail() noexcept;

  static constexpr int32_t kWorthAWrite = 2 * 4096 / CqEntry::kBytes;   // Java's flushConsumeQueueLeastPages

  void make_room();
  int64_t first_in_memory() const noexcept REQUIRES(mu_);
  void copy_from_memory(int64_t from, std::span<CqEntry> out) const REQUIRES(mu_);
  size_t copy_unflushed(ByteBuffer& out, int64_t& from) const;
  Result<std::shared_ptr<env::File>> open_file(QueueFiles& files, int64_t base) const;
  std::string dir(const QueueFiles& files) const { return files.queue_dir(topic_, queue_id_); }
  Result<> write_entries(QueueFiles& files, int64_t from, ByteView bytes, std::vector<int64_t>& touched);
  Result<> create_file(QueueFiles& files, int64_t base, int64_t from, ByteView bytes);
  void flushed_to(int64_t index);
  void drop_flushed(size_t but) noexcept REQUIRES(mu_);

  // First what an append touches: with the reference count before it, one cache line.
  int64_t next_ = 0;                      // badge: guarded by the append section
  std::byte* tail_ = nullptr;             // badge: the append section changes it under mu_; data behind max_ without. Of make_chunk()
  int64_t tail_first_ = 0;                // likewise; offset of its first entry
  std::atomic<int64_t> max_{0};           // badge: published by the append section
  int32_t since_listed_ = 0;              // badge: guarded by the append section; entries
  int16_t tail_capacity_ = 0;             // as tail_; in entries
  bool dirty_ = false;                    // badge: guarded by the append section
  bool had_entries_ = false;              // badge: guarded by the append section
  std::atomic<bool> deleted_{false};      // badge: published
  const bool ext_writes_;
  const std::unique_ptr<QueueExt> ext_;

  std::atomic<int64_t> min_{0};           // badge: published by the index loop
  mutable Mutex mu_;
  std::vector<Chunk> full_ GUARDED_BY(mu_);   // badge: guarded; older pieces of the tail, without gaps up to it
  int64_t in_file_ GUARDED_BY(mu_) = 0;       // badge: guarded; entries before it are in the files
  int64_t first_file_ GUARDED_BY(mu_) = -1;   // badge: guarded; base of the first file, -1: none yet
  Mutex files_mu_;                            // held over the I/O of flush and removal, which must not overlap
  const uint64_t serial_;
  const int32_t queue_id_;
  const std::string topic_;
};

inline void ConsumeQueue::put(const CqEntry& entry) {
  const int64_t index = max_.load(std::memory_order_relaxed);
  if (index == tail_end()) [[unlikely]] make_room();
  entry.store(tail_at(index));
  had_entries_ = true;
  max_.store(index + 1, std::memory_order_release);
}

template <class Next>
void ConsumeQueue::put_many(int32_t count, Next next) {
  int64_t index = max_.load(std::memory_order_relaxed);
  for (const int64_t end = index + count; index < end;) {
    if (index == tail_end()) [[unlikely]] make_room();
    const int64_t stop = std::min(end, tail_end());
    for (std::byte* at = tail_at(index); index < stop; ++index, at += CqEntry::kBytes) next().store(at);
    had_entries_ = true;
    max_.store(index, std::memory_order_release);
  }
}

template <class Predicate>
Result<int64_t> ConsumeQueue::partition(int64_t from, int64_t to, QueueFiles& files, Predicate before) const {
  while (from < to) {
    const int64_t middle = from + (to - from) / 2;
    MQ_TRY(const CqEntry e, entry(middle, files));
    if (before(e)) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  return from;
}

}  // namespace mq::store
