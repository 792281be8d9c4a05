// Held pulls: requests that wait at the end of a queue. One table per io loop; arrivals wake them from any loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/core/context.h"
#include "remoting/request.h"
#include "store/store.h"

namespace mq::broker {

/// What waits. Rooms derive from it and keep there what they need to answer.
class HeldRequest {
 public:
  virtual ~HeldRequest() = default;
  /// Does the filter let this message through?
  virtual bool wants(const store::Arrival& arrival) const noexcept = 0;
  /// The request runs again, for the last time: something arrived, its time is over, or the broker stops.
  virtual void resume() noexcept = 0;

  QueueOffset offset{};          // waits for a message at or behind this
  int64_t deadline_ms = 0;       // mono_ms
  uint64_t number = 0;           // set by hold(): who waits longer resumes first
};

/// Badge: owned by one io loop, but for waiting(), which others read.
class HoldTable {
 public:
  HoldTable(BrokerContext& broker, env::Loop& loop);

  /// Takes the request. If messages are there already (they arrived between its read and now) it resumes at once.
  /// False when the table is full (kMaxHeld): the caller answers.
  [[nodiscard]] bool hold(store::QueueRef queue, std::unique_ptr<HeldRequest> request);
  /// Messages are readable. Resumes those that want one of them.
  void on_arrival(const store::Arrival& arrival) noexcept;
  /// Resumes everything (the broker stops).
  void resume_all() noexcept;
  /// How many wait; any thread.
  size_t waiting() const noexcept { return waiting_.load(std::memory_order_seq_cst); }

 private:
  static constexpr size_t kMaxHeld = 1'000'000;
  static constexpr int64_t kTickMs = 100;         // deadlines are met this exactly
  static constexpr int64_t kSweepMs = 5000;       // filtered-out messages move a consumer on this often

  struct Waiters {
    store::QueueRef queue;
    std::vector<std::unique_ptr<HeldRequest>> requests;
  };
  void tick() noexcept;
  void run(std::vector<std::unique_ptr<HeldRequest>>& due) noexcept;
  template <class Pred>
  void take(Waiters& w, Pred due, std::vector<std::unique_ptr<HeldRequest>>& out);

  BrokerContext& broker_;
  env::Loop& loop_;
  std::unordered_map<const store::Queue*, Waiters> held_;
  std::vector<std::unique_ptr<HeldRequest>> due_;   // reused
  env::Periodic ticker_;
  uint64_t last_number_ = 0;
  int64_t next_sweep_ms_ = 0;
  int64_t next_deadline_ms_ = INT64_MAX;            // no earlier than this must a tick look at deadlines
  std::atomic<size_t> waiting_{0};                  // badge: published
};

}  // namespace mq::broker
