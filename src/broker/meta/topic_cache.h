// What one io loop remembers of the topics it serves: the TopicRef and its queues, so that a hot request needs no lock and
// no allocation to find them.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/slab.h"
#include "base/string_hash.h"
#include "broker/meta/topics.h"

namespace mq::broker {

/// Badge: owned by one io loop. Entries of deleted topics are dropped when met.
///
/// With ten thousand topics nothing of the one that is asked for is in the processor's caches: what a message needs of it stands
/// together, and is fetched at the same time, not one after the other.
class TopicCache {
 public:
  struct Entry {
    std::array<char, 40> name_start{};     // of the topic; the whole name when it is not longer
    uint16_t name_size = 0;
    bool send_forbidden = false;           // one of the broker's own
    int32_t key_hash_start = 0;            // store::index_hash_start() of its name
    uint64_t changes = 0;                  // TopicTable::changes() when the topic was looked at last
    TopicTraffic* puts = nullptr;          // null until used
    TopicRef topic = nullptr;
    std::shared_ptr<const wire::TopicConfig> config = nullptr;
    uint64_t config_version = 0;
    std::array<store::QueueRef, 8> first_queues;   // by queue id; null until used
    std::vector<store::QueueRef> more_queues;      // from id 8 on
    std::unordered_map<std::string, GroupTraffic*, StringHash, std::equal_to<>> gets;   // by group

    bool is(std::string_view name) const noexcept {
      if (name.size() != name_size) return false;
      return name.size() <= name_start.size() ? name == std::string_view(name_start.data(), name_size) : name == topic->name();
    }
  };

  /// `loop`: the io loop's index, for its counters.
  TopicCache(TopicTable& topics, store::Store& store, Traffic& traffic, size_t loop)
      : topics_(topics), store_(store), traffic_(traffic), loop_(loop), slots_(kFirstSlots) {}

  /// Null when the broker does not have the topic. The pointer is valid until the next call. `queue_id`: which of its queues will be
  /// used, as far as it is known.
  Entry* find(std::string_view name, int32_t queue_id = -1) {
    const uint64_t changes = topics_.changes();
    Entry* entry = last_ && last_->is(name) ? last_ : known(name);
    if (!entry) [[unlikely]] return add(name, changes);
    if (entry->changes != changes && !renew(*entry, changes)) [[unlikely]] return add(name, changes);
    expect(*entry, queue_id);
    return last_ = entry;
  }

  /// The topic's config, valid until the next find().
  static const std::shared_ptr<const wire::TopicConfig>& config(const Entry& entry) noexcept { return entry.config; }

  /// The queue of an entry; `id` has been checked against the topic's config.
  const store::QueueRef& queue(Entry& entry, int32_t id) {
    auto index = static_cast<size_t>(id);
    const bool is_first = index < entry.first_queues.size();
    if (!is_first) {
      index -= entry.first_queues.size();
      if (index >= entry.more_queues.size()) entry.more_queues.resize(index + 1);
    }
    store::QueueRef& q = is_first ? entry.first_queues[index] : entry.more_queues[index];
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
  static constexpr size_t kFirstSlots = 64;

  struct Gone {
    void operator()(Entry* e) const noexcept { std::destroy_at(e), SlabAllocator<Entry>().deallocate(e, 1); }
  };
  using Owner = std::unique_ptr<Entry, Gone>;
  /// One place of the table: open addressing, a power of two of them, half of them empty at least.
  struct Slot {
    size_t hash = 0;
    Owner entry;
  };

  static size_t hash_of(std::string_view name) noexcept;
  static void expect(const Entry& e, int32_t queue_id) noexcept;
  Slot* slot_of(size_t hash, std::string_view name) noexcept;
  Entry* known(std::string_view name) noexcept {
    const Slot* slot = slot_of(hash_of(name), name);
    return slot->entry.get();
  }
  bool renew(Entry& entry, uint64_t changes);
  Entry* add(std::string_view name, uint64_t changes);
  void drop(std::string_view name);
  void grow();

  TopicTable& topics_;
  store::Store& store_;
  Traffic& traffic_;
  const size_t loop_;
  std::vector<Slot> slots_;
  size_t count_ = 0;
  Entry* last_ = nullptr;
};

}  // namespace mq::broker
