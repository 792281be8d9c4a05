#include "store/record_entry.h"

#include <algorithm>
#include <charconv>

#include "msg/names.h"
#include "msg/properties.h"

namespace mq::store {
namespace {

constexpr int64_t kMostMissing = 1 << 20;   // a record that claims to stand further behind the one before is damaged

}  // namespace

CqEntry entry_of(const RecordView& r, const DelayOfLevel& delays) {
  int64_t tags = tags_code(find_property(r.m.properties, prop::kTags));
  if (r.m.topic == kScheduleTopic && delays) {
    int32_t level = 0;
    const std::string_view text = find_property(r.m.properties, prop::kDelay);
    std::from_chars(text.data(), text.data() + text.size(), level);
    if (level > 0) tags = r.m.storeTimestamp + delays(level);
  }
  return {r.m.physicalOffset, static_cast<int32_t>(r.bytes.size()), tags};
}

bool is_queue_offset(int64_t index) noexcept { return index >= 0 && index < INT64_MAX / CqEntry::kBytes / 2; }

std::optional<int64_t> missing_before(ConsumeQueue& queue, const RecordView& r) {
  if (!is_queue_offset(r.m.queueOffset)) return std::nullopt;
  if (!queue.had_entries() && queue.min() == queue.max()) queue.start_at(r.m.queueOffset);
  const int64_t missing = r.m.queueOffset - queue.max();
  const int64_t most = std::min(kMostMissing, r.m.physicalOffset / static_cast<int64_t>(record_size({})));   // they were in the log before this one
  return missing < 0 || missing > most ? std::nullopt : std::optional(missing);
}

}  // namespace mq::store
