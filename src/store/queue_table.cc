#include "store/queue_table.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/slab.h"

namespace mq::store {

namespace {

/// Where the queue with this id is among those of its topic, or belongs.
auto place_of(auto& queues, int32_t queue_id) {
  return std::ranges::lower_bound(queues, queue_id, {}, [](const std::shared_ptr<ConsumeQueue>& q) { return q->queue_id(); });
}

}  // namespace

std::shared_ptr<ConsumeQueue> QueueTable::find(std::string_view topic, int32_t queue_id) const {
  MutexLock lock(mu_);
  const auto queues = topics_.find(topic);
  if (queues == topics_.end()) return nullptr;
  const auto at = place_of(queues->second, queue_id);
  return at != queues->second.end() && (*at)->queue_id() == queue_id ? *at : nullptr;
}

std::shared_ptr<ConsumeQueue> QueueTable::find_or_make(std::string_view topic, int32_t queue_id) {
  if (auto q = find(topic, queue_id)) return q;
  auto made = std::allocate_shared<ConsumeQueue>(SlabAllocator<ConsumeQueue>(), std::string(topic), queue_id, ext_);
  MutexLock lock(mu_);
  auto queues = topics_.find(topic);
  if (queues == topics_.end()) queues = topics_.try_emplace(std::string(topic)).first;
  const auto at = place_of(queues->second, queue_id);
  if (at != queues->second.end() && (*at)->queue_id() == queue_id) return *at;   // another thread was faster
  queues->second.insert(at, made);
  ++size_;
  ++changes_;
  return made;
}

std::vector<std::shared_ptr<ConsumeQueue>> QueueTable::of_topic(std::string_view topic) const {
  MutexLock lock(mu_);
  const auto queues = topics_.find(topic);
  return queues == topics_.end() ? Queues() : queues->second;
}

std::vector<std::shared_ptr<ConsumeQueue>> QueueTable::remove_topic(std::string_view topic) {
  MutexLock lock(mu_);
  const auto queues = topics_.find(topic);
  if (queues == topics_.end()) return {};
  Queues removed = std::move(queues->second);
  topics_.erase(queues);
  size_ -= removed.size();
  changes_ += removed.size();
  return removed;
}

void QueueTable::remove(const ConsumeQueue& queue) {
  std::shared_ptr<ConsumeQueue> removed;   // destroyed after the lock is released
  MutexLock lock(mu_);
  const auto queues = topics_.find(queue.topic());
  if (queues == topics_.end()) return;
  const auto at = place_of(queues->second, queue.queue_id());
  if (at == queues->second.end() || at->get() != &queue) return;
  removed = std::move(*at);
  queues->second.erase(at);
  if (queues->second.empty()) topics_.erase(queues);
  --size_;
  ++changes_;
}

void QueueTable::clear() {
  MutexLock lock(mu_);
  topics_.clear();
  size_ = 0;
  ++changes_;
}

std::vector<std::shared_ptr<ConsumeQueue>> QueueTable::all() const {
  std::vector<std::shared_ptr<ConsumeQueue>> list;
  MutexLock lock(mu_);
  list.reserve(size_);
  for (const auto& [topic, queues] : topics_) list.insert(list.end(), queues.begin(), queues.end());
  return list;
}

size_t QueueTable::size() const {
  MutexLock lock(mu_);
  return size_;
}

uint64_t QueueTable::changes() const {
  MutexLock lock(mu_);
  return changes_;
}

}  // namespace mq::store
