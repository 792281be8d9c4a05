#include "dealings.h"

#include <fmt/format.h>

#include <algorithm>

namespace mq::sim {

namespace {

constexpr int64_t kLockLifeMs = 60'000;

template <class... A>
void add(Violations& out, fmt::format_string<A...> format, A&&... args) {
  if (out.size() < 20) out.push_back(fmt::format(format, std::forward<A>(args)...));
}

}  // namespace

Sent& Dealings::issue(const QueueKey& queue, int64_t now_ms) {
  const uint64_t id = ++last_ * Ledger::kSenders;
  Sent& sent = sent_[id];
  sent.id = id;
  sent.queue = queue;
  sent.sent_ms = now_ms;
  return sent;
}

Sent* Dealings::find(uint64_t id) {
  const auto it = sent_.find(id);
  return it == sent_.end() ? nullptr : &it->second;
}

Dealings::Where Dealings::by_id(const Copies& copies) {
  Where where;
  for (const auto& [queue, list] : copies) {
    for (const Copy& copy : list) where[copy.id].emplace_back(&queue, &copy);
  }
  return where;
}

Violations Dealings::check(const Copies& copies, bool final) const {
  Violations out;
  const Where where = by_id(copies);
  for (const auto& [id, places] : where) {
    const auto it = sent_.find(id);
    if (it == sent_.end()) add(out, "genuine: {} offset {} holds what nobody sent", places[0].first->to_string(), places[0].second->queue_offset);
  }
  if (!out.empty()) return out;
  check_delayed(copies, out);
  check_order(copies, out);
  check_transactions(where, final, out);
  check_retries(copies, out);
  if (!final) return out;
  check_retried(where, out);
  for (const auto& [id, sent] : sent_) {
    const auto places = where.find(id);
    const size_t count = places == where.end() ? 0 : places->second.size();
    if (sent.queue.topic == kLaterTopic && sent.acknowledged && count == 0) add(out, "delay: message {} of level {} was acknowledged and does not arrive", id, sent.level);
    if (sent.queue.topic == kLaterTopic && undisturbed_ && count > 1) add(out, "once: delayed message {} arrives {} times", id, count);
    if (sent.queue.topic == kOrderedTopic && sent.acknowledged && !ordered_handled_.contains(id)) {
      add(out, "orderly: message {} of {} was acknowledged and never handled", id, sent.queue.to_string());
    }
  }
  return out;
}

// --- 9 --------------------------------------------------------------------------------------------------------------

void Dealings::check_delayed(const Copies& copies, Violations& out) const {
  for (const auto& [queue, list] : copies) {
    for (const Copy& copy : list) {
      const Sent& sent = sent_.at(copy.id);
      if (queue.topic != kLaterTopic && queue.topic != kTransactionTopic) continue;
      if (queue != sent.queue) add(out, "delay: message {} of {} arrives in {}", sent.id, sent.queue.to_string(), queue.to_string());
      if (sent.level == 0) continue;
      const int64_t since = sent.transactional ? sent.decided_ms : sent.sent_ms;
      const int64_t waited = copy.store_ms - since;
      if (waited < delay_ms(sent.level)) add(out, "delay: message {} of level {} arrives after {} ms", sent.id, sent.level, waited);
    }
  }
}

void Dealings::check_order(const Copies& copies, Violations& out) const {
  for (const auto& [queue, list] : copies) {
    if (queue.topic != kLaterTopic) continue;
    std::map<int32_t, int64_t> highest;   // by level
    std::set<uint64_t> seen;
    for (const Copy& copy : list) {
      const Sent& sent = sent_.at(copy.id);
      if (!sent.acknowledged || !seen.insert(copy.id).second) continue;   // of several copies the first counts
      const auto [it, first] = highest.try_emplace(sent.level, sent.waiting_offset);
      if (first) continue;
      if (sent.waiting_offset <= it->second) {
        add(out, "delay: {} offset {}: message {} waited at {} of level {}, behind {}, and arrives after it", queue.to_string(),
            copy.queue_offset, sent.id, sent.waiting_offset, sent.level, it->second);
      }
      it->second = std::max(it->second, sent.waiting_offset);
    }
  }
}

// --- 10 -------------------------------------------------------------------------------------------------------------

void Dealings::check_transactions(const Where& where, bool final, Violations& out) const {
  for (const auto& [id, sent] : sent_) {
    if (!sent.transactional) continue;
    const auto places = where.find(id);
    const size_t count = places == where.end() ? 0 : places->second.size();
    if (count > 0 && sent.decision == Decision::kRollback) add(out, "transaction: message {} was rolled back and arrives", id);
    if (count > 0 && sent.decision == Decision::kNone) add(out, "transaction: message {} is undecided and arrives", id);
    if (final && sent.acknowledged && sent.decision == Decision::kNone && (sent.mind != Sent::Mind::kNever || !sent.checked)) {
      add(out, "transaction: message {} is undecided and the broker does not ask about it", id);
    }
    if (!final || sent.decision != Decision::kCommit) continue;
    if (sent.acknowledged && count == 0) {
      add(out, "transaction: message {} (level {}, {} commits sent, {}asked about) was committed and does not arrive", id, sent.level, sent.commits,
          sent.checked ? "" : "not ");
    }
    if (undisturbed_ && !sent.checked && sent.commits <= 1 && count > 1) add(out, "once: transaction {} arrives {} times", id, count);
  }
}

// --- 11 -------------------------------------------------------------------------------------------------------------

/// What can be said of each copy by itself.
void Dealings::check_retries(const Copies& copies, Violations& out) const {
  for (const auto& [queue, list] : copies) {
    const bool retry = queue.topic == kWorkersRetry, dead = queue.topic == kWorkersDead;
    if (!retry && !dead) continue;
    for (const Copy& copy : list) {
      const Sent& sent = sent_.at(copy.id);
      const int32_t before = copy.reconsumeTimes - 1;
      const auto back = sent.given_back.find(before);
      if (back == sent.given_back.end()) {
        add(out, "retry: {} offset {}: message {} has {} tries and was never given back after {}", queue.to_string(), copy.queue_offset,
            sent.id, copy.reconsumeTimes, before);
        continue;
      }
      if (copy.retry_topic != kWorkTopic) add(out, "retry: message {} says that it is of topic \"{}\"", sent.id, copy.retry_topic);
      if (dead != (before >= kMostTries)) add(out, "retry: message {} stands in {} after {} tries", sent.id, queue.topic, before);
      const int64_t waited = copy.store_ms - back->second.ms;
      if (retry && waited < delay_ms(back->second.level)) {
        add(out, "retry: message {} of level {} comes again after {} ms", sent.id, back->second.level, waited);
      }
    }
  }
}

/// Nothing of the work is left over.
void Dealings::check_retried(const Where& where, Violations& out) const {
  for (const auto& [id, sent] : sent_) {
    if (sent.queue.topic != kWorkTopic || !sent.acknowledged) continue;
    if (sent.failures <= kMostTries) {
      if (!sent.handled.contains(sent.failures)) add(out, "retry: message {} is not handled after {} failures", id, sent.failures);
      continue;
    }
    const auto places = where.find(id);
    const bool dead = places != where.end() && std::any_of(places->second.begin(), places->second.end(), [](const auto& place) {
      return place.first->topic == kWorkersDead;
    });
    if (!dead) add(out, "retry: message {} fails for ever and is no dead letter", id);
  }
}

// --- 12, 13 ---------------------------------------------------------------------------------------------------------

void Dealings::granted(const QueueKey& queue, const std::string& client, int64_t asked_ms, int64_t told_ms) {
  auto& holders = locks_[queue];
  for (const auto& [other, lock] : holders) {
    if (other == client || lock.asked_ms <= broker_gone_ms_) continue;
    // Surely granted before, and surely alive still: what may have been the other way round is no fault.
    if (lock.told_ms <= asked_ms && told_ms - lock.asked_ms <= kLockLifeMs) {
      add(violations, "lock: {} is granted to {} at {}..{}, {} ms at most after {} had it", queue.to_string(), client, asked_ms, told_ms,
          told_ms - lock.asked_ms, other);
    }
  }
  holders[client] = {client, asked_ms, told_ms};
}

void Dealings::unlocking(const QueueKey& queue, const std::string& client) { locks_[queue].erase(client); }

void Dealings::handles(const QueueKey& queue, int64_t offset, uint64_t id) {
  int64_t& next = handled_to_[queue];
  if (offset > next) add(violations, "orderly: {} offset {} is handled before {}", queue.to_string(), offset, next);
  next = std::max(next, offset + 1);
  ordered_handled_.insert(id);
}

}  // namespace mq::sim
