#include "store/queue_table.h"

#include "base/slab.h"

namespace mq::store {

std::shared_ptr<ConsumeQueue> QueueTable::find(std::string_view topic, int32_t queue_id) const {
  MutexLock lock(mu_);
  const auto it = queues_.find({topic, queue_id});
  return it == queues_.end() ? nullptr : it->second;
}

std::shared_ptr<ConsumeQueue> QueueTable::find_or_make(std::string_view topic, int32_t queue_id) {
  if (auto q = find(topic, queue_id)) return q;
  auto made = std::allocate_shared<ConsumeQueue>(SlabAllocator<ConsumeQueue>(), std::string(topic), queue_id, ext_);
  MutexLock lock(mu_);
  const auto [at, fresh] = queues_.try_emplace({made->topic(), queue_id}, made);
  changes_ += fresh;
  return at->second;
}

std::vector<std::shared_ptr<ConsumeQueue>> QueueTable::remove_topic(std::string_view topic) {
  std::vector<std::shared_ptr<ConsumeQueue>> removed;
  MutexLock lock(mu_);
  for (auto it = queues_.begin(); it != queues_.end();) {
    if (it->first.topic != topic) {
      ++it;
      continue;
    }
    removed.push_back(it->second);
    it = queues_.erase(it);
    ++changes_;
  }
  return removed;
}

void QueueTable::remove(const ConsumeQueue& queue) {
  std::shared_ptr<ConsumeQueue> removed;   // destroyed after the lock is released
  MutexLock lock(mu_);
  const auto it = queues_.find({queue.topic(), queue.queue_id()});
  if (it == queues_.end() || it->second.get() != &queue) return;
  removed = it->second;
  queues_.erase(it);
  ++changes_;
}

void QueueTable::clear() {
  MutexLock lock(mu_);
  queues_.clear();
  ++changes_;
}

std::vector<std::shared_ptr<ConsumeQueue>> QueueTable::all() const {
  std::vector<std::shared_ptr<ConsumeQueue>> list;
  MutexLock lock(mu_);
  list.reserve(queues_.size());
  for (const auto& [key, queue] : queues_) list.push_back(queue);
  return list;
}

size_t QueueTable::size() const {
  MutexLock lock(mu_);
  return queues_.size();
}

uint64_t QueueTable::changes() const {
  MutexLock lock(mu_);
  return changes_;
}

}  // namespace mq::store
