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

/// The queue id of a REAL_QID property; 0 when it is not a number.
int32_t real_queue_id(std::string_view properties) noexcept;

}  // namespace mq::broker
