#include "broker/meta/queue_locks.h"

#include <algorithm>

namespace mq::broker {

Result<std::vector<wire::MessageQueue>> QueueLocks::lock(const std::string& group, const std::string& client_id,
                                                         const std::vector<wire::MessageQueue>& queues) {
  const int64_t now = clock_.mono_ms();
  std::vector<wire::MessageQueue> granted;
  MutexLock lock(mu_);
  if (queues.empty()) return granted;
  if (groups_.size() >= kMaxGroups && !groups_.contains(group)) {
    std::erase_if(groups_, [&](const auto& g) { return !live(g.second, now); });
    if (groups_.size() >= kMaxGroups) return fail(Errc::kBusy, "too many groups hold locks");
  }
  Queues& held = groups_[group];
  for (const wire::MessageQueue& q : queues) {
    Holder& holder = held[q];
    const bool free = holder.client_id.empty() || now - holder.refreshed_ms > kLifeMs;
    const bool own = holder.client_id == client_id;
    if (!free && !own) {
      holder.wanted = true;
      continue;
    }
    holder = {client_id, now, own && holder.wanted};
    granted.push_back(q);
  }
  return granted;
}

bool QueueLocks::unlock(const std::string& group, const std::string& client_id, const std::vector<wire::MessageQueue>& queues) {
  MutexLock lock(mu_);
  const auto held = groups_.find(group);
  if (held == groups_.end()) return false;
  bool wanted = false;
  for (const wire::MessageQueue& q : queues) {
    const auto it = held->second.find(q);
    if (it == held->second.end() || it->second.client_id != client_id) continue;
    wanted |= it->second.wanted;
    held->second.erase(it);
  }
  if (held->second.empty()) groups_.erase(held);
  return wanted;
}

bool QueueLocks::any_held(std::string_view group) const {
  const int64_t now = clock_.mono_ms();
  MutexLock lock(mu_);
  const auto it = groups_.find(group);
  return it != groups_.end() && live(it->second, now);
}

bool QueueLocks::live(const Queues& held, int64_t now_ms) {
  return std::ranges::any_of(held, [&](const auto& q) { return now_ms - q.second.refreshed_ms <= kLifeMs; });
}

}  // namespace mq::broker
