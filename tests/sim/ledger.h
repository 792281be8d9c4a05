// What a simulated run has sent and what it was promised: the reference against which a store or broker is checked.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace mq::sim {

/// Where a message belongs.
struct QueueKey {
  std::string topic;
  int32_t queue_id = 0;
  auto operator<=>(const QueueKey&) const = default;
  std::string to_string() const { return topic + "-" + std::to_string(queue_id); }
};

enum class Promise : uint8_t {
  kNone,       // sent, not acknowledged: may or may not be there
  kProcess,    // acknowledged from memory: survives the process
  kDisk,       // acknowledged after the disk: survives the machine
};

struct Message {
  uint64_t id = 0;
  QueueKey queue;
  Promise promise = Promise::kNone;
  int64_t queue_offset = -1;   // as acknowledged
  int64_t phy_end = -1;        // behind its record, as acknowledged
  bool dead = false;           // was missing after a restart that allowed it: must never come back
};

/// Messages are told apart by a number that their body begins with; the whole body follows from it, so any mixture of
/// old and new bytes shows. Numbers of one sender ascend: `id % kSenders` is the sender.
class Ledger {
 public:
  static constexpr uint64_t kSenders = 16;

  uint64_t issue(const QueueKey& queue, uint64_t sender);
  void acknowledge(uint64_t id, Promise promise, int64_t queue_offset, int64_t phy_end);
  Message* find(uint64_t id);
  const std::map<uint64_t, Message>& messages() const noexcept { return messages_; }

  /// The id of a body; 0 when the body is not exactly one that was made here.
  static uint64_t id_of(std::string_view body);
  static std::string body_of(uint64_t id);
  static std::string tags_of(uint64_t id) { return "tag" + std::to_string(id % 5); }
  static std::string keys_of(uint64_t id) { return "key" + std::to_string(id); }
  static std::string properties_of(uint64_t id);

  /// What a crash leaves of the promises: those that must be found afterwards. `flushed`: a physical offset up to which
  /// the log was known to be durable.
  std::vector<const Message*> must_survive(bool power, int64_t flushed) const;
  /// After a check: all that is not in `present` is dead, all that is counts as acknowledged from memory, where it was
  /// found (id -> queue offset).
  void settle(const std::map<uint64_t, int64_t>& present);

 private:
  uint64_t last_ = 0;
  std::map<uint64_t, Message> messages_;
};

}  // namespace mq::sim
