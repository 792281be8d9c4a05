// A stored record on its way to another topic: delayed messages that are due, committed half messages, retries. Everything
// of the record is kept but where it goes.
#pragma once

#include <string>

#include "broker/core/put_pipeline.h"
#include "msg/record.h"

namespace mq::broker {

/// A PutMessage with the record's fields; views into the record, which must live until put() returns. Host bits and
/// offsets are cleared, WAIT is not honoured, no rewrite applies; the caller sets topic, queueId and tagsCode.
PutMessage put_again(const RecordView& record);

/// The properties of a message that waits elsewhere for its queue: REAL_TOPIC and REAL_QID at their end.
std::string with_real_queue(std::string_view properties, std::string_view topic, int32_t queue_id);

/// A property as a number; `otherwise` when absent or not one.
int64_t property_number(std::string_view properties, std::string_view name, int64_t otherwise) noexcept;

/// The queue id of a REAL_QID property; 0 when it is not a number.
int32_t real_queue_id(std::string_view properties) noexcept;

}  // namespace mq::broker
