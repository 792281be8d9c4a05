#include "store/consume_queue.h"

#include <algorithm>

#include "base/byte_buffer.h"
#include "base/check.h"
#include "store/format/segment_name.h"

namespace mq::store {
namespace {

constexpr int64_t kFirstChunk = 12;     // entries: 240 bytes
constexpr int64_t kLargestChunk = 204;  // entries: 4,080 bytes
constexpr size_t kFlushPiece = 64 << 10;

std::atomic<uint64_t> next_serial{1};   // badge: published

}  // namespace

ConsumeQueue::ConsumeQueue(std::string topic, int32_t queue_id, const QueueFiles& files, const ExtFiles* ext)
    : ext_(ext ? std::make_unique<QueueExt>(ext->files, topic, queue_id) : nullptr),
      ext_writes_(ext && ext->writes),
      serial_(next_serial.fetch_add(1, std::memory_order_relaxed)),
      queue_id_(queue_id),
      topic_(std::move(topic)),
      dir_(files.queue_dir(topic_, queue_id)) {}

ConsumeQueue::Chunk ConsumeQueue::make_chunk(int64_t first, int64_t capacity) {
  return {first, capacity, std::make_unique_for_overwrite<std::byte[]>(static_cast<size_t>(capacity * CqEntry::kBytes))};
}

// --- append ---------------------------------------------------------------------------------------------------------

void ConsumeQueue::put(const CqEntry& entry) {
  const int64_t index = max_.load(std::memory_order_relaxed);
  if (index == tail_.end()) [[unlikely]] make_room();
  entry.store(tail_.at(index));
  last_phy_ = entry.phy;
  max_.store(index + 1, std::memory_order_release);
}

void ConsumeQueue::make_room() {
  const int64_t index = max_.load(std::memory_order_relaxed);
  MutexLock lock(mu_);
  if (!tail_.data) {
    tail_ = make_chunk(index, kFirstChunk);
  } else if (in_file_ == index) {
    tail_.first = index;   // all of it is in the file: begin again in the same memory
  } else if (tail_.capacity < kLargestChunk) {
    Chunk larger = make_chunk(tail_.first, std::min(tail_.capacity * 2, kLargestChunk));
    std::memcpy(larger.data.get(), tail_.data.get(), static_cast<size_t>(tail_.capacity * CqEntry::kBytes));
    tail_ = std::move(larger);
  } else {
    full_.push_back(std::move(tail_));
    tail_ = make_chunk(index, kLargestChunk);
  }
}

// --- reading --------------------------------------------------------------------------------------------------------

int64_t ConsumeQueue::first_in_memory() const noexcept {
  if (!full_.empty()) return full_.front().first;
  return tail_.data ? tail_.first : max_.load(std::memory_order_relaxed);
}

void ConsumeQueue::copy_from_memory(int64_t from, std::span<CqEntry> out) const {
  for (const Chunk& c : full_) {
    for (; !out.empty() && from >= c.first && from < c.end(); ++from, out = out.subspan(1)) out[0] = CqEntry::load(c.at(from));
  }
  for (; !out.empty(); ++from, out = out.subspan(1)) out[0] = CqEntry::load(tail_.at(from));
}

Result<size_t> ConsumeQueue::read(int64_t from, std::span<CqEntry> out, QueueFiles& files) const {
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
  MQ_TRY(const auto file, files.open({serial_, base}, dir_));
  // The bytes are read into the front of `out` and spread from the back: an entry in memory is larger than on disk.
  static_assert(sizeof(CqEntry) >= CqEntry::kBytes);
  auto* raw = reinterpret_cast<std::byte*>(out.data());
  MQ_TRY_VOID(file->read(position - base, {raw, out.size() * CqEntry::kBytes}));
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
  const auto copy = [&](const Chunk& c, int64_t end) {
    if (at < c.first || at >= end || out.size() >= kFlushPiece) return;
    out.append(c.at(at), static_cast<size_t>((end - at) * CqEntry::kBytes));
    at = end;
  };
  for (const Chunk& c : full_) copy(c, c.end());
  if (tail_.data) copy(tail_, std::min(tail_.end(), max));
  return out.size();
}

void ConsumeQueue::flushed_to(int64_t index) {
  MutexLock lock(mu_);
  in_file_ = index;
  std::erase_if(full_, [&](const Chunk& c) { return c.end() <= index; });
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
  MQ_TRY_VOID(files.create({serial_, base}, dir_, content.view()));
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
      MQ_TRY(const auto file, files.open({serial_, base}, dir_));
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

void ConsumeQueue::release_idle_memory() {
  MutexLock lock(mu_);
  if (!tail_.data || in_file_ != max_.load(std::memory_order_acquire)) return;
  tail_ = {};
  tail_.first = in_file_;
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
    MQ_TRY_VOID(files.fs().remove(dir_ + "/" + segment_name(base)));
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
  if (!fs.exists(dir_)) return {};
  MQ_TRY(const auto entries, fs.list(dir_));
  for (const auto& e : entries) {
    if (!e.is_dir) MQ_TRY_VOID(fs.remove(dir_ + "/" + e.name));
  }
  return fs.remove_dir(dir_);
}

size_t ConsumeQueue::memory_bytes() const {
  MutexLock lock(mu_);
  size_t bytes = sizeof(*this) + topic_.capacity() + dir_.capacity() + full_.capacity() * sizeof(Chunk);
  for (const Chunk& c : full_) bytes += static_cast<size_t>(c.capacity * CqEntry::kBytes);
  return bytes + static_cast<size_t>(tail_.data ? tail_.capacity * CqEntry::kBytes : 0);
}

// --- recovery -------------------------------------------------------------------------------------------------------

void ConsumeQueue::set_loaded(int64_t first_file_index, int64_t count, int64_t last_phy) {
  MutexLock lock(mu_);
  tail_ = {};
  tail_.first = count;
  full_.clear();
  first_file_ = count > first_file_index ? first_file_index * CqEntry::kBytes : -1;
  in_file_ = count;
  next_ = count;
  last_phy_ = last_phy;
  min_.store(first_file_index, std::memory_order_release);
  max_.store(count, std::memory_order_release);
}

void ConsumeQueue::start_at(int64_t index) { set_loaded(index, index, -1); }

}  // namespace mq::store
