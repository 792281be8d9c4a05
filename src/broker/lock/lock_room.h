// LOCK_BATCH_MQ (41) and UNLOCK_BATCH_MQ (42): one consumer at a time for a queue, for orderly consumption. Source: spec
// semantics 12.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/badges.h"
#include "broker/core/context.h"
#include "remoting/router.h"
#include "wire/bodies/stats.h"

namespace mq::broker {

/// Any io loop; one mutex, as locks are taken every 20 s per client. Locks live 60 s after their last refresh, survive a
/// lost connection and not a restart.
class LockRoom {
 public:
  explicit LockRoom(BrokerContext& broker) : broker_(broker) {}
  remoting::Answer lock(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer unlock(const wire::NoHeader&, remoting::Request& request);
  /// True when a member holds a queue of the group (a direct send to its retry topic is then a give-up). Any thread.
  bool any_held(const std::string& group) const;

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::LOCK_BATCH_MQ, &LockRoom::lock>,
                                  remoting::Route<wire::RequestCode::UNLOCK_BATCH_MQ, &LockRoom::unlock>>;

 private:
  static constexpr int64_t kLifeMs = 60'000;
  static constexpr size_t kMaxGroups = 100'000;
  struct Holder {
    std::string client_id;
    int64_t refreshed_ms = 0;   // mono
  };
  using Queues = std::map<wire::MessageQueue, Holder>;

  BrokerContext& broker_;
  mutable Mutex mu_;
  std::map<std::string, Queues> groups_ GUARDED_BY(mu_);
};

}  // namespace mq::broker
