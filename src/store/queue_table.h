// QueueTable: all queues by topic and queue id.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/badges.h"
#include "base/string_hash.h"
#include "store/consume_queue.h"

namespace mq::store {

/// Any thread. The append section may call it while it holds the append mutex (docs/locks.md).
class QueueTable {
 public:
  explicit QueueTable(const ExtFiles* ext = nullptr) : ext_(ext) {}

  std::shared_ptr<ConsumeQueue> find(std::string_view topic, int32_t queue_id) const;
  std::shared_ptr<ConsumeQueue> find_or_make(std::string_view topic, int32_t queue_id);
  /// The topic's queues by queue id.
  std::vector<std::shared_ptr<ConsumeQueue>> of_topic(std::string_view topic) const;
  /// Takes all queues of the topic out.
  std::vector<std::shared_ptr<ConsumeQueue>> remove_topic(std::string_view topic);
  void remove(const ConsumeQueue& queue);
  void clear();
  std::vector<std::shared_ptr<ConsumeQueue>> all() const;
  size_t size() const;
  /// Grows with each queue that comes or goes.
  uint64_t changes() const;

 private:
  using Queues = std::vector<std::shared_ptr<ConsumeQueue>>;   // of one topic, by queue id; never empty

  const ExtFiles* const ext_;   // null: there is no ConsumeQueueExt
  mutable Mutex mu_;
  std::unordered_map<std::string, Queues, StringHash, std::equal_to<>> topics_ GUARDED_BY(mu_);   // badge: guarded
  size_t size_ GUARDED_BY(mu_) = 0;        // badge: guarded
  uint64_t changes_ GUARDED_BY(mu_) = 0;   // badge: guarded
};

}  // namespace mq::store
