// What one io loop remembers of the topics it serves: the TopicRef and its queues, so that a hot request needs no lock and
// no allocation to find them.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/string_hash.h"
#include "broker/meta/topics.h"
#include "store/format/index_layout.h"

namespace mq::broker {

/// Badge: owned by one io loop. Entries of deleted topics are dropped when met.
class TopicCache {
 public:
  struct Entry {
    TopicRef topic;
    int32_t key_hash_start = 0;            // store::index_hash_start() of its name
    std::shared_ptr<const wire::TopicConfig> config = nullptr;   // as of config_version
    uint64_t config_version = 0;
    std::vector<store::QueueRef> queues;   // by queue id; null until used
    TopicTraffic* puts = nullptr;          // null until used
    std::unordered_map<std::string, GroupTraffic*, StringHash, std::equal_to<>> gets;   // by group
  };

  /// `loop`: the io loop's index, for its counters.
  TopicCache(TopicTable& topics, store::Store& store, Traffic& traffic, size_t loop)
      : topics_(topics), store_(store), traffic_(traffic), loop_(loop) {}

  /// Null when the broker does not have the topic. The pointer is valid until the next call.
  Entry* find(std::string_view name) {
    if (last_ && !last_->topic->removed() && last_->topic->name() == name) [[likely]] return last_;
    return look_up(name);
  }

  /// The topic's config, valid until the next call with the same entry.
  static const std::shared_ptr<const wire::TopicConfig>& config(Entry& entry) {
    if (const uint64_t version = entry.topic->config_version(); version != entry.config_version) [[unlikely]] {
      entry.config = entry.topic->config();
      entry.config_version = version;
    }
    return entry.config;
  }

  /// The queue of an entry; `id` has been checked against the topic's config.
  const store::QueueRef& queue(Entry& entry, int32_t id) {
    const auto index = static_cast<size_t>(id);
    if (index >= entry.queues.size()) entry.queues.resize(index + 1);
    store::QueueRef& q = entry.queues[index];
    if (!q) q = store_.queue(entry.topic->name(), id);
    return q;
  }

  TopicTraffic& puts(Entry& entry) {
    if (!entry.puts) [[unlikely]] entry.puts = &traffic_.topic(loop_, entry.topic->name());
    return *entry.puts;
  }
  GroupTraffic& gets(Entry& entry, std::string_view group) {
    if (const auto it = entry.gets.find(group); it != entry.gets.end()) [[likely]] return *it->second;
    return *entry.gets.emplace(std::string(group), &traffic_.group(loop_, entry.topic->name(), group)).first->second;
  }

 private:
  static constexpr size_t kMaxEntries = 1 << 16;   // then the cache starts afresh

  Entry* look_up(std::string_view name) {
    last_ = nullptr;
    if (auto it = entries_.find(name); it != entries_.end()) {
      if (!it->second.topic->removed()) return last_ = &it->second;
      entries_.erase(it);
    }
    TopicRef topic = topics_.find(name);
    if (!topic) return nullptr;
    if (entries_.size() >= kMaxEntries) entries_.clear();
    return last_ = &entries_.emplace(std::string(name), Entry{.topic = std::move(topic), .key_hash_start = store::index_hash_start(name)}).first->second;
  }

  TopicTable& topics_;
  store::Store& store_;
  Traffic& traffic_;
  const size_t loop_;
  std::unordered_map<std::string, Entry, StringHash, std::equal_to<>> entries_;
  Entry* last_ = nullptr;
};

}  // namespace mq::broker
