#include "broker/core/stored_message.h"

#include <charconv>

#include "base/numbers.h"
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

std::string with_real_queue(std::string_view properties, std::string_view topic, int32_t queue_id) {
  return with_property(with_property(properties, prop::kRealTopic, topic), prop::kRealQueueId, std::to_string(queue_id));
}

int64_t property_number(std::string_view properties, std::string_view name, int64_t otherwise) noexcept {
  return parse_int64(find_property(properties, name)).value_or(otherwise);
}

int32_t real_queue_id(std::string_view properties) noexcept {
  const std::string_view text = find_property(properties, prop::kRealQueueId);
  int32_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  return id < 0 ? 0 : id;
}

}  // namespace mq::broker
