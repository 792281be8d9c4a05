#include "store/log_scan.h"

#include <algorithm>

#include "store/format/torn_record.h"

namespace mq::store {

std::optional<RecordView> record_in(const FileList& files, int64_t phy, RecordCheck check) noexcept {
  const auto* file = CommitLog::find(files, phy);
  if (!file) return std::nullopt;
  auto record = decode_record((*file)->view(phy, (*file)->end() - phy), check);
  if (!record || record->m.physicalOffset != phy) return std::nullopt;
  return *record;
}

int64_t next_record(const MappedFile& file, int64_t from, int64_t to) noexcept {
  const ByteView all = file.view(file.base(), file.size());
  for (int64_t at = from; at < to && at + static_cast<int64_t>(kPhyOffsetAt) + 8 <= file.end(); ++at) {
    const std::byte* p = all.data() + (at - file.base());
    const auto magic = load_be<int32_t>(p + 4);
    if ((magic != kMagicV1 && magic != kMagicV2) || load_be<int64_t>(p + kPhyOffsetAt) != at) continue;
    if (decode_record(all.subspan(static_cast<size_t>(at - file.base())), RecordCheck::kLengths)) return at;
  }
  return to;
}

int64_t scan_log(const FileList& files, int64_t from, int64_t to, RecordCheck check, OnDamage on_damage, const std::function<bool(const RecordView&)>& visit,
                 const std::function<void(int64_t, int64_t)>& lost) {
  int64_t at = from;
  for (const auto& file : files) {
    if (file->end() <= at) continue;
    if (at >= to || file->base() >= to) return at;
    if (file->base() > at) {   // a file is missing
      if (on_damage == OnDamage::kStop) return at;
      if (lost) lost(at, file->base());
      at = file->base();
    }
    const int64_t last = std::min(to, file->end());
    while (at < last) {
      const ByteView rest = file->view(at, file->end() - at);
      if (rest.size() >= 8 && is_filler(rest)) {
        at = file->end();
        break;
      }
      const auto record = decode_record(rest, check);
      const bool torn = record && check == RecordCheck::kLengthsAndCrc && is_torn(*record, at - file->base());
      if (!record || record->m.physicalOffset != at || torn) {
        if (on_damage == OnDamage::kStop) return at;
        const int64_t next = next_record(*file, at + 1, last);
        if (lost) lost(at, next);
        at = next;
        continue;
      }
      if (!visit(*record)) return at;
      at += static_cast<int64_t>(record->bytes.size());
    }
  }
  return at;
}

}  // namespace mq::store
