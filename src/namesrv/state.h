// What the NameServer's rooms share. Badge: owned by its loop.
#pragma once

#include <functional>
#include <unordered_map>

#include "namesrv/kv_config.h"
#include "namesrv/route_cache.h"
#include "namesrv/route_table.h"
#include "remoting/router.h"

namespace mq::namesrv {

struct NamesrvState {
  env::Env& env;
  env::Loop& loop;
  NamesrvConfig& config;
  Configuration& all;
  KvConfig& kv;
  RouteTables& tables;
  RouteCache& cache;
  std::vector<std::string> locked_keys;                         // that no request may change
  std::function<Json()> condition;                              // as ops::condition
  int64_t started_ms = 0;                                       // mono
  ChannelId next_channel = 0;
  std::unordered_map<const remoting::Session*, ChannelId> channels;
  std::unordered_map<ChannelId, remoting::SessionRef> sessions;   // of brokers

  /// The channel of a broker's connection; its end unregisters what it registered.
  ChannelId channel_of(const remoting::SessionRef& session);
};

}  // namespace mq::namesrv
