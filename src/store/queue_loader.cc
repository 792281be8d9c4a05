#include "store/queue_loader.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/log.h"
#include "store/format/segment_name.h"
#include "store/log_scan.h"

namespace mq::store {
namespace {

Logger log("store");
constexpr int64_t kBlockSlots = 204;   // entries read at once: 4,080 bytes
using Block = std::array<std::byte, kBlockSlots * CqEntry::kBytes>;

Result<CqEntry> slot_of(const env::File& file, int64_t slot) {
  std::array<std::byte, CqEntry::kBytes> bytes;
  MQ_TRY_VOID(file.read(slot * CqEntry::kBytes, bytes));
  return CqEntry::load(bytes.data());
}

/// The first slot in [0, count) for which `holds` does not hold, when it holds for a beginning only; `count` when for all.
template <class Holds>
Result<int64_t> search(int64_t count, Holds holds) {
  int64_t from = 0, to = count;
  while (from < to) {
    const int64_t middle = from + (to - from) / 2;
    MQ_TRY(const bool yes, holds(middle));
    (yes ? from : to) = yes ? middle + 1 : middle;
  }
  return from;
}

}  // namespace

std::vector<QueueLoader::Found> QueueLoader::list_queues() const {
  std::vector<Found> all;
  const auto topics = fs_.list(files_.dir());
  if (!topics) return all;
  for (const env::DirEntry& topic : *topics) {
    if (!topic.is_dir) {
      log.warn("{}/{} is not a topic's folder and is left alone", files_.dir(), topic.name);
      continue;
    }
    const auto ids = fs_.list(files_.dir() + "/" + topic.name);
    if (!ids) continue;
    for (const env::DirEntry& id : *ids) {
      const auto queue_id = id.is_dir ? parse_queue_id(id.name) : std::nullopt;
      const std::string dir = files_.dir() + "/" + topic.name + "/" + id.name;
      if (!queue_id) {
        log.warn("{} is not a queue's folder and is left alone", dir);
        continue;
      }
      Found found{topic.name, *queue_id, {}};
      const auto entries = fs_.list(dir);
      for (const env::DirEntry& e : entries ? *entries : std::vector<env::DirEntry>{}) {
        const auto base = e.is_dir ? std::nullopt : parse_segment_name(e.name);
        if (base) found.segments.push_back({*base, e.size, e.name});
        else if (e.name.ends_with(".tmp")) (void)fs_.remove(dir + "/" + e.name);   // a file that we had not finished
        else log.warn("{}/{} is not a ConsumeQueue file and is left alone", dir, e.name);
      }
      all.push_back(std::move(found));
    }
  }
  return all;
}

/// The size that most files have counts, not the configured one: RocketMQ and we open no file of another size.
void QueueLoader::choose_file_bytes(const std::vector<Found>& all) {
  std::map<int64_t, size_t> votes;
  for (const Found& found : all) {
    for (const Segment& s : found.segments) {
      if (s.size > 0 && s.size % CqEntry::kBytes == 0 && s.base % s.size == 0) ++votes[s.size];
    }
  }
  const auto most = std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == votes.end() || most->first == files_.file_bytes()) return;
  const auto configured = votes.find(files_.file_bytes());
  if (configured != votes.end() && configured->second == most->second) return;
  // A power cut may have left single files short: one odd size among few says nothing.
  if (most->first < files_.file_bytes() && most->second == 1 && limits_.crashed) return;
  log.warn("the files in {} have {} bytes; mappedFileSizeConsumeQueue={} is not used", files_.dir(), most->first, files_.file_bytes());
  files_.set_file_bytes(most->first);
}

Result<LoadedQueues> QueueLoader::load(const Limits& limits) {
  limits_ = limits;
  std::vector<Found> all = list_queues();
  choose_file_bytes(all);
  LoadedQueues out;
  for (Found& found : all) MQ_TRY_VOID(load_queue(found, out));
  return out;
}

Result<> QueueLoader::keep_aside(const std::string& dir, const std::string& name, const Found& found, std::string_view why) const {
  std::string flat = found.topic;
  std::replace(flat.begin(), flat.end(), '/', '_');
  const std::string aside = env::free_name(fs_, files_.dir() + "." + flat + "." + std::to_string(found.queue_id) + "." + name + ".bad");
  log.warn("{}/{}: {}; it is kept as {} and its entries are built again from the CommitLog", dir, name, why, aside);
  return fs_.rename(dir + "/" + name, aside);
}

/// Takes out files that cannot belong to the queue. True when there was one.
Result<bool> QueueLoader::drop_useless(Found& found, const std::string& dir) {
  bool dropped = false;
  std::vector<Segment> good;
  for (Segment& s : found.segments) {
    std::string why;
    if (s.base % files_.file_bytes() != 0) why = "begins where no file of " + std::to_string(files_.file_bytes()) + " bytes does";
    if (s.size > files_.file_bytes()) why = "has " + std::to_string(s.size) + " bytes instead of " + std::to_string(files_.file_bytes());
    if (why.empty()) {
      good.push_back(std::move(s));
    } else {
      MQ_TRY_VOID(keep_aside(dir, s.name, found, why));
      dropped = true;
    }
  }
  found.segments = std::move(good);
  return dropped;
}

Result<> QueueLoader::load_queue(Found& found, LoadedQueues& out) {
  const std::string dir = files_.queue_dir(found.topic, found.queue_id);
  const auto queue = queues_.find_or_make(found.topic, found.queue_id);
  files_.add_changed_dir(dir);   // who made them may have died before their names were durable
  MQ_TRY(bool broken, drop_useless(found, dir));
  auto& segments = found.segments;
  const int64_t per_file = files_.file_bytes() / CqEntry::kBytes;
  // From the back: files without a single entry go, the first that has some ends the queue.
  while (!segments.empty()) {
    const Segment last = segments.back();
    const std::string path = dir + "/" + last.name;
    const auto count_in = [&]() -> Result<int64_t> {
      MQ_TRY(auto file, fs_.open(path, env::Open::kReadWrite));
      const Look look{*queue, *file, last.base / CqEntry::kBytes, std::min(last.size / CqEntry::kBytes, per_file)};
      MQ_TRY(const int64_t trusted, count_entries(look));
      // It has its size since before the safe point.
      if (trusted > 0 && look.slots < per_file) return fail(Errc::kCorrupt, "was cut short");
      // A queue's first file may be all new; of others, nobody knows what stood in those before.
      if (trusted == 0 && last.base > 0) return int64_t{0};
      MQ_TRY(const int64_t count, count_own(look, trusted));
      if (count == 0) return int64_t{0};
      if (count > trusted) out.unsynced.emplace_back(queue, last.base);
      MQ_TRY_VOID(clear_behind(look, *file, count));
      MQ_TRY(const CqEntry e, slot_of(*file, count - 1));
      queue->set_loaded(segments.front().base / CqEntry::kBytes, look.first + count, !e.is_prefill());
      return count;
    };
    auto count = count_in();
    // After an orderly stop there is nothing torn: what is no entry was damaged.
    if (count && *count == 0 && !limits_.crashed && last.size > 0) count = fail(Errc::kCorrupt, "begins with no entry");
    if (!count) {
      MQ_TRY_VOID(keep_aside(dir, last.name, found, count.error().message()));
      broken = true;
    } else if (*count > 0) {
      break;
    } else {
      log.warn("{} holds no entries and is removed", path);
      MQ_TRY_VOID(fs_.remove(path));
    }
    segments.pop_back();
  }
  for (size_t i = 0; i + 1 < segments.size(); ++i) {
    broken = broken || segments[i].size != files_.file_bytes() || segments[i + 1].base != segments[i].base + files_.file_bytes();
  }
  if (!segments.empty()) {
    const int64_t first = segments.front().base / CqEntry::kBytes;
    const auto prefill = count_prefill(dir + "/" + segments.front().name, std::min(segments.front().size / CqEntry::kBytes, per_file));
    broken = broken || !prefill;
    if (prefill) queue->set_min(first + *prefill);
  }
  if (broken) out.broken.push_back(queue);
  return {};
}

/// True for an entry that was surely written, when it was: of a record before the trusted position.
bool QueueLoader::counts(const CqEntry& e) const noexcept {
  return e.is_prefill() || (e.valid() && e.end() <= limits_.trusted);
}

/// The number of trusted entries at the file's start.
Result<int64_t> QueueLoader::count_entries(const Look& look) const {
  MQ_TRY(const int64_t count, search(look.slots, [&](int64_t slot) -> Result<bool> {
    MQ_TRY(const CqEntry e, slot_of(look.file, slot));
    return counts(e);
  }));
  return count > 0 && limits_.verify ? count_confirmed(look, count) : Result<int64_t>(count);
}

/// Torn bytes may look like an entry of an early record. Only the last one can tell; if it lies, all are asked.
Result<int64_t> QueueLoader::count_confirmed(const Look& look, int64_t count) const {
  MQ_TRY(const bool good, plausible(look, count - 1));
  if (good) return count;
  return search(count, [&](int64_t slot) { return plausible(look, slot); });
}

/// Its record says whose entry it is. Where there is no record any more, the entry must at least follow the one before.
Result<bool> QueueLoader::plausible(const Look& look, int64_t slot) const {
  MQ_TRY(const CqEntry e, slot_of(look.file, slot));
  if (!counts(e)) return false;
  if (e.is_prefill()) return true;
  const auto list = log_.files();
  if (const auto record = record_in(*list, e.phy)) {
    return record->m.queueOffset == look.first + slot && record->m.queueId == look.queue.queue_id() && record->m.topic == look.queue.topic();
  }
  if (slot == 0) return e.phy < log_.min();
  MQ_TRY(const CqEntry before, slot_of(look.file, slot - 1));
  return before.is_prefill() || (before.valid() && before.end() <= e.phy);
}

/// The number of entries when those behind the trusted ones count that are what their records must have.
Result<int64_t> QueueLoader::count_own(const Look& look, int64_t count) const {
  const auto list = log_.files();
  Block block;
  while (count < look.slots) {
    const int64_t n = std::min(kBlockSlots, look.slots - count);
    MQ_TRY_VOID(look.file.read(count * CqEntry::kBytes, std::span(block).first(static_cast<size_t>(n * CqEntry::kBytes))));
    for (int64_t i = 0; i < n; ++i) {
      const CqEntry e = CqEntry::load(block.data() + i * CqEntry::kBytes);
      if (!e.valid() || e.phy < limits_.trusted || e.end() > limits_.end) return count;
      const auto record = record_in(*list, e.phy);
      if (!record || record->m.queueOffset != look.first + count || record->m.queueId != look.queue.queue_id() ||
          record->m.topic != look.queue.topic() || entry_of(*record, delays_) != e) {
        return count;
      }
      ++count;
    }
  }
  return count;
}

/// What stands behind the entries must not count one day: new entries may be written up to it, or the log may grow beyond
/// what it points to. Left unsynced where nothing was seen there: who writes entries syncs the file before the safe point
/// moves on, until then recovery comes here again.
Result<> QueueLoader::clear_behind(const Look& look, env::File& file, int64_t count) const {
  const int64_t at = count * CqEntry::kBytes;
  bool remains = false;
  if (count < look.slots) {
    Block block;
    const auto seen = std::span(block).first(static_cast<size_t>(std::min(kBlockSlots, look.slots - count) * CqEntry::kBytes));
    MQ_TRY_VOID(file.read(at, seen));
    remains = std::any_of(seen.begin(), seen.end(), [](std::byte b) { return b != std::byte{}; });
  }
  MQ_TRY(const int64_t size, file.size());
  if (size < files_.file_bytes()) MQ_TRY_VOID(file.truncate(files_.file_bytes()));   // a power cut left it shorter
  if (!remains && !limits_.crashed) return {};
  MQ_TRY_VOID(file.zero(at, files_.file_bytes() - at));
  if (!remains) return {};
  log.warn("topic {} queue {}: what stands behind offset {} leads to no message of the log and is removed", look.queue.topic(),
           look.queue.queue_id(), look.first + count);
  return file.sync();
}

/// How many slots at the start of the queue's first file stand for no message.
Result<int64_t> QueueLoader::count_prefill(const std::string& path, int64_t slots) const {
  MQ_TRY(const auto file, fs_.open(path, env::Open::kRead));
  MQ_TRY(const CqEntry first, slot_of(*file, 0));
  if (!first.is_prefill()) return int64_t{0};   // nearly always
  // One after the other: further on there may be more of them, where messages were lost.
  Block block;
  for (int64_t at = 0; at < slots; at += kBlockSlots) {
    const int64_t n = std::min(kBlockSlots, slots - at);
    MQ_TRY_VOID(file->read(at * CqEntry::kBytes, std::span(block).first(static_cast<size_t>(n * CqEntry::kBytes))));
    for (int64_t i = 0; i < n; ++i) {
      if (!CqEntry::load(block.data() + i * CqEntry::kBytes).is_prefill()) return at + i;
    }
  }
  return slots;
}

}  // namespace mq::store
