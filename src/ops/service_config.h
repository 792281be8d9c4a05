// The keys that a NameServer and a Broker of ours share and RocketMQ does not have: the operator's HTTP port, the log.
#pragma once

#include "base/options.h"

namespace mq::ops {

/// Created once by main() or a test; read by all threads.
struct ServiceConfig : ConfigGroup {
#define MQ_SERVICE_OPTION(type_, name_, value_, ...) Option<type_> name_{this, value_, {.name = #name_, __VA_ARGS__, .ours = true}}
  MQ_SERVICE_OPTION(int32_t, httpPort, 0, .doc = "Port of /metrics, /health/live, /health/ready and /state; 0: none.", .port = true);
  MQ_SERVICE_OPTION(std::string, httpAddress, "0.0.0.0", .doc = "Address that port listens on.");
  MQ_SERVICE_OPTION(int32_t, metricsMaxSeries, 50000, .doc = "Most series of one metric; those left out are counted in merlinmq_metrics_dropped_series.", .reload = Reload::kLive, .least = 1);
  MQ_SERVICE_OPTION(std::string, logFormat, "text", .doc = "Lines of the log: RocketMQ's layout, or one JSON object each.", .allowed = "text|json");
  MQ_SERVICE_OPTION(std::string, logTo, "file", .doc = "Where the log goes: a file in logs/rocketmqlogs, standard output, or both.", .allowed = "file|stdout|both");
  MQ_SERVICE_OPTION(int64_t, logFileSize, 128 << 20, .doc = "A log file larger than this becomes NAME.log.1, that one NAME.log.2 and so on.", .unit = "bytes", .least = 1024);
  MQ_SERVICE_OPTION(int32_t, logFileCount, 10, .doc = "Log files that are kept, the one in use counted.", .least = 1);
#undef MQ_SERVICE_OPTION
};

}  // namespace mq::ops
