#include "broker/core/turn_batch.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace mq::broker {

using store::AppendBatch;
using store::AppendItem;
using store::PutStatus;

namespace {

Logger log("broker");
RateLimit slow_disk(10'000);

constexpr size_t kMostWaitingBytes = 64 << 20;  // that may gather behind a write that does not come back
constexpr size_t kKeptBytes = 16 << 20;         // of memory, for the next turn; what a slow disk made larger is given back
constexpr int64_t kWatchMs = 50;
constexpr int64_t kSendBackAgainMs = 5;         // to a loop whose queue is full
constexpr int64_t kNearTimeoutMs = 2500;        // clients wait 3 s

}  // namespace

void TurnBatch::Waiting::add(const Ticket& t, const PutResult& r) {
  results.emplace_back(t, r);
  parts.insert(parts.end(), r.parts.begin(), r.parts.end());
  part_ends.push_back(parts.size());
  end.bytes = std::max<int64_t>(end.bytes, r.phy.bytes + static_cast<int64_t>(r.bytes));
}

void TurnBatch::Waiting::clear() {
  results.clear();
  part_ends.clear();
  parts.clear();
  end = {};
}

bool TurnBatch::full() const noexcept {
  if (!away_) [[likely]] return false;
  const auto most = static_cast<size_t>(broker_.config.sendThreadPoolQueueCapacity.used());
  return tickets_.size() >= most || batch_.bytes.size() >= kMostWaitingBytes;
}

void TurnBatch::wait_for_other(Ticket& ticket) {
  if (turn_ms_ == 0) turn_ms_ = loop_.clock().mono_ms();
  ticket.since_ms = turn_ms_;
}

void TurnBatch::end_of_turn() noexcept {
  gathering_ = true;
  for (const auto& gather : gatherers_) gather();
  gathering_ = false;
  finish();
}

/// Appends what gathered and delivers the results, at once or when the disk has them.
void TurnBatch::finish() noexcept {
  turn_ms_ = 0;
  if (batch_.empty()) return;
  if (away_) [[unlikely]] {
    publish();
    return watch_waiting();
  }
  if (store_.disk_dawdles() && hand_over()) [[unlikely]] return;
  batch_.loop = &loop_;
  store_.append(batch_);
  deliver(batch_, tickets_);
}

/// False when there is nobody who takes it.
bool TurnBatch::hand_over() {
  if (!broker_.append_loop) return false;
  auto away = spare_ ? std::move(spare_) : std::make_shared<Away>();
  std::swap(away->batch, batch_);
  std::swap(away->tickets, tickets_);
  const bool posted = broker_.append_loop->post([this, away] {
    away->batch.loop = broker_.append_loop;
    store_.append(away->batch);
    send_back(away);
  });
  if (!posted) {
    std::swap(away->batch, batch_);
    std::swap(away->tickets, tickets_);
    return false;
  }
  away_ = true;
  int64_t swallowed = 0;
  if (slow_disk.allow(loop_.clock().mono_ms(), swallowed)) log.warn("the disk of the CommitLog is slow: messages wait for it, other requests do not");
  return true;
}

/// On the append loop, until the other takes it: nothing else may be appended before. One that has stopped never does; the append loop
/// stops soon after it.
void TurnBatch::send_back(const std::shared_ptr<Away>& away) {
  if (loop_.post([this, away] { come_back(*away); spare_ = away; })) return;
  broker_.append_loop->after(kSendBackAgainMs, [this, away] { send_back(away); });
}

void TurnBatch::come_back(Away& away) noexcept {
  away_ = false;   // what has gathered follows at the end of this turn
  publish();
  deliver(away.batch, away.tickets);
}

/// Empties both.
void TurnBatch::deliver(AppendBatch& batch, std::vector<Ticket>& tickets) noexcept {
  const bool durable = store_.sync_flush();
  std::unique_ptr<Waiting> waiting;
  for (size_t i = 0; i < tickets.size(); ++i) {
    const AppendItem& item = batch.items[i];
    const PutResult result{item.status, item.phy, item.queue_offset, item.store_timestamp, item.size,
                           item.records > 1 ? list_parts(batch, item) : std::span<const PhyOffset>()};
    if (durable && tickets[i].wait && item.status == PutStatus::kPutOk) {
      if (!waiting) waiting = take_waiting();
      waiting->add(tickets[i], result);
    } else {
      tickets[i].sink->on_put(tickets[i].slot, result);
    }
  }
  batch.clear();
  batch.bytes.shrink(kKeptBytes);
  tickets.clear();
  if (waiting) wait_for_disk(std::move(waiting));
}

void TurnBatch::publish() noexcept {
  const bool any = away_ && !tickets_.empty();
  waiting_count_.store(any ? tickets_.size() : 0, std::memory_order_relaxed);
  waiting_since_ms_.store(any ? tickets_.front().since_ms : 0, std::memory_order_relaxed);
}

void TurnBatch::watch_waiting() {
  if (watched_) return;
  watched_ = true;
  loop_.after(kWatchMs, [this] {
    watched_ = false;
    if (!away_ || batch_.empty()) return;
    if (broker_.config.brokerFastFailureEnable()) give_up();
    watch_waiting();
  });
}

/// Refuses what has waited so long that its client is about to give up: it may still try another broker, and what it sends again is
/// not stored twice.
void TurnBatch::give_up() noexcept {
  const int64_t now = loop_.clock().mono_ms();
  const int64_t limit = std::max(broker_.config.waitTimeMillsInSendQueue(), kNearTimeoutMs);
  const size_t waiting = tickets_.size();
  size_t kept = 0;
  std::vector<std::pair<Ticket, PutResult>> refused;   // told when the batch is whole again
  for (size_t i = 0; i < waiting; ++i) {
    Ticket& t = tickets_[i];
    const int64_t waited = t.since_ms > 0 ? now - t.since_ms : 0;
    if (t.may_give_up && waited >= limit) {
      refused.emplace_back(t, PutResult{.status = PutStatus::kOsPageCacheBusy, .waited_ms = waited, .waiting = waiting});
      continue;
    }
    if (kept != i) {
      tickets_[kept] = t;
      batch_.items[kept] = std::move(batch_.items[i]);
    }
    ++kept;
  }
  tickets_.resize(kept);
  batch_.items.resize(kept);
  if (kept == 0) batch_.clear();
  publish();
  for (const auto& [ticket, result] : refused) ticket.sink->on_put(ticket.slot, result);
}

std::span<const PhyOffset> TurnBatch::list_parts(const AppendBatch& batch, const AppendItem& item) {
  if (item.status != PutStatus::kPutOk) return {};
  parts_.resize(static_cast<size_t>(item.records));
  const store::AppendPart* part = batch.parts.data() + item.first_part;
  int64_t phy = item.phy.bytes;
  for (PhyOffset& at : parts_) {
    at = {phy};
    phy += (part++)->size;
  }
  return parts_;
}

std::unique_ptr<TurnBatch::Waiting> TurnBatch::take_waiting() {
  if (idle_.empty()) return std::make_unique<Waiting>();
  auto w = std::move(idle_.back());
  idle_.pop_back();
  return w;
}

void TurnBatch::wait_for_disk(std::unique_ptr<Waiting> waiting) {
  const PhyOffset end = waiting->end;
  store_.when_durable(end, loop_, [this, w = std::move(waiting)](PutStatus status) mutable {
    size_t from = 0;
    for (size_t i = 0; i < w->results.size(); ++i) {
      auto& [ticket, result] = w->results[i];
      result.status = status;
      result.parts = std::span(w->parts).subspan(from, w->part_ends[i] - from);
      from = w->part_ends[i];
      ticket.sink->on_put(ticket.slot, result);
    }
    w->clear();
    idle_.push_back(std::move(w));
  });
}

}  // namespace mq::broker
