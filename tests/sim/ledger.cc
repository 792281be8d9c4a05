#include "ledger.h"

#include <charconv>

#include "base/check.h"
#include "env/sim_rng.h"

namespace mq::sim {

uint64_t Ledger::issue(const QueueKey& queue, uint64_t sender) {
  const uint64_t id = ++last_ * kSenders + sender;
  messages_[id] = {.id = id, .queue = queue};
  return id;
}

Message* Ledger::find(uint64_t id) {
  const auto found = messages_.find(id);
  return found == messages_.end() ? nullptr : &found->second;
}

void Ledger::acknowledge(uint64_t id, Promise promise, int64_t queue_offset, int64_t phy_end) {
  Message* message = find(id);
  MQ_CHECK(message);
  message->promise = std::max(message->promise, promise);
  message->queue_offset = queue_offset;
  message->phy_end = phy_end;
}

std::string Ledger::body_of(uint64_t id) {
  env::SimRng rng(id);
  // Mostly small; some span pages, so that a torn page hits the middle of a record.
  const uint64_t size = rng.chance(0.1) ? rng.below(6000) : rng.below(200);
  std::string body = "id=" + std::to_string(id) + ";";
  while (body.size() < size) body += static_cast<char>('a' + rng.below(26));
  return body;
}

uint64_t Ledger::id_of(std::string_view body) {
  if (!body.starts_with("id=")) return 0;
  uint64_t id = 0;
  std::from_chars(body.data() + 3, body.data() + body.size(), id);
  return id != 0 && body == body_of(id) ? id : 0;
}

std::string Ledger::properties_of(uint64_t id) {
  return "TAGS\x01" + tags_of(id) + "\x02" + "KEYS\x01" + keys_of(id) + "\x02";
}

std::vector<const Message*> Ledger::must_survive(bool power, int64_t flushed) const {
  std::vector<const Message*> out;
  for (const auto& [id, message] : messages_) {
    if (message.dead || message.promise == Promise::kNone) continue;
    if (!power || message.promise == Promise::kDisk || (message.phy_end >= 0 && message.phy_end <= flushed)) {
      out.push_back(&message);
    }
  }
  return out;
}

void Ledger::settle(const std::map<uint64_t, int64_t>& present) {
  for (auto& [id, message] : messages_) {
    const auto found = present.find(id);
    if (found == present.end()) {
      message.dead = true;
      continue;
    }
    message.promise = std::max(message.promise, Promise::kProcess);
    message.queue_offset = found->second;
  }
}

}  // namespace mq::sim
