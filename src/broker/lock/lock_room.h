// LOCK_BATCH_MQ (41) and UNLOCK_BATCH_MQ (42): one consumer at a time for a queue, for orderly consumption. Source: spec
// semantics 12.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

/// Any io loop.
class LockRoom {
 public:
  /// `freed` is told of a group in which a queue is free that a member waits for.
  LockRoom(const Registries& meta, std::function<void(const std::string& group)> freed) : locks_(meta.locks), freed_(std::move(freed)) {}
  remoting::Answer lock(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer unlock(const wire::NoHeader&, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::LOCK_BATCH_MQ, &LockRoom::lock>,
                                  remoting::Route<wire::RequestCode::UNLOCK_BATCH_MQ, &LockRoom::unlock>>;

 private:
  QueueLocks& locks_;
  const std::function<void(const std::string&)> freed_;
};

}  // namespace mq::broker
