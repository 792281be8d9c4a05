// Who may consume a queue in order: locks of queues by consumer group. Source: spec semantics 12.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/badges.h"
#include "env/clock.h"
#include "wire/bodies/stats.h"

namespace mq::broker {

/// Any thread; one mutex, as locks are taken every 20 s per client. Locks live 60 s after their last refresh, survive a lost
/// connection and not a restart.
class QueueLocks {
 public:
  static constexpr int64_t kLifeMs = 60'000;
  static constexpr size_t kMaxGroups = 100'000;

  explicit QueueLocks(env::Clock& clock) : clock_(clock) {}
  /// Takes or refreshes what is free or the client's own; returns what it holds now of `queues`. Errors: kBusy with too many groups.
  Result<std::vector<wire::MessageQueue>> lock(const std::string& group, const std::string& client_id, const std::vector<wire::MessageQueue>& queues);
  /// Gives back what is the client's own. True when another client was refused one of these queues and still waits for it.
  bool unlock(const std::string& group, const std::string& client_id, const std::vector<wire::MessageQueue>& queues);
  /// True while a member holds a queue of the group: it consumes in order.
  bool any_held(std::string_view group) const;

 private:
  struct Holder {
    std::string client_id;
    int64_t refreshed_ms = 0;   // mono
    bool wanted = false;        // by another client, which was refused
  };
  using Queues = std::map<wire::MessageQueue, Holder>;
  static bool live(const Queues& held, int64_t now_ms);

  env::Clock& clock_;
  mutable Mutex mu_;
  std::map<std::string, Queues, std::less<>> groups_ GUARDED_BY(mu_);   // badge: guarded
};

}  // namespace mq::broker
