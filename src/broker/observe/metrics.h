// The text of /metrics: names of RocketMQ 5's own exporter and of rocketmq-exporter, and ours with the prefix merlinmq_.
#pragma once

#include <string>

#include "broker/observe/census.h"
#include "broker/observe/observe_room.h"
#include "ops/exposition.h"

namespace mq::broker {

/// `expected`: bytes of the text, a guess; `started_us`: mono_us at the start of the scrape, whose duration is told, too.
std::string write_metrics(const BrokerView& view, const Census& census, size_t max_series, size_t expected, int64_t started_us);

/// storeTimestamp of the oldest message, -1 without one. May wait for the disk.
int64_t earliest_message_ms(const BrokerView& view);

// Its parts, a file each.
void write_native_metrics(ops::Exposition& out, const BrokerView& view, const Census& census);
void write_exporter_metrics(ops::Exposition& out, const BrokerView& view, const Census& census);
void write_exporter_runtime(ops::Exposition& out, const BrokerView& view);

}  // namespace mq::broker
