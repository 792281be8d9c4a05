// NettyServerConfig: the keys of a server's sockets as RocketMQ names them (spec storage 4.4), shown by
// getNamesrvConfig and getBrokerConfig. Ours has no Netty: what sizes its thread pools is accepted without effect.
#pragma once

#include "base/options.h"

namespace mq::remoting {

/// Created once by main() or a test; read by all threads.
struct NettyServerConfig : ConfigGroup {
  explicit NettyServerConfig(int32_t port) : default_port_(port) {}

 private:
  const int32_t default_port_;   // 9876 for a NameServer, 10911 for a broker: the start code's, not the class's

 public:
#define MQ_NETTY_OPTION(type_, name_, value_, ...) Option<type_> name_{this, value_, {.name = #name_, __VA_ARGS__}}
  MQ_NETTY_OPTION(std::string, bindAddress, "0.0.0.0", .doc = "Address to listen on; 0.0.0.0 means all, IPv6 too.");
  MQ_NETTY_OPTION(int32_t, listenPort, default_port_, .doc = "Port to listen on.", .port = true);
  MQ_NETTY_OPTION(int32_t, serverWorkerThreads, 8, .doc = "Codec threads of the Java server.", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(int32_t, serverCallbackExecutorThreads, 0, .doc = "Callback threads of the Java server.", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(int32_t, serverSelectorThreads, 3, .doc = "Selector threads of the Java server.", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(int32_t, serverOnewaySemaphoreValue, 256, .doc = "One-way calls in flight of the Java server.", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(int32_t, serverAsyncSemaphoreValue, 64, .doc = "Asynchronous calls in flight of the Java server.", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(int32_t, serverChannelMaxIdleTimeSeconds, 120, .doc = "A connection without traffic for this long is closed.", .unit = "s");
  MQ_NETTY_OPTION(int32_t, serverSocketSndBufSize, 0, .doc = "SO_SNDBUF; the kernel's choice is kept.", .unit = "bytes", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(int32_t, serverSocketRcvBufSize, 0, .doc = "SO_RCVBUF; the kernel's choice is kept.", .unit = "bytes", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(int32_t, writeBufferHighWaterMark, 0, .doc = "Netty's high-water mark.", .unit = "bytes", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(int32_t, writeBufferLowWaterMark, 0, .doc = "Netty's low-water mark.", .unit = "bytes", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(int32_t, serverSocketBacklog, 1024, .doc = "Listen backlog; Java has no reader of it either.", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(bool, serverNettyWorkerGroupEnable, true, .doc = "Netty's worker group.", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(bool, serverPooledByteBufAllocatorEnable, true, .doc = "Netty's pooled buffers.", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(bool, enableShutdownGracefully, false, .doc = "Answer GO_AWAY while stopping.", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(int32_t, shutdownWaitTimeSeconds, 30, .doc = "How long GO_AWAY is answered.", .unit = "s", .reload = Reload::kIgnored);
  MQ_NETTY_OPTION(bool, useEpollNativeSelector, false, .doc = "Netty's epoll transport; ours is epoll always.", .reload = Reload::kIgnored);
#undef MQ_NETTY_OPTION
};

}  // namespace mq::remoting
