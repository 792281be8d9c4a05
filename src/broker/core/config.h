// BrokerConfig and HostConfig: what broker.conf may say about the broker itself (spec storage 4.2, 4.3).
#pragma once

#include "base/options.h"

namespace mq::broker {

/// RocketMQ's own keys. Created once by main() or a test; read by all threads.
struct BrokerConfig : ConfigGroup {
#define MQ_BROKER_OPTION(type_, name_, value_, ...) Option<type_> name_{this, value_, {.name = #name_, __VA_ARGS__}}
  MQ_BROKER_OPTION(std::string, brokerClusterName, "DefaultCluster", .doc = "Cluster this broker belongs to.", .important = true);
  MQ_BROKER_OPTION(std::string, brokerName, "", .doc = "Name shared by a master and its slaves; empty: the host name.", .important = true);
  MQ_BROKER_OPTION(int64_t, brokerId, 0, .doc = "0 is the master, others are slaves.", .important = true);
  MQ_BROKER_OPTION(std::string, brokerIP1, "", .doc = "Address clients are told; empty: found at start.", .important = true);
  MQ_BROKER_OPTION(int32_t, listenPort, 10911, .doc = "Main port; the fast port is 2 below.");
  MQ_BROKER_OPTION(std::string, bindAddress, "0.0.0.0", .doc = "Address the ports listen on.");
  MQ_BROKER_OPTION(std::string, namesrvAddr, "", .doc = "NameServers, host:port separated by ';'.", .important = true);
  MQ_BROKER_OPTION(int32_t, brokerPermission, 6, .doc = "4 read + 2 write; a broker without write leaves the routes.", .reload = Reload::kLive, .important = true);
  MQ_BROKER_OPTION(int32_t, defaultTopicQueueNums, 8, .doc = "Queues of TBW102, the template of auto-created topics.", .reload = Reload::kLive);
  MQ_BROKER_OPTION(bool, autoCreateTopicEnable, true, .doc = "A send to an unknown topic creates it.", .reload = Reload::kLive, .important = true);
  MQ_BROKER_OPTION(bool, autoCreateSubscriptionGroup, true, .doc = "A heartbeat of an unknown group creates it.", .reload = Reload::kLive, .important = true);
  MQ_BROKER_OPTION(bool, longPollingEnable, true, .doc = "Hold pulls at the end of a queue until a message arrives.", .reload = Reload::kLive);
  MQ_BROKER_OPTION(int64_t, shortPollingTimeMills, 1000, .doc = "How long a pull is held without long polling.", .unit = "ms", .reload = Reload::kLive);
  MQ_BROKER_OPTION(std::string, regionId, "DefaultRegion", .doc = "MSG_REGION of stored messages.");
  MQ_BROKER_OPTION(bool, traceOn, true, .doc = "TRACE_ON of stored messages.");
  MQ_BROKER_OPTION(bool, enablePropertyFilter, true, .doc = "SQL92 filters.", .reload = Reload::kLive);
  MQ_BROKER_OPTION(bool, rejectTransactionMessage, false, .doc = "Refuse transactional messages.", .reload = Reload::kLive, .important = true);
  MQ_BROKER_OPTION(int64_t, startAcceptSendRequestTimeStamp, 0, .doc = "Sends before this time are refused.", .unit = "ms", .reload = Reload::kLive);
  MQ_BROKER_OPTION(bool, slaveReadEnable, false, .doc = "Suggest slaves to consumers that lag.", .reload = Reload::kLive);
  MQ_BROKER_OPTION(bool, litePullMessageEnable, true, .doc = "Serve LITE_PULL_MESSAGE.", .reload = Reload::kLive);
  MQ_BROKER_OPTION(int64_t, transactionTimeOut, 6000, .doc = "Age from which an undecided half message is asked about.", .unit = "ms", .reload = Reload::kLive, .important = true);
  MQ_BROKER_OPTION(int32_t, transactionCheckMax, 15, .doc = "After so many questions a half message is given up.", .reload = Reload::kLive, .important = true);
  MQ_BROKER_OPTION(int64_t, transactionCheckInterval, 30'000, .doc = "How often undecided half messages are looked at.", .unit = "ms", .important = true);
  // The broker's author adds the rest of spec storage 4.2 and 4.3 here, row by row.
#undef MQ_BROKER_OPTION
};

/// Our own keys, apart so that getBrokerConfig stays comparable with Java's.
struct HostConfig : ConfigGroup {
#define MQ_HOST_OPTION(type_, name_, value_, ...) Option<type_> name_{this, value_, {.name = #name_, __VA_ARGS__}}
  MQ_HOST_OPTION(int32_t, ioLoops, 0, .doc = "Threads that serve connections; 0: 1 on up to 2 cores, else cores - 1, at most 8.");
  MQ_HOST_OPTION(int32_t, readLoops, 1, .doc = "Threads for reads that may wait for the disk.");
#undef MQ_HOST_OPTION
};

}  // namespace mq::broker
