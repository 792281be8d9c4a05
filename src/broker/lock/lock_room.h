// LOCK_BATCH_MQ (41) and UNLOCK_BATCH_MQ (42): one consumer at a time for a queue, for orderly consumption. Source: spec
// semantics 12.
#pragma once

#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

/// Any io loop.
class LockRoom {
 public:
  explicit LockRoom(const Registries& meta) : locks_(meta.locks) {}
  remoting::Answer lock(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer unlock(const wire::NoHeader&, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::LOCK_BATCH_MQ, &LockRoom::lock>,
                                  remoting::Route<wire::RequestCode::UNLOCK_BATCH_MQ, &LockRoom::unlock>>;

 private:
  QueueLocks& locks_;
};

}  // namespace mq::broker
