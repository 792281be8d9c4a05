#include "broker/core/hold_table.h"

#include <algorithm>

namespace mq::broker {

HoldTable::HoldTable(BrokerContext& broker, env::Loop& loop) : broker_(broker), loop_(loop) {
  broker.env.run_on(loop, [this] { ticker_ = env::Periodic(loop_, kTickMs, kTickMs, [this] { tick(); }); });
}

bool HoldTable::hold(store::QueueRef queue, std::unique_ptr<HeldRequest> request) {
  if (waiting() >= kMaxHeld) return false;
  const store::Queue* key = queue.get();
  const QueueOffset offset = request->offset;
  next_deadline_ms_ = std::min(next_deadline_ms_, request->deadline_ms);
  request->number = ++last_number_;
  Waiters& w = held_[key];
  if (!w.queue) w.queue = std::move(queue);
  w.requests.push_back(std::move(request));
  waiting_.fetch_add(1, std::memory_order_seq_cst);
  // An append that published before we counted ourselves did not see us: look once more. Its half stands in PullRoom::on_arrival().
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (broker_.store.max_offset(*w.queue) > offset) {
    std::vector<std::unique_ptr<HeldRequest>> due;
    const QueueOffset max = broker_.store.max_offset(*w.queue);
    take(w, [max](const HeldRequest& r) { return max > r.offset; }, due);
    if (w.requests.empty()) held_.erase(key);
    run(due);
  }
  return true;
}

void HoldTable::on_arrival(const store::Arrival& arrival) noexcept {
  const auto it = held_.find(arrival.queue);
  if (it == held_.end()) return;
  std::vector<std::unique_ptr<HeldRequest>> due = std::move(due_);
  take(it->second, [&](const HeldRequest& r) { return arrival.offset >= r.offset && r.wants(arrival); }, due);
  if (it->second.requests.empty()) held_.erase(it);
  run(due);
  due_ = std::move(due);
}

void HoldTable::resume_all() noexcept {
  std::vector<std::unique_ptr<HeldRequest>> due;
  for (auto& [queue, w] : held_) take(w, [](const HeldRequest&) { return true; }, due);
  held_.clear();
  run(due);
}

void HoldTable::tick() noexcept {
  if (held_.empty()) return;
  const int64_t now = loop_.clock().mono_ms();
  const bool sweep = now >= next_sweep_ms_;
  if (!sweep && now < next_deadline_ms_) return;
  if (sweep) next_sweep_ms_ = now + kSweepMs;
  std::vector<std::unique_ptr<HeldRequest>> due;
  next_deadline_ms_ = INT64_MAX;
  for (auto it = held_.begin(); it != held_.end();) {
    Waiters& w = it->second;
    const QueueOffset max = sweep ? broker_.store.max_offset(*w.queue) : QueueOffset{};
    take(w, [&](const HeldRequest& r) { return now >= r.deadline_ms || (sweep && max > r.offset); }, due);
    for (const auto& r : w.requests) next_deadline_ms_ = std::min(next_deadline_ms_, r->deadline_ms);
    it = w.requests.empty() ? held_.erase(it) : std::next(it);
  }
  run(due);
}

template <class Pred>
void HoldTable::take(Waiters& w, Pred due, std::vector<std::unique_ptr<HeldRequest>>& out) {
  const auto keep = std::stable_partition(w.requests.begin(), w.requests.end(), [&](const auto& r) { return !due(*r); });
  waiting_.fetch_sub(static_cast<size_t>(w.requests.end() - keep), std::memory_order_seq_cst);
  std::move(keep, w.requests.end(), std::back_inserter(out));
  w.requests.erase(keep, w.requests.end());
}

void HoldTable::run(std::vector<std::unique_ptr<HeldRequest>>& due) noexcept {
  // The table is ordered by address, which must decide nothing: a simulated run is to be the same every time.
  std::ranges::sort(due, {}, [](const auto& r) { return r->number; });
  for (auto& r : due) r->resume();
  due.clear();
}

}  // namespace mq::broker
