// What a record's entry in its ConsumeQueue must be.
#pragma once

#include <functional>
#include <optional>

#include "msg/record.h"
#include "store/consume_queue.h"

namespace mq::store {

/// The delay of a level in ms. Empty: none is known.
using DelayOfLevel = std::function<int64_t(int32_t level)>;

/// The entry of a record that reaches a queue. Without `delays` the tagsCode of SCHEDULE_TOPIC_XXXX is the hash of TAGS, as
/// that of every topic.
CqEntry entry_of(const RecordView& record, const DelayOfLevel& delays);

/// What a damaged record may claim and no queue has: less than 0, more than the names of files can say.
bool is_queue_offset(int64_t index) noexcept;

/// For a queue that is built again from the log: how many entries the log has lost between the queue's last one and the
/// record's; a queue without entries begins with the record. nullopt: it can be none of the queue's next.
std::optional<int64_t> missing_before(ConsumeQueue& queue, const RecordView& record);

}  // namespace mq::store
