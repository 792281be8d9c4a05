#include "store/record_entry.h"

#include <charconv>

#include "msg/names.h"
#include "msg/properties.h"

namespace mq::store {
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

}  // namespace mq::store
