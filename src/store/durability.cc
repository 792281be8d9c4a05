#include "store/durability.h"

#include <algorithm>

namespace mq::store {

Durability::Ref Durability::of(env::Loop& loop) {
  MutexLock lock(mu_);
  for (const Ref& w : loops_) {
    if (&w->loop == &loop) return w;
  }
  loops_.push_back(std::make_shared<LoopWaiters>(loop));
  return loops_.back();
}

std::vector<Durability::Ref> Durability::all() const {
  MutexLock lock(mu_);
  return loops_;
}

bool Durability::wait(int64_t end, env::Loop& loop, int64_t timeout_ms, Done done) {
  const Ref w = of(loop);
  {
    MutexLock lock(w->mu);
    w->waiting.push_back({end, loop.clock().mono_ms() + timeout_ms, std::move(done)});
  }
  if (loop.here()) {
    if (!w->watched) watch(w, timeout_ms);
  } else if (!loop.post([w, timeout_ms] { if (!w->watched) watch(w, timeout_ms); })) {
    // Without a timer the waiter is settled by the sync alone.
  }
  // Read after the waiter is listed: either we see the sync's result or the sync sees the waiter.
  const bool failed = failed_.load(std::memory_order_seq_cst);
  const int64_t flushed = flushed_.load(std::memory_order_seq_cst);
  if (!failed && flushed < end) return true;
  settle(w, flushed, failed);
  return false;
}

void Durability::advance(int64_t flushed) {
  flushed_.store(flushed, std::memory_order_seq_cst);
  for (const Ref& w : all()) settle(w, flushed, false);
}

void Durability::fail_all() {
  failed_.store(true, std::memory_order_seq_cst);
  for (const Ref& w : all()) settle(w, flushed_.load(), true);
}

void Durability::deliver_again() {
  for (const Ref& w : all()) post_ready(w);
}

void Durability::settle(const Ref& w, int64_t flushed, bool failed) {
  {
    MutexLock lock(w->mu);
    auto& waiting = w->waiting;
    // Nearly sorted by end: waiters of one loop come in the order of its appends.
    for (auto it = waiting.begin(); it != waiting.end();) {
      if (it->end > flushed && !failed) {
        ++it;
        continue;
      }
      w->ready.emplace_back(std::move(it->done), it->end <= flushed ? PutStatus::kPutOk : PutStatus::kServiceNotAvailable);
      it = waiting.erase(it);
    }
  }
  post_ready(w);
}

void Durability::post_ready(const Ref& w) {
  {
    MutexLock lock(w->mu);
    if (w->ready.empty() || w->posted) return;
    w->posted = true;
  }
  if (w->loop.post([w] { run_ready(w); })) return;
  MutexLock lock(w->mu);
  w->posted = false;   // deliver_again() tries again
}

void Durability::run_ready(const Ref& w) {
  std::deque<std::pair<Done, PutStatus>> ready;
  {
    MutexLock lock(w->mu);
    ready.swap(w->ready);
    w->posted = false;
  }
  for (auto& [done, status] : ready) done(status);
}

void Durability::watch(const Ref& w, int64_t delay_ms) {
  w->watched = true;
  w->loop.after(delay_ms, [w] { expire(w); });
}

void Durability::expire(const Ref& w) {
  w->watched = false;
  const int64_t now = w->loop.clock().mono_ms();
  std::vector<Done> late;
  int64_t next = -1;
  {
    MutexLock lock(w->mu);
    for (auto it = w->waiting.begin(); it != w->waiting.end();) {
      if (it->deadline_ms > now) {
        next = next < 0 ? it->deadline_ms : std::min(next, it->deadline_ms);
        ++it;
        continue;
      }
      late.push_back(std::move(it->done));
      it = w->waiting.erase(it);
    }
  }
  for (Done& done : late) done(PutStatus::kFlushDiskTimeout);
  if (next >= 0 && !w->watched) watch(w, next - now);
}

}  // namespace mq::store
