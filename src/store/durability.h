// Durability: who waits for which position of the CommitLog to be on disk (SYNC_FLUSH). Group commit without a timer:
// while one fdatasync runs, the next batches gather here; when it ends, each loop gets one task for all its waiters.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "base/badges.h"
#include "env/loop.h"
#include "msg/types.h"
#include "store/store.h"

namespace mq::store {

class Durability {
 public:
  using Done = UniqueFunction<void(PutStatus)>;

  /// Any loop. `done` runs on `loop`: kPutOk when [0, end) is on disk, kFlushDiskTimeout `timeout_ms` later at the latest,
  /// kServiceNotAvailable after a failed fsync. Returns false when it was already known, so that no sync is needed.
  bool wait(int64_t end, env::Loop& loop, int64_t timeout_ms, Done done);

  /// Flush loop. Everything before `flushed` is on disk.
  void advance(int64_t flushed);
  /// Flush loop. Nothing will become durable any more.
  void fail_all();
  /// Flush loop, now and then: delivers again what a full loop did not take.
  void deliver_again();

 private:
  struct Waiter {
    int64_t end;
    int64_t deadline_ms;   // mono
    Done done;
  };
  /// The waiters of one loop; also held by that loop's timer, so it may outlive the store.
  struct LoopWaiters {
    explicit LoopWaiters(env::Loop& l) : loop(l) {}
    env::Loop& loop;
    Mutex mu;
    std::deque<Waiter> waiting GUARDED_BY(mu);   // badge: guarded
    std::deque<std::pair<Done, PutStatus>> ready GUARDED_BY(mu);   // badge: guarded; to be run by the loop
    bool posted GUARDED_BY(mu) = false;          // badge: guarded; a task that runs `ready` is under way
    bool watched = false;                        // badge: owned by the loop; a timer looks for missed deadlines
  };
  using Ref = std::shared_ptr<LoopWaiters>;

  Ref of(env::Loop& loop);
  std::vector<Ref> all() const;
  static void settle(const Ref& w, int64_t flushed, bool failed);
  static void post_ready(const Ref& w);
  static void run_ready(const Ref& w);
  static void watch(const Ref& w, int64_t delay_ms);
  static void expire(const Ref& w);

  std::atomic<int64_t> flushed_{0};            // badge: published by the flush loop
  std::atomic<bool> failed_{false};            // badge: published by the flush loop
  mutable Mutex mu_;
  std::vector<Ref> loops_ GUARDED_BY(mu_);     // badge: guarded; a handful
};

}  // namespace mq::store
