// QueueTable: all queues by topic and queue id.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/badges.h"
#include "store/consume_queue.h"

namespace mq::store {

/// Any thread. The append section may call it while it holds the append mutex (docs/locks.md).
class QueueTable {
 public:
  explicit QueueTable(const ExtFiles* ext = nullptr) : ext_(ext) {}

  std::shared_ptr<ConsumeQueue> find(std::string_view topic, int32_t queue_id) const;
  std::shared_ptr<ConsumeQueue> find_or_make(std::string_view topic, int32_t queue_id);
  /// Takes all queues of the topic out.
  std::vector<std::shared_ptr<ConsumeQueue>> remove_topic(std::string_view topic);
  void remove(const ConsumeQueue& queue);
  void clear();
  std::vector<std::shared_ptr<ConsumeQueue>> all() const;
  size_t size() const;
  /// Grows with each queue that comes or goes.
  uint64_t changes() const;

 private:
  struct Key {
    std::string_view topic;
    int32_t queue_id;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& k) const noexcept {
      return std::hash<std::string_view>()(k.topic) ^ (static_cast<size_t>(static_cast<uint32_t>(k.queue_id)) * 0x9E3779B97F4A7C15u);
    }
  };

  const ExtFiles* const ext_;   // null: there is no ConsumeQueueExt
  mutable Mutex mu_;
  // The keys look into the topic names of the queues they lead to.
  std::unordered_map<Key, std::shared_ptr<ConsumeQueue>, Hash> queues_ GUARDED_BY(mu_);   // badge: guarded
  uint64_t changes_ GUARDED_BY(mu_) = 0;   // badge: guarded
};

}  // namespace mq::store
