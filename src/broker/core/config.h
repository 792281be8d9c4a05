// BrokerConfig and HostConfig: what broker.conf may say about the broker itself (spec storage 4.2, 4.3).
#pragma once

#include <algorithm>

#include "base/options.h"

namespace mq::broker {

/// RocketMQ's own keys. Created once by main() or a test; read by all threads.
struct BrokerConfig : ConfigGroup {
#define MQ_BROKER_OPTION(type_, name_, value_, ...) Option<type_> name_{this, value_, {.name = #name_, __VA_ARGS__}}
  MQ_BROKER_OPTION(std::string, brokerClusterName, "DefaultCluster", .doc = "Cluster this broker belongs to.", .important = true);
  MQ_BROKER_OPTION(std::string, brokerName, "", .doc = "Name shared by a master and its slaves; empty: the host name.", .important = true);
  MQ_BROKER_OPTION(int64_t, brokerId, 0, .doc = "0 is the master, others are slaves.", .important = true);
  MQ_BROKER_OPTION(std::string, brokerIP1, "", .doc = "Address clients are told; empty: found at start.", .important = true);
  MQ_BROKER_OPTION(int32_t, listenPort, 10911, .doc = "Main port; the fast port is 2 below.", .important = true, .port = true);
  MQ_BROKER_OPTION(int32_t, serverChannelMaxIdleTimeSeconds, 120, .doc = "A connection without traffic for this long is closed.", .unit = "s");
  MQ_BROKER_OPTION(std::string, bindAddress, "0.0.0.0", .doc = "Address the ports listen on.");
  MQ_BROKER_OPTION(std::string, namesrvAddr, "", .doc = "NameServers, host:port separated by ';'.", .important = true);
  MQ_BROKER_OPTION(int32_t, brokerPermission, 6, .doc = "4 read + 2 write; a broker without write leaves the routes.", .reload = Reload::kLive);
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
#include "broker/core/config_compat.inc"
#undef MQ_BROKER_OPTION
};

/// Keys of NettyServerConfig that have no member above.
struct NettyServerConfig : ConfigGroup {
#define MQ_SERVER_OPTION(type_, name_, value_, ...) Option<type_> name_{this, value_, {.name = #name_, __VA_ARGS__}}
  MQ_SERVER_OPTION(int32_t, serverWorkerThreads, 8, .doc = "Codec/idle threads.", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(int32_t, serverCallbackExecutorThreads, 0, .doc = "Public executor; 0 -> 4.", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(int32_t, serverSelectorThreads, 3, .doc = "Selector threads.", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(int32_t, serverOnewaySemaphoreValue, 256, .doc = "Max outgoing oneway calls.", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(int32_t, serverAsyncSemaphoreValue, 64, .doc = "Max outgoing async calls.", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(int32_t, serverSocketSndBufSize, 0, .doc = "SO_SNDBUF (0 = system).", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(int32_t, serverSocketRcvBufSize, 0, .doc = "SO_RCVBUF (0 = system).", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(int32_t, writeBufferHighWaterMark, 0, .doc = "Channel back-pressure (0 = Netty default).", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(int32_t, writeBufferLowWaterMark, 0, .doc = "Channel back-pressure.", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(int32_t, serverSocketBacklog, 1024, .doc = "Without effect in RocketMQ 5.x either: listen backlog field; the server uses the system property.", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(bool, serverNettyWorkerGroupEnable, true, .doc = "Use the worker event group.", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(bool, serverPooledByteBufAllocatorEnable, true, .doc = "Pooled buffers.", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(bool, enableShutdownGracefully, false, .doc = "GO_AWAY on shutdown.", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(int32_t, shutdownWaitTimeSeconds, 30, .doc = "Wait for that.", .reload = Reload::kIgnored);
  MQ_SERVER_OPTION(bool, useEpollNativeSelector, false, .doc = "Epoll transport.", .reload = Reload::kIgnored);
#undef MQ_SERVER_OPTION
};

/// Keys of NettyClientConfig, likewise.
struct NettyClientConfig : ConfigGroup {
#define MQ_CLIENT_OPTION(type_, name_, value_, ...) Option<type_> name_{this, value_, {.name = #name_, __VA_ARGS__}}
  MQ_CLIENT_OPTION(int32_t, clientWorkerThreads, 4, .doc = "Client codec threads.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(int32_t, clientCallbackExecutorThreads, java_processors(), .doc = "Callback threads.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(int32_t, clientOnewaySemaphoreValue, 65535, .doc = "65535.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(int32_t, clientAsyncSemaphoreValue, 65535, .doc = "65535.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(int32_t, connectTimeoutMillis, 3000, .doc = "Connect timeout 3000.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(int64_t, channelNotActiveInterval, 60000, .doc = "Ms without a response before a NameServer channel is considered stale.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(bool, isScanAvailableNameSrv, true, .doc = "Probe NameServers; setter key scanAvailableNameSrv.", .reload = Reload::kIgnored, .alias = "scanAvailableNameSrv");
  MQ_CLIENT_OPTION(int32_t, clientChannelMaxIdleTimeSeconds, 120, .doc = "Idle close 120 s.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(int32_t, clientSocketSndBufSize, 0, .doc = "0 = system.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(int32_t, clientSocketRcvBufSize, 0, .doc = "0 = system.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(bool, clientPooledByteBufAllocatorEnable, false, .doc = "Pooled buffers.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(bool, clientCloseSocketIfTimeout, true, .doc = "Close a channel on RPC timeout (true in develop).", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(bool, useTLS, false, .doc = "TLS for the connections to NameServers; default: tls.enable, and without that whether tls.server.mode is enforcing.");
  MQ_CLIENT_OPTION(std::string, socksProxyConfig, "{}", .doc = "JSON map of SOCKS proxies.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(bool, disableCallbackExecutor, false, .doc = "Run callbacks inline.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(bool, disableNettyWorkerGroup, false, .doc = "No worker event group.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(int64_t, maxReconnectIntervalTimeSeconds, 60, .doc = "Reconnect back-off.", .reload = Reload::kIgnored);
  MQ_CLIENT_OPTION(bool, enableReconnectForGoAway, true, .doc = "Reconnect after GO_AWAY.", .reload = Reload::kIgnored);
#undef MQ_CLIENT_OPTION
};

/// Our own keys, apart so that getBrokerConfig stays comparable with Java's.
struct HostConfig : ConfigGroup {
#define MQ_HOST_OPTION(type_, name_, value_, ...) Option<type_> name_{this, value_, {.name = #name_, __VA_ARGS__, .ours = true}}
  MQ_HOST_OPTION(int32_t, ioLoops, 0, .doc = "Threads that serve connections; 0: 1 on up to 2 cores, else cores - 1, at most 8.", .least = 0, .most = 64);
  MQ_HOST_OPTION(int32_t, advertisedPort, 0, .doc = "Port clients are told when it is mapped; 0: listenPort.", .port = true);
  MQ_HOST_OPTION(int32_t, drainSeconds, 0, .doc = "After SIGTERM, how long an unregistered broker still serves, so that clients can turn to others; a second signal ends it.", .unit = "s", .reload = Reload::kLive);
  MQ_HOST_OPTION(int32_t, readLoops, 1, .doc = "Threads for reads that may wait for the disk.", .least = 1, .most = 16);
#undef MQ_HOST_OPTION
};

}  // namespace mq::broker
