#include "broker/meta/topic_cache.h"

#include <algorithm>
#include <cstring>

#include "msg/names.h"
#include "store/format/index_layout.h"
#include "store/store.h"

namespace mq::broker {

/// Asks for all that the request will touch, so that the misses pass together while its header is looked at.
void TopicCache::expect(const Entry& e, int32_t queue_id) noexcept {
  const auto* config = reinterpret_cast<const char*>(e.config.get());
  for (size_t at = 0; at < sizeof(wire::TopicConfig); at += 64) __builtin_prefetch(config + at);
  if (queue_id < 0 || e.puts == nullptr) return;   // none: what was sent to it so far has been refused
  __builtin_prefetch(e.puts, 1);
  __builtin_prefetch(reinterpret_cast<const char*>(e.puts) + 64, 1);
  if (static_cast<size_t>(queue_id) < e.first_queues.size()) __builtin_prefetch(e.first_queues[static_cast<size_t>(queue_id)].get(), 1);
}

/// Eight bytes at a time: names are short, and one is hashed for each message.
size_t TopicCache::hash_of(std::string_view name) noexcept {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;
  uint64_t hash = name.size();
  const auto mix = [&hash](uint64_t word) {
    hash = (hash ^ word) * kOdd;
    hash ^= hash >> 29;
  };
  const char* p = name.data();
  size_t left = name.size();
  for (; left >= 8; p += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, p, sizeof word);
    mix(word);
  }
  uint64_t rest = 0;
  for (; left > 0; --left) rest = rest << 8 | static_cast<unsigned char>(*p++);
  mix(rest);
  return hash;
}

/// The slot of the topic, or the empty one where it belongs.
TopicCache::Slot* TopicCache::slot_of(size_t hash, std::string_view name) noexcept {
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    Slot& slot = slots_[i];
    if (!slot.entry || (slot.hash == hash && slot.entry->is(name))) return &slot;
  }
}

/// Something has changed: is it this one? False when the topic is no longer.
bool TopicCache::renew(Entry& entry, uint64_t changes) {
  if (entry.topic->removed()) return false;
  if (const uint64_t version = entry.topic->config_version(); version != entry.config_version) {
    entry.config = entry.topic->config();
    entry.config_version = version;
  }
  entry.changes = changes;
  return true;
}

TopicCache::Entry* TopicCache::add(std::string_view name, uint64_t changes) {
  drop(name);
  TopicRef topic = topics_.find(name);
  if (!topic) return nullptr;
  if (count_ >= kMaxEntries) {
    slots_ = std::vector<Slot>(kFirstSlots);
    count_ = 0;
  }
  if (2 * (count_ + 1) > slots_.size()) grow();
  Owner entry(new (SlabAllocator<Entry>().allocate(1)) Entry{});
  entry->topic = std::move(topic);
  const std::string& whole = entry->topic->name();
  entry->name_size = static_cast<uint16_t>(whole.size());
  entry->send_forbidden = is_send_forbidden_topic(whole);
  entry->key_hash_start = store::index_hash_start(whole);
  std::copy_n(whole.data(), std::min(whole.size(), entry->name_start.size()), entry->name_start.data());
  if (!renew(*entry, changes)) return nullptr;   // deleted just now
  const size_t hash = hash_of(name);
  Slot& slot = *slot_of(hash, name);
  slot = {hash, std::move(entry)};
  ++count_;
  return last_ = slot.entry.get();
}

void TopicCache::drop(std::string_view name) {
  last_ = nullptr;
  Slot* gone = slot_of(hash_of(name), name);
  if (!gone->entry) return;
  gone->entry.reset();
  --count_;
  // Those behind it up to the next empty slot may have stood there because this one was taken.
  const size_t mask = slots_.size() - 1;
  for (size_t i = (static_cast<size_t>(gone - slots_.data()) + 1) & mask; slots_[i].entry; i = (i + 1) & mask) {
    Slot moving = std::move(slots_[i]);
    Slot& place = *slot_of(moving.hash, moving.entry->topic->name());
    place = std::move(moving);
  }
}

void TopicCache::grow() {
  std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
  for (Slot& slot : old) {
    if (!slot.entry) continue;
    Slot& place = *slot_of(slot.hash, slot.entry->topic->name());
    place = std::move(slot);
  }
}

}  // namespace mq::broker
