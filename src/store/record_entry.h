// What a record's entry in its ConsumeQueue must be.
#pragma once

#include <functional>

#include "msg/record.h"
#include "store/consume_queue.h"

namespace mq::store {

/// The delay of a level in ms. Empty: none is known.
using DelayOfLevel = std::function<int64_t(int32_t level)>;

/// The entry of a record that reaches a queue. Without `delays` the tagsCode of SCHEDULE_TOPIC_XXXX is the hash of TAGS, as
/// that of every topic.
CqEntry entry_of(const RecordView& record, const DelayOfLevel& delays);

}  // namespace mq::store
