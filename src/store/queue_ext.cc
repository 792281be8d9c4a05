#include "store/queue_ext.h"

#include <algorithm>
#include <atomic>

#include "base/log.h"
#include "store/format/segment_name.h"

namespace mq::store {
namespace {

Logger log("store");
constexpr size_t kBlockBytes = 64 << 10;   // of a scan

std::atomic<uint64_t> next_serial{1};      // badge: published; among the ext files

}  // namespace

QueueExt::QueueExt(QueueFiles& files, const std::string& topic, int32_t queue_id)
    : files_(files), dir_(files.queue_dir(topic, queue_id)), serial_(next_serial.fetch_add(1, std::memory_order_relaxed)) {}

int64_t QueueExt::put(const ExtUnit& unit) {
  const int64_t size = unit.bytes(), file_bytes = files_.file_bytes();
  if (size > ExtUnit::kMaxBytes || size + ExtUnit::kEndBytes > file_bytes) return unit.tagsCode;
  MutexLock lock(mu_);
  int64_t position = in_file_ + static_cast<int64_t>(pending_.size());
  const int64_t room = files_.base_of(position) + file_bytes - position;
  if (position + room + size > ExtUnit::position(ExtUnit::kMaxAddress)) return unit.tagsCode;
  if (size > room - ExtUnit::kEndBytes) {
    const size_t filled = pending_.size() + static_cast<size_t>(room);
    if (room >= 2) pending_.append_be(int16_t{-1});   // less is left only of a file that was of another size once
    std::fill_n(pending_.reserve(filled - pending_.size()), filled - pending_.size(), std::byte{0});
    pending_.commit(filled - pending_.size());
    position += room;
  }
  unit.append_to(pending_);
  return ExtUnit::address(position);
}

bool QueueExt::get(int64_t address, ByteBuffer& memory, ExtUnit& unit) const {
  const int64_t position = ExtUnit::position(address);
  memory.clear();
  {
    MutexLock lock(mu_);
    const int64_t end = in_file_ + static_cast<int64_t>(pending_.size());
    if (position < 0 || position >= end) return false;
    if (position >= in_file_) {
      const ByteView rest = pending_.view().subspan(static_cast<size_t>(position - in_file_));
      const auto found = ExtUnit::load(rest);
      if (!found) return false;
      memory.append(rest.first(static_cast<size_t>(found->bytes())));
    }
  }
  if (memory.empty()) {
    const int64_t base = files_.base_of(position);
    const auto file = files_.open({serial_, base}, dir_);
    const auto n = static_cast<size_t>(std::min<int64_t>(ExtUnit::kHeadBytes, base + files_.file_bytes() - position));
    if (!file || !(*file)->read(position - base, {memory.reserve(n), n})) return false;
    memory.commit(n);
    const int64_t size = ExtUnit::size_at(memory.view());
    if (size < ExtUnit::kHeadBytes || size > base + files_.file_bytes() - position) return false;
    const auto bits = static_cast<size_t>(size) - n;
    if (bits > 0 && !(*file)->read(position - base + static_cast<int64_t>(n), {memory.reserve(bits), bits})) return false;
    memory.commit(bits);
  }
  const auto found = ExtUnit::load(memory.view());
  if (found) unit = *found;
  return found.has_value();
}

Result<> QueueExt::flush(std::vector<int64_t>& touched) {
  MutexLock io(files_mu_);
  if (removed_) return {};
  ByteBuffer piece;
  int64_t from;
  {
    MutexLock lock(mu_);
    from = in_file_;
    piece.append(pending_.view());
  }
  int64_t at = from;
  for (ByteView rest = piece.view(); !rest.empty();) {
    const int64_t base = files_.base_of(at);
    const auto n = std::min(rest.size(), static_cast<size_t>(base + files_.file_bytes() - at));
    if (at == base) {
      MQ_TRY_VOID(files_.create({serial_, base}, dir_, rest.first(n)));
    } else {
      MQ_TRY(const auto file, files_.open({serial_, base}, dir_));
      MQ_TRY_VOID(file->write(at - base, rest.first(n)));
    }
    if (touched.empty() || touched.back() != base) touched.push_back(base);
    rest = rest.subspan(n);
    at += static_cast<int64_t>(n);
  }
  MutexLock lock(mu_);
  pending_.consume(piece.size());
  if (pending_.empty()) pending_.shrink(kBlockBytes);
  in_file_ = at;
  return {};
}

Result<std::vector<int64_t>> QueueExt::bases() const {
  std::vector<int64_t> found;
  if (!files_.fs().exists(dir_)) return found;
  MQ_TRY(const auto entries, files_.fs().list(dir_));
  for (const env::DirEntry& e : entries) {
    if (const auto base = e.is_dir ? std::nullopt : parse_segment_name(e.name)) found.push_back(*base);
  }
  return found;
}

Result<> QueueExt::remove_before(int64_t address) {
  MutexLock io(files_mu_);
  MQ_TRY(const auto all, bases());
  for (const int64_t base : all) {
    if (base + files_.file_bytes() >= ExtUnit::position(address)) break;   // QUIRK: Java keeps the one that ends just there
    files_.close(serial_);
    MQ_TRY_VOID(files_.fs().remove(dir_ + "/" + segment_name(base)));
  }
  return {};
}

Result<> QueueExt::remove_files() {
  MutexLock io(files_mu_);
  removed_ = true;
  files_.close(serial_);
  MQ_TRY(const auto all, bases());
  for (const int64_t base : all) MQ_TRY_VOID(files_.fs().remove(dir_ + "/" + segment_name(base)));
  {
    MutexLock lock(mu_);
    pending_.clear();
    in_file_ = 0;
  }
  const auto rest = files_.fs().list(dir_);
  if (rest && rest->empty()) return files_.fs().remove_dir(dir_);
  if (rest) log.warn("{} stays: {} is not a file of it", dir_, rest->front().name);
  return {};
}

// --- recovery -------------------------------------------------------------------------------------------------------

/// Where the units of a file end, from its beginning.
Result<int64_t> QueueExt::end_of_units(int64_t base) const {
  MQ_TRY(const auto file, files_.open({serial_, base}, dir_));
  MQ_TRY(const int64_t bytes, file->size());
  std::vector<std::byte> block(kBlockBytes + ExtUnit::kMaxBytes);
  for (int64_t at = 0; at + 2 <= std::min(bytes, files_.file_bytes());) {
    const auto n = static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(block.size()), std::min(bytes, files_.file_bytes()) - at));
    MQ_TRY_VOID(file->read(at, std::span(block).first(n)));
    size_t used = 0;
    while (used < n && (used < kBlockBytes || n < block.size())) {
      const auto unit = ExtUnit::load(ByteView(block).subspan(used, n - used));
      if (!unit) return base + at + static_cast<int64_t>(used);
      used += static_cast<size_t>(unit->bytes());
    }
    at += static_cast<int64_t>(used);
  }
  return base + files_.file_bytes();
}

Result<> QueueExt::cut(int64_t end) {
  MQ_TRY(const auto all, bases());
  for (const int64_t base : all) {
    if (base + files_.file_bytes() <= end) continue;
    const std::string path = dir_ + "/" + segment_name(base);
    files_.close(serial_);
    if (base >= end) {
      MQ_TRY_VOID(files_.fs().remove(path));
      continue;
    }
    MQ_TRY(auto file, files_.fs().open(path, env::Open::kReadWrite));
    MQ_TRY_VOID(file->zero(end - base, base + files_.file_bytes() - end));
    MQ_TRY_VOID(file->truncate(files_.file_bytes()));
    MQ_TRY_VOID(file->sync());
  }
  MutexLock lock(mu_);
  pending_.clear();
  in_file_ = end;
  return {};
}

Result<> QueueExt::recover(int64_t last_address) {
  MutexLock io(files_mu_);
  removed_ = false;
  if (files_.fs().exists(dir_)) files_.add_changed_dir(dir_);
  if (ExtUnit::is_address(last_address)) {
    {
      MutexLock lock(mu_);   // as if all were in the files, so that get() looks there
      pending_.clear();
      in_file_ = INT64_MAX;
    }
    ByteBuffer memory;
    ExtUnit unit;
    if (get(last_address, memory, unit)) return cut(ExtUnit::position(last_address) + unit.bytes());
    log.warn("{}: the unit at {} is not there; filters look at the messages themselves", dir_, ExtUnit::position(last_address));
  }
  // No address may be given twice: entries that lead to lost units would find those of other messages there.
  const int64_t least = ExtUnit::is_address(last_address) ? files_.base_of(ExtUnit::position(last_address)) + files_.file_bytes() : 0;
  MQ_TRY(const auto all, bases());
  if (all.empty()) return cut(least);
  MQ_TRY(const int64_t end, end_of_units(all.back()));
  return cut(std::max(least, end));
}

}  // namespace mq::store
