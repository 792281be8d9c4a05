#include "store/consume_queue.h"

#include <algorithm>

#include "base/byte_buffer.h"
#include "base/check.h"
#include "base/slab.h"
#include "store/format/segment_name.h"
#include "store/memory_size.h"

namespace mq::store {
namespace {

constexpr size_t kFlushPiece = 64 << 10;

std::atomic<uint64_t> next_serial{1};   // badge: published

}  // namespace

ConsumeQueue::ConsumeQueue(std::string topic, int32_t queue_id, const ExtFiles* ext)
    : ext_writes_(ext && ext->writes),
      ext_(ext ? std::make_unique<QueueExt>(ext->files, topic, queue_id) : nullptr),
      serial_(next_serial.fetch_add(1, std::memory_order_relaxed)),
      queue_id_(queue_id),
      topic_(std::move(topic)) {}

ConsumeQueue::~ConsumeQueue() { (void)drop_tail(); }

// --- memory ---------------------------------------------------------------------------------------------------------

namespace {

// Two sizes, so that what one queue gives back serves any other. Of many queues each has a few entries: pieces of a quarter kilobyte; one
// that has filled some of them goes on with pages.
constexpr int16_t kSmallChunk = 12, kLargeChunk = 204;   // entries in 256 and in 4,096 bytes
constexpr size_t kSmallOnes = 8;

Slab& chunks_of(int16_t capacity) {
  static auto* const small = new Slab(256);   // never destroyed: queues may outlive statics
  static auto* const large = new Slab(4096);
  return capacity == kSmallChunk ? *small : *large;
}

std::atomic<int64_t> chunk_bytes{0};   // badge: published; of all queues

constexpr int64_t bytes_of(int16_t capacity) { return capacity == 0 ? 0 : capacity == kSmallChunk ? 256 : 4096; }

int64_t most_kept() noexcept {
  static const int64_t bytes = std::clamp<int64_t>(memory_size() / 128, 4 << 20, 128 << 20);
  return bytes;
}

}  // namespace

void ConsumeQueue::ChunkFree::operator()(std::byte* p) const noexcept {
  chunk_bytes.fetch_sub(bytes_of(capacity), std::memory_order_relaxed);
  chunks_of(capacity).give_back(p);
}

bool ConsumeQueue::memory_is_short() noexcept { return chunk_bytes.load(std::memory_order_relaxed) > most_kept(); }

ConsumeQueue::ChunkMemory ConsumeQueue::make_chunk(int16_t capacity) {
  chunk_bytes.fetch_add(bytes_of(capacity), std::memory_order_relaxed);
  return ChunkMemory(static_cast<std::byte*>(chunks_of(capacity).take()), ChunkFree{capacity});
}

void ConsumeQueue::set_tail(int64_t first, ChunkMemory memory) noexcept {
  tail_first_ = first;
  tail_capacity_ = memory.get_deleter().capacity;
  tail_ = memory.release();
}

ConsumeQueue::ChunkMemory ConsumeQueue::drop_tail() noexcept {
  return ChunkMemory(std::exchange(tail_, nullptr), ChunkFree{std::exchange(tail_capacity_, int16_t{0})});
}

// --- append ---------------------------------------------------------------------------------------------------------

void ConsumeQueue::make_room() {
  const int64_t index = max_.load(std::memory_order_relaxed);
  MutexLock lock(mu_);
  if (!tail_) {
    set_tail(index, make_chunk(kSmallChunk));
  } else if (in_file_ == index && (tail_capacity_ == kLargeChunk || memory_is_short())) {
    full_.clear();
    tail_first_ = index;   // all of it is in the file: begin again in the same memory
  } else {
    drop_flushed(kSmallOnes - 1);
    const bool busy = tail_capacity_ == kLargeChunk || full_.size() >= kSmallOnes;
    full_.push_back({tail_first_, drop_tail()});
    set_tail(index, make_chunk(busy ? kLargeChunk : kSmallChunk));
  }
}

// --- reading --------------------------------------------------------------------------------------------------------

int64_t ConsumeQueue::first_in_memory() const noexcept {
  if (!full_.empty()) return full_.front().first;
  return tail_ ? tail_first_ : max_.load(std::memory_order_relaxed);
}

void ConsumeQueue::copy_from_memory(int64_t from, std::span<CqEntry> out) const {
  for (const Chunk& c : full_) {
    for (; !out.empty() && from >= c.first && from < c.end(); ++from, out = out.subspan(1)) out[0] = CqEntry::load(c.at(from));
  }
  for (; !out.empty(); ++from, out = out.subspan(1)) out[0] = CqEntry::load(tail_at(from));
}

Result<std::shared_ptr<env::File>> ConsumeQueue::open_file(QueueFiles& files, int64_t base) const {
  if (auto file = files.opened({serial_, base})) return file;
  return files.open({serial_, base}, dir(files));
}

Result<size_t> ConsumeQueue::read(int64_t from, std::span<CqEntry> out, QueueFiles& files, bool may_wait) const {
  MQ_DCHECK(from >= 0);
  {
    MutexLock lock(mu_);
    const int64_t max = max_.load(std::memory_order_acquire);
    if (from >= max) return size_t{0};
    const int64_t memory = first_in_memory();
    const int64_t limit = from >= memory ? max : std::min(memory, in_file_);
    out = out.first(static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(out.size()), limit - from)));
    if (from >= memory) {
      copy_from_memory(from, out);
      return out.size();
    }
  }
  const int64_t position = from * CqEntry::kBytes;
  const int64_t base = files.base_of(position);
  const int64_t left = (base + files.file_bytes() - position) / CqEntry::kBytes;
  out = out.first(static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(out.size()), left)));
  MQ_TRY(const auto file, open_file(files, base));
  // The bytes are read into the front of `out` and spread from the back: an entry in memory is larger than on disk.
  static_assert(sizeof(CqEntry) >= CqEntry::kBytes);
  auto* raw = reinterpret_cast<std::byte*>(out.data());
  const MutableByteView bytes{raw, out.size() * CqEntry::kBytes};
  if (may_wait) {
    MQ_TRY_VOID(file->read(position - base, bytes));
  } else {
    MQ_TRY(const bool there, file->read_cached(position - base, bytes));
    if (!there) return fail(Errc::kBusy, "not in memory").at(file->path());
  }
  for (size_t i = out.size(); i-- > 0;) out[i] = CqEntry::load(raw + i * CqEntry::kBytes);
  return out.size();
}

Result<CqEntry> ConsumeQueue::entry(int64_t index, QueueFiles& files) const {
  CqEntry e;
  if (index < 0) return fail(Errc::kNotFound, "no such offset");
  MQ_TRY(const size_t n, read(index, {&e, 1}, files));
  if (n == 0) return fail(Errc::kNotFound, "no such offset");
  return e;
}

// --- flushing -------------------------------------------------------------------------------------------------------

size_t ConsumeQueue::copy_unflushed(ByteBuffer& out, int64_t& from) const {
  MutexLock lock(mu_);
  from = in_file_;
  const int64_t max = max_.load(std::memory_order_acquire);
  int64_t at = from;
  const auto copy = [&](const std::byte* data, int64_t first, int64_t end) {
    if (at < first || at >= end || out.size() >= kFlushPiece) return;
    out.append(data + (at - first) * CqEntry::kBytes, static_cast<size_t>((end - at) * CqEntry::kBytes));
    at = end;
  };
  for (const Chunk& c : full_) copy(c.data.get(), c.first, c.end());
  if (tail_) copy(tail_, tail_first_, std::min(tail_end(), max));
  return out.size();
}

void ConsumeQueue::flushed_to(int64_t index) {
  MutexLock lock(mu_);
  in_file_ = index;
  if (tail_capacity_ == kLargeChunk || memory_is_short()) drop_flushed(0);
}

/// The oldest ones of which all is in the file, so that no more than `but` are left where possible.
void ConsumeQueue::drop_flushed(size_t but) noexcept {
  auto end = full_.begin();
  while (static_cast<size_t>(full_.end() - end) > but && end->end() <= in_file_) ++end;
  full_.erase(full_.begin(), end);
}

Result<> ConsumeQueue::create_file(QueueFiles& files, int64_t base, int64_t from, ByteView bytes) {
  // The first file of a queue that starts in the middle: the slots before are filled, as Java does, so that it does not
  // take them for the end of the data.
  ByteBuffer content;
  for (int64_t i = base / CqEntry::kBytes; i < from; ++i) {
    CqEntry::prefill().store(content.reserve(CqEntry::kBytes));
    content.commit(CqEntry::kBytes);
  }
  content.append(bytes);
  MQ_TRY_VOID(files.create({serial_, base}, dir(files), content.view()));
  MutexLock lock(mu_);
  if (first_file_ < 0) first_file_ = base;
  return {};
}

Result<> ConsumeQueue::write_entries(QueueFiles& files, int64_t from, ByteView bytes, std::vector<int64_t>& touched) {
  while (!bytes.empty()) {
    const int64_t position = from * CqEntry::kBytes;
    const int64_t base = files.base_of(position);
    const auto n = std::min(bytes.size(), static_cast<size_t>(base + files.file_bytes() - position));
    bool has_file;
    {
      MutexLock lock(mu_);
      has_file = first_file_ >= 0 && (position > base || in_file_ > from);
    }
    if (has_file) {
      MQ_TRY(const auto file, open_file(files, base));
      MQ_TRY_VOID(file->write(position - base, bytes.first(n)));
    } else {
      MQ_TRY_VOID(create_file(files, base, from, bytes.first(n)));
    }
    if (touched.empty() || touched.back() != base) touched.push_back(base);
    bytes = bytes.subspan(n);
    from += static_cast<int64_t>(n) / CqEntry::kBytes;
  }
  return {};
}

Result<> ConsumeQueue::flush(QueueFiles& files, std::vector<int64_t>& touched, std::vector<int64_t>& ext_touched) {
  if (ext_) MQ_TRY_VOID(ext_->flush(ext_touched));   // before the entries that lead there
  MutexLock io(files_mu_);
  ByteBuffer piece;
  for (;;) {
    if (deleted()) return {};
    int64_t from = 0;
    piece.clear();
    if (copy_unflushed(piece, from) == 0) return {};
    MQ_TRY_VOID(write_entries(files, from, piece.view(), touched));
    flushed_to(from + static_cast<int64_t>(piece.size()) / CqEntry::kBytes);
  }
}

void ConsumeQueue::release_idle_memory(bool all) {
  MutexLock lock(mu_);
  if (!all && tail_capacity_ == kSmallChunk) return;
  drop_flushed(0);
  if (!tail_ || in_file_ != max_.load(std::memory_order_acquire)) return;
  (void)drop_tail();
  tail_first_ = in_file_;
  full_.shrink_to_fit();
}

// --- expiry and removal ---------------------------------------------------------------------------------------------

void ConsumeQueue::set_min(int64_t min) noexcept {
  min = std::min(min, max());
  if (min > this->min()) min_.store(min, std::memory_order_release);
}

Result<int> ConsumeQueue::remove_expired_files(QueueFiles& files) {
  MutexLock io(files_mu_);
  int removed = 0;
  for (;;) {
    int64_t base, last;
    {
      MutexLock lock(mu_);
      base = first_file_;
      last = files.base_of(std::max<int64_t>(in_file_ - 1, 0) * CqEntry::kBytes);
    }
    if (deleted() || base < 0 || base >= last || (base + files.file_bytes()) / CqEntry::kBytes > min()) return removed;
    files.close(serial_);
    MQ_TRY_VOID(files.fs().remove(dir(files) + "/" + segment_name(base)));
    ++removed;
    MutexLock lock(mu_);
    first_file_ = base + files.file_bytes();
  }
}

Result<> ConsumeQueue::remove_files(QueueFiles& files) {
  if (ext_) MQ_TRY_VOID(ext_->remove_files());
  MutexLock io(files_mu_);
  files.close(serial_);
  env::FileSystem& fs = files.fs();
  const std::string folder = dir(files);
  if (!fs.exists(folder)) return {};
  MQ_TRY(const auto entries, fs.list(folder));
  for (const auto& e : entries) {
    if (!e.is_dir) MQ_TRY_VOID(fs.remove(folder + "/" + e.name));
  }
  return fs.remove_dir(folder);
}

size_t ConsumeQueue::memory_bytes() const {
  MutexLock lock(mu_);
  int64_t entries = tail_capacity_;
  for (const Chunk& c : full_) entries += c.end() > in_file_ ? c.end() - c.first : 0;
  return sizeof(*this) + topic_.capacity() + full_.capacity() * sizeof(Chunk) + static_cast<size_t>(entries * CqEntry::kBytes);
}

// --- recovery -------------------------------------------------------------------------------------------------------

void ConsumeQueue::set_loaded(int64_t first_file_index, int64_t count, bool had_entries) {
  MutexLock lock(mu_);
  (void)drop_tail();
  tail_first_ = count;
  full_.clear();
  first_file_ = count > first_file_index ? first_file_index * CqEntry::kBytes : -1;
  in_file_ = count;
  next_ = count;
  had_entries_ = had_entries;
  min_.store(first_file_index, std::memory_order_release);
  max_.store(count, std::memory_order_release);
}

void ConsumeQueue::start_at(int64_t index) { set_loaded(index, index, false); }

}  // namespace mq::store
