#include "broker/core/stored_message.h"

#include <charconv>

#include "msg/properties.h"

namespace mq::broker {

PutMessage put_again(const RecordView& record) {
  PutMessage m;
  m.fields = record.m;
  m.fields.sysFlag &= ~(sys_flag::kBornHostV6 | sys_flag::kStoreHostV6);
  m.fields.queueOffset = 0;
  m.fields.physicalOffset = 0;
  m.fields.storeTimestamp = 0;
  m.tagsCode = tags_code(find_property(record.m.properties, prop::kTags));
  m.wait = false;
  m.may_rewrite = false;
  return m;
}

int32_t real_queue_id(std::string_view properties) noexcept {
  const std::string_view text = find_property(properties, prop::kRealQueueId);
  int32_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  return id < 0 ? 0 : id;
}

}  // namespace mq::broker
