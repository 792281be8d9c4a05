// What the clients of the delivery simulation asked for and were promised: delayed messages, transactions, retries, locks.
// The rules for what must have come of it, one list:
//
//   9  delay         a delayed message that was acknowledged arrives, none arrives early; those of one level arrive in a
//                    queue in the order in which they waited
//   10 transaction   a committed message arrives, one that was rolled back or is undecided never does
//   11 retry         what a consumer gave back comes again, whole and not early, with one try more each time; after the last
//                    try it stands in the dead letter topic
//   12 lock          a queue is granted to one client at a time, until 60 s after its last refresh, its unlock or a restart
//   13 orderly       consumers under locks handle each message that was acknowledged and leave none out in between
//   14 once          without a crash, a cut connection or a check-back nothing arrives twice
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "invariants.h"
#include "msg/record.h"

namespace mq::sim {

inline constexpr const char* kLaterTopic = "Later";
inline constexpr const char* kTransactionTopic = "Deal";
inline constexpr const char* kWorkTopic = "Work";
inline constexpr const char* kOrderedTopic = "Ordered";
inline constexpr const char* kWorkers = "workers";            // the group with retries
inline constexpr const char* kWorkersRetry = "%RETRY%workers";
inline constexpr const char* kWorkersDead = "%DLQ%workers";
inline constexpr int32_t kMostTries = 2;                      // maxReconsumeTimes of that group
inline constexpr int32_t kDealQueues = 2;                     // of each topic but those of that group

enum class Decision : uint8_t { kNone, kCommit, kRollback };

/// One message as its sender knows it. Times are ms of the wall clock, which all machines share.
struct Sent {
  uint64_t id = 0;
  QueueKey queue;                       // where it must arrive
  int32_t level = 0;                    // DELAY; 0: none
  int64_t sent_ms = 0;
  bool acknowledged = false;
  int64_t waiting_offset = -1;          // acknowledged queue offset, in the level's queue for a delayed message
  // Of a transaction:
  bool transactional = false;
  Decision decision = Decision::kNone;  // what its producer holds to whoever asks
  int64_t decided_ms = -1;
  enum class Mind : uint8_t { kDecides, kWhenAsked, kNever } mind = Mind::kDecides;
  int32_t commits = 0;                  // commits sent
  bool checked = false;                 // the broker asked about it at least once
  // Of the retry topic:
  int32_t failures = 0;                 // tries that fail
  struct GivenBack { int64_t ms; int32_t level; };
  std::map<int32_t, GivenBack> given_back;   // by reconsumeTimes: first attempt to give it back
  std::set<int32_t> handled;            // reconsumeTimes with which a try went well
};

/// A record as a reader saw it, in the order of its queue.
struct Copy {
  uint64_t id = 0;
  int64_t queue_offset = 0;
  int64_t store_ms = 0;
  int32_t reconsumeTimes = 0;
  std::string retry_topic;              // RETRY_TOPIC
};
using Copies = std::map<QueueKey, std::vector<Copy>>;

class Dealings {
 public:
  explicit Dealings(std::vector<int64_t> delays_ms) : delays_ms_(std::move(delays_ms)) {}

  Sent& issue(const QueueKey& queue, int64_t now_ms);
  Sent* find(uint64_t id);
  const std::map<uint64_t, Sent>& all() const noexcept { return sent_; }
  int64_t delay_ms(int32_t level) const { return delays_ms_[std::min(static_cast<size_t>(level), delays_ms_.size()) - 1]; }

  /// Rules 9 to 11, 13 and 14. `final`: everything has had its time; else only what can never become right again.
  Violations check(const Copies& copies, bool final) const;
  void something_broke() noexcept { undisturbed_ = false; }

  // --- locks ----------------------------------------------------------------------------------------------------------
  /// Times here are ms of the world. `asked_ms` .. `told_ms`: the broker granted it some time in between.
  void granted(const QueueKey& queue, const std::string& client, int64_t asked_ms, int64_t told_ms);
  /// From the moment the client asks for it.
  void unlocking(const QueueKey& queue, const std::string& client);
  /// Locks do not survive the broker's process.
  void broker_gone(int64_t now_ms) noexcept { broker_gone_ms_ = now_ms; }
  /// A client that holds the queue's lock handles the message at this offset.
  void handles(const QueueKey& queue, int64_t offset, uint64_t id);
  Violations violations;   // of rules 12 and 13, as they happen

 private:
  using Where = std::map<uint64_t, std::vector<std::pair<const QueueKey*, const Copy*>>>;
  void check_delayed(const Copies& copies, Violations& out) const;
  void check_order(const Copies& copies, Violations& out) const;
  void check_transactions(const Where& where, bool final, Violations& out) const;
  void check_retries(const Copies& copies, Violations& out) const;
  void check_retried(const Where& where, Violations& out) const;
  static Where by_id(const Copies& copies);

  struct Lock { std::string client; int64_t asked_ms = 0; int64_t told_ms = 0; };
  const std::vector<int64_t> delays_ms_;
  uint64_t last_ = 0;
  std::map<uint64_t, Sent> sent_;
  bool undisturbed_ = true;
  std::map<QueueKey, std::map<std::string, Lock>> locks_;   // the last grant of each client, until it unlocks
  int64_t broker_gone_ms_ = -1;
  std::map<QueueKey, int64_t> handled_to_;
  std::set<uint64_t> ordered_handled_;
};

}  // namespace mq::sim
