#include "broker/meta/offsets.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <unordered_map>

#include "base/badges.h"
#include "base/log.h"
#include "base/string_hash.h"
#include "broker/meta/json_file.h"

namespace mq::broker {

namespace {

Logger log("offset");
constexpr size_t kShards = 32;

template <class V>
using TextMap = std::unordered_map<std::string, V, StringHash, std::equal_to<>>;

/// Of one queue; what is absent is -1.
struct Offsets {
  int64_t committed = -1, pulled = -1, reset = -1;
};

/// One group's offsets in one topic, by queue id: these are dense and small.
struct Queues {
  std::vector<Offsets> of;
  bool has_committed = false;   // some time, some queue

  Offsets& at(int32_t id) {
    if (static_cast<size_t>(id) >= of.size()) of.resize(static_cast<size_t>(id) + 1);
    return of[static_cast<size_t>(id)];
  }
  void commit(int32_t id, int64_t offset) {
    at(id).committed = offset;
    has_committed = true;
  }
  std::optional<int64_t> get(int64_t Offsets::*which, int32_t id) const {
    if (id < 0 || static_cast<size_t>(id) >= of.size() || of[static_cast<size_t>(id)].*which < 0) return std::nullopt;
    return of[static_cast<size_t>(id)].*which;
  }
  /// By queue id, up to the last queue that has one.
  std::vector<int64_t> all(int64_t Offsets::*which) const {
    std::vector<int64_t> list;
    list.reserve(of.size());
    for (const Offsets& o : of) list.push_back(o.*which);
    while (!list.empty() && list.back() < 0) list.pop_back();
    return list;
  }
};

constexpr int32_t kMaxQueueId = 1 << 16;   // a commit for a larger id is not kept

}  // namespace

struct OffsetTable::Impl {
  struct Shard {
    mutable Mutex mu;
    TextMap<TextMap<Queues>> groups GUARDED_BY(mu);   // group -> topic
  };

  BrokerContext& broker;
  std::array<Shard, kShards> shards;   // by group
  std::atomic<bool> dirty{false};      // badge: published
  std::atomic<bool> some_reset{false}; // badge: published; there was a reset: until then no pull looks for one
  std::atomic<int64_t> version{0};     // badge: published
  bool saving = false;                 // badge: owned by ctl; a save waits for the disk

  explicit Impl(BrokerContext& b) : broker(b) {}
  Shard& shard(std::string_view group) { return shards[StringHash()(group) % kShards]; }
  std::string path() const { return broker.store.root_dir() + "/config/consumerOffset.json"; }

  template <class F>
  auto with(std::string_view group, std::string_view topic, F use) -> decltype(use(static_cast<Queues*>(nullptr))) {
    Shard& s = shard(group);
    MutexLock lock(s.mu);
    const auto g = s.groups.find(group);
    if (g == s.groups.end()) return use(nullptr);
    const auto t = g->second.find(topic);
    return use(t == g->second.end() ? nullptr : &t->second);
  }
  template <class F>
  void change(std::string_view group, std::string_view topic, F use) {
    Shard& s = shard(group);
    MutexLock lock(s.mu);
    auto g = s.groups.find(group);
    if (g == s.groups.end()) g = s.groups.emplace(std::string(group), TextMap<Queues>{}).first;
    auto t = g->second.find(topic);
    if (t == g->second.end()) t = g->second.emplace(std::string(topic), Queues{}).first;
    use(t->second);
  }

  /// What is committed, by group, of each topic by topic.
  struct Committed {
    std::string topic;
    std::vector<Offsets> of;

    Json json() const {
      Json offsets = Json::object();
      for (size_t i = 0; i < of.size(); ++i) if (of[i].committed >= 0) offsets.add(static_cast<int64_t>(i), of[i].committed);
      return offsets;
    }
  };
  std::map<std::string, std::vector<Committed>> committed() {
    std::map<std::string, std::vector<Committed>> groups;
    for (Shard& s : shards) {
      MutexLock lock(s.mu);   // pulls wait for it: no more than copies
      for (const auto& [group, topics] : s.groups) {
        for (const auto& [topic, q] : topics) {
          if (std::ranges::any_of(q.of, [](const Offsets& o) { return o.committed >= 0; })) groups[group].push_back({topic, q.of});
        }
      }
    }
    for (auto& [group, topics] : groups) std::ranges::sort(topics, {}, &Committed::topic);
    return groups;
  }

  Json to_json() {
    const auto groups = committed();
    std::vector<std::pair<std::string, const Committed*>> rows;
    Json offsets = Json::object(), group_topics = Json::object();
    for (const auto& [group, topics] : groups) {
      Json list = Json::array();
      for (const Committed& c : topics) {
        list.push(c.topic);
        rows.emplace_back(c.topic + "@" + group, &c);
      }
      group_topics.add(group, std::move(list));
    }
    std::ranges::sort(rows);
    offsets.members().reserve(rows.size());
    for (auto& [key, of] : rows) offsets.add(std::move(key), of->json());
    return Json::object()
        .add("dataVersion", Json::object().add("counter", version.load()).add("stateVersion", 0).add("timestamp", broker.env.clock().now_ms()))
        .add("groupTopicMap", std::move(group_topics))
        .add("offsetTable", std::move(offsets));
  }
};

OffsetTable::OffsetTable(BrokerContext& broker) : impl_(std::make_shared<Impl>(broker)) {}

Result<> OffsetTable::load() {
  const Json file = load_json_file(impl_->broker.env.fs(), impl_->path());
  impl_->version.store(file["dataVersion"]["counter"].as_int());
  for (const auto& [key, queues] : file["offsetTable"].members()) {
    const std::string text = key.as_string();
    const size_t at = text.find('@');
    if (at == std::string::npos) continue;
    impl_->change(text.substr(at + 1), text.substr(0, at), [&](Queues& q) {
      for (const auto& [id, offset] : queues.members()) {
        if (const int64_t n = id.as_int(-1); n >= 0 && n < kMaxQueueId) q.commit(static_cast<int32_t>(n), offset.as_int());
      }
    });
  }
  return {};
}

std::optional<int64_t> OffsetTable::find(std::string_view group, std::string_view topic, int32_t id) const {
  return impl_->with(group, topic, [&](const Queues* q) { return q ? q->get(&Offsets::committed, id) : std::nullopt; });
}

void OffsetTable::commit(std::string_view group, std::string_view topic, int32_t id, int64_t offset) {
  if (id < 0 || id >= kMaxQueueId) return;
  impl_->change(group, topic, [&](Queues& q) { q.commit(id, offset); });   // a negative one: none is known any more
  impl_->dirty.store(true, std::memory_order_release);
}

void OffsetTable::note_pull(std::string_view group, std::string_view topic, int32_t id, int64_t offset, std::optional<int64_t> committed) {
  if (id < 0 || id >= kMaxQueueId) return;
  impl_->change(group, topic, [&](Queues& q) {
    q.at(id).pulled = offset;
    if (committed) q.commit(id, *committed);
  });
  if (committed) impl_->dirty.store(true, std::memory_order_release);
}

std::optional<int64_t> OffsetTable::pull_offset(std::string_view group, std::string_view topic, int32_t id) const {
  return impl_->with(group, topic, [&](const Queues* q) { return q ? q->get(&Offsets::pulled, id) : std::nullopt; });
}

void OffsetTable::reset(std::string_view group, std::string_view topic, int32_t id, int64_t offset) {
  if (id < 0 || id >= kMaxQueueId || offset < 0) return;
  impl_->change(group, topic, [&](Queues& q) {
    q.at(id).reset = offset;
    q.commit(id, offset);
    impl_->some_reset.store(true, std::memory_order_release);
  });
  impl_->dirty.store(true, std::memory_order_release);
}

bool OffsetTable::reset_pending(std::string_view group, std::string_view topic, int32_t id) const {
  return impl_->with(group, topic, [&](const Queues* q) { return q && q->get(&Offsets::reset, id).has_value(); });
}

std::optional<int64_t> OffsetTable::take_reset(std::string_view group, std::string_view topic, int32_t id) {
  if (!impl_->some_reset.load(std::memory_order_acquire)) return std::nullopt;
  return impl_->with(group, topic, [&](Queues* q) -> std::optional<int64_t> {
    const auto offset = q ? q->get(&Offsets::reset, id) : std::nullopt;
    if (offset) q->at(id).reset = -1;
    return offset;
  });
}

std::map<int32_t, int64_t> OffsetTable::queues_of(std::string_view group, std::string_view topic) const {
  return impl_->with(group, topic, [&](const Queues* q) {
    std::map<int32_t, int64_t> found;
    if (q) for (size_t i = 0; i < q->of.size(); ++i) if (q->of[i].committed >= 0) found[static_cast<int32_t>(i)] = q->of[i].committed;
    return found;
  });
}

std::set<std::string> OffsetTable::topics_of(std::string_view group) const {
  std::set<std::string> found;
  Impl::Shard& s = impl_->shard(group);
  MutexLock lock(s.mu);
  const auto g = s.groups.find(group);
  if (g != s.groups.end()) for (const auto& [topic, q] : g->second) if (q.has_committed) found.insert(topic);
  return found;
}

std::vector<OffsetTable::Row> OffsetTable::rows() const {
  std::vector<Row> rows;
  for (Impl::Shard& s : impl_->shards) {
    MutexLock lock(s.mu);
    for (const auto& [group, topics] : s.groups) {
      for (const auto& [topic, queues] : topics) rows.push_back({group, topic, queues.all(&Offsets::committed), queues.all(&Offsets::pulled)});
    }
  }
  return rows;
}

std::set<std::string> OffsetTable::groups_of(std::string_view topic) const {
  std::set<std::string> found;
  for (Impl::Shard& s : impl_->shards) {
    MutexLock lock(s.mu);
    for (const auto& [group, topics] : s.groups) {
      const auto it = topics.find(topic);
      if (it != topics.end() && it->second.has_committed) found.insert(group);
    }
  }
  return found;
}

void OffsetTable::remove_topic(std::string_view topic) {
  for (Impl::Shard& s : impl_->shards) {
    MutexLock lock(s.mu);
    for (auto& [group, topics] : s.groups) {
      if (const auto it = topics.find(topic); it != topics.end()) topics.erase(it);
    }
  }
  impl_->dirty.store(true, std::memory_order_release);
}

void OffsetTable::remove_group(std::string_view group) {
  Impl::Shard& s = impl_->shard(group);
  MutexLock lock(s.mu);
  if (const auto it = s.groups.find(group); it != s.groups.end()) s.groups.erase(it);
  impl_->dirty.store(true, std::memory_order_release);
}

std::string OffsetTable::encode() const { return to_text(impl_->to_json()); }

void OffsetTable::persist_when_durable() {
  if (impl_->saving || !impl_->dirty.exchange(false, std::memory_order_acq_rel)) return;
  impl_->version.fetch_add(1);
  impl_->saving = true;
  save_when_durable(impl_->broker, impl_->path(), impl_->to_json(), [impl = impl_](Result<> saved) {
    impl->saving = false;
    if (saved) return;
    impl->dirty.store(true, std::memory_order_release);
    log.error("consumerOffset.json cannot be written: {}", saved.error().message());
  });
}

Result<> OffsetTable::persist() {
  if (!impl_->dirty.exchange(false, std::memory_order_acq_rel)) return {};
  impl_->version.fetch_add(1);
  auto saved = save_json_file(impl_->broker.env.fs(), impl_->path(), impl_->to_json());
  if (!saved) impl_->dirty.store(true, std::memory_order_release);
  return saved;
}

}  // namespace mq::broker
