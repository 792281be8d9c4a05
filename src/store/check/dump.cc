// Files of a store in readable form.
#include <fmt/format.h>

#include <algorithm>

#include "base/time_text.h"
#include "msg/properties.h"
#include "store/check/files.h"
#include "store/check/store_check.h"
#include "store/checkpoint.h"
#include "store/format/segment_name.h"
#include "store/log_scan.h"

namespace mq::store {
namespace {

constexpr size_t kBodyShown = 64;

std::string time_of(int64_t ms) { return ms > 0 ? fmt::format("{} ({}.{:03})", ms, time_text(local_time(ms), "%Y-%m-%d %H:%M:%S"), millis_of(ms)) : std::to_string(ms); }

/// Printable ASCII, the rest as \xNN.
std::string shown(std::string_view bytes, size_t limit) {
  std::string out;
  for (const char c : bytes.substr(0, limit)) {
    if (c >= ' ' && c < 127 && c != '\\') out += c;
    else out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return bytes.size() > limit ? out + "..." : out;
}

std::string text_of(const RecordView& r) {
  std::string out = fmt::format("{} {} bytes v{} topic {} queue {} offset {}\n", r.m.physicalOffset, r.bytes.size(), r.magic == kMagicV2 ? 2 : 1, r.m.topic,
                                r.m.queueId, r.m.queueOffset);
  out += fmt::format("    stored {} by {}, born {} at {}\n", time_of(r.m.storeTimestamp), r.m.storeHost.to_string(), time_of(r.m.bornTimestamp), r.m.bornHost.to_string());
  out += fmt::format("    flag {} sysFlag {:#x} reconsumeTimes {} preparedTransactionOffset {} bodyCRC {}\n", r.m.flag, r.m.sysFlag, r.m.reconsumeTimes,
                     r.m.preparedTransactionOffset, r.bodyCRC);
  out += "    properties";
  std::string_view name, value;
  for (PropertyReader reader(r.m.properties); reader.next(name, value);) out += fmt::format(" {}={}", name, shown(value, 256));
  return out + fmt::format("\n    body {} bytes: {}\n", r.m.body.size(), shown(as_text(r.m.body), kBodyShown));
}

Result<std::string> dump_log(env::FileSystem& fs, const std::string& dir, int64_t base, int64_t size, int64_t from, int64_t count) {
  MQ_TRY(auto file, MappedFile::open(fs, dir, base, size, env::Open::kRead));
  std::string out;
  const FileList list{file};
  const int64_t end = scan_log(list, base + from, INT64_MAX, RecordCheck::kLengthsAndCrc, OnDamage::kStop, [&](const RecordView& r) {
    if (count-- <= 0) return false;
    out += text_of(r);
    return true;
  });
  if (end < file->end() && count > 0) {
    const ByteView rest = file->view(end, std::min<int64_t>(64, file->end() - end));
    const bool zero = std::all_of(rest.begin(), rest.end(), [](std::byte b) { return b == std::byte{}; });
    out += fmt::format("{} {}\n", end, zero ? "the end: zeros follow" : "no message: " + shown(as_text(rest), 64));
  }
  return out;
}

Result<std::string> dump_queue(env::FileSystem& fs, const std::string& path, int64_t base, int64_t from, int64_t count) {
  MQ_TRY(const auto file, fs.open(path, env::Open::kRead));
  MQ_TRY(const int64_t size, file->size());
  std::string out;
  std::array<std::byte, CqEntry::kBytes> slot;
  for (int64_t n = from; n < size / CqEntry::kBytes && count-- > 0; ++n) {
    MQ_TRY_VOID(file->read(n * CqEntry::kBytes, slot));
    const CqEntry e = CqEntry::load(slot.data());
    if (e == CqEntry{}) {
      out += fmt::format("{} the end: zeros follow\n", base / CqEntry::kBytes + n);
      break;
    }
    out += fmt::format("{} phy {} size {} tagsCode {}{}\n", base / CqEntry::kBytes + n, e.phy, e.size, e.tagsCode, e.is_prefill() ? " (stands for no message)" : "");
  }
  return out;
}

Result<std::string> dump_index(env::FileSystem& fs, const std::string& path, int64_t from, int64_t count) {
  MQ_TRY(const auto entry, fs.stat(path));
  const auto layout = IndexLayout::of_size(entry.size);   // of others only the header is in a known place
  MQ_TRY(const auto file, fs.open(path, env::Open::kRead));
  std::array<std::byte, IndexLayout::kHeaderBytes> header;
  MQ_TRY_VOID(file->read(0, header));
  const auto get64 = [&](size_t at) { return load_be<int64_t>(header.data() + at); };
  std::string out = fmt::format("beginTimestamp {}\nendTimestamp {}\nbeginPhyOffset {}\nendPhyOffset {}\nhashSlotCount {}\nindexCount {}\n", time_of(get64(0)),
                                time_of(get64(8)), get64(16), get64(24), load_be<int32_t>(header.data() + 32), load_be<int32_t>(header.data() + 36));
  if (!layout) return out + "slots and entries not in RocketMQ's ratio: its entries are not shown\n";
  MQ_TRY(const IndexView view, open_index(fs, path, *layout));
  for (int64_t n = std::max<int64_t>(from, 1); n < view.count && count-- > 0; ++n) {
    const IndexEntry e = view.entry(n);
    out += fmt::format("{} hash {} slot {} phy {} seconds {} previous {}\n", n, e.hash, e.hash >= 0 ? e.hash % layout->slots : -1, e.phy, e.seconds, e.previous);
  }
  return out;
}

std::string dump_checkpoint(const CheckpointData& c) {
  return fmt::format("physicMsgTimestamp {}\nlogicsMsgTimestamp {}\nindexMsgTimestamp {}\nmasterFlushedOffset {}\nconfirmPhyOffset {}\nrecoverFrom {}{}\ncleanEnd {}{}\n",
                     time_of(c.physicMsgTimestamp), time_of(c.logicsMsgTimestamp), time_of(c.indexMsgTimestamp), c.masterFlushedOffset, c.confirmPhyOffset,
                     c.recoverFrom, c.recoverFrom < 0 ? " (none of ours)" : "", c.cleanEnd, c.cleanEnd < 0 ? " (no orderly stop since)" : "");
}

}  // namespace

Result<std::string> dump_store_file(env::FileSystem& fs, const std::string& path, int64_t from, int64_t count) {
  MQ_TRY(const auto entry, fs.stat(path));
  if (entry.is_dir) return fail(Errc::kInvalid, "is a folder; name one file").at(path);
  const size_t slash = path.rfind('/');
  const std::string dir = slash == std::string::npos ? "." : path.substr(0, slash), name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  from = std::max<int64_t>(from, 0);
  if (name == "checkpoint") {
    MQ_TRY(const CheckpointData data, Checkpoint::read(fs, path));
    return dump_checkpoint(data);
  }
  if (const auto base = parse_segment_name(name)) {
    // A ConsumeQueue's folder has the queue's number for a name.
    const std::string folder = dir.substr(dir.rfind('/') == std::string::npos ? 0 : dir.rfind('/') + 1);
    const bool queue = !folder.empty() && folder.find_first_not_of("0123456789") == std::string::npos;
    return queue ? dump_queue(fs, path, *base, from, count) : dump_log(fs, dir, *base, entry.size, from, count);
  }
  if (is_index_name(name)) return dump_index(fs, path, from, count);
  for (const std::string_view ending : {".json", ".bak", "abort", "lock", "knownQueues", "deletedTopics"}) {
    if (name.ends_with(ending)) return env::read_file(fs, path);
  }
  return fail(Errc::kInvalid, "is no file of a store, by its name").at(path);
}

}  // namespace mq::store
