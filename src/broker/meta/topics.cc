#include "broker/meta/topics.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "msg/names.h"

namespace mq::broker {

namespace {

Logger log("topics");
constexpr int32_t kReadWrite = perm::kRead | perm::kWrite;
constexpr size_t kShards = 64;
constexpr size_t kFolderNameMax = 255;   // bytes, of a file system

/// Can the topic's queues lie in a folder of its name? All that check_topic_name() takes can; a group's retry topic has whatever name
/// administration gave the group.
bool names_a_folder(std::string_view topic) {
  return !topic.empty() && topic.size() <= kFolderNameMax && topic != "." && topic != ".." && topic.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

wire::TopicConfig make(std::string_view name, int32_t queues, int32_t perm) {
  wire::TopicConfig c;
  c.topicName = name;
  c.readQueueNums = c.writeQueueNums = queues;
  c.perm = perm;
  return c;
}

}  // namespace

struct TopicTable::Impl final : TableFile::Table {
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
  };
  struct Shard {
    mutable Mutex mu;
    std::unordered_map<std::string, TopicRef, Hash, std::equal_to<>> topics GUARDED_BY(mu);
  };

  BrokerContext& broker;
  std::array<Shard, kShards> shards;
  Mutex change_mu;                                      // one change at a time; taken before a shard's
  TableFile file;
  std::atomic<uint64_t> changes{1};                     // badge: published
  std::vector<std::string> system;                      // set by load(), then read only

  explicit Impl(BrokerContext& b) : broker(b), file(b.env.fs(), b.env.clock(), b.store.root_dir() + "/config/topics.json", "topic", *this) {}

  wire::DataVersion take(const Json& content) override {
    const wire::TopicConfigTable table = wire::topic_config_table_from(content);
    for (const auto& [name, config] : table.topicConfigTable) add_quietly(config);   // the file wins over the defaults
    return table.dataVersion;
  }
  void take(const std::string& name, const Json& config) override {
    if (config.is_null()) erase(name);
    else add_quietly(wire::topic_config_from(config));
  }
  Json content(const wire::DataVersion& version) const override {
    wire::TopicConfigTable t;
    t.dataVersion = version;
    for (const TopicRef& topic : all()) t.topicConfigTable.emplace(topic->name(), *topic->config());
    return to_json(t, false);
  }
  Json entry(const std::string& name) const override {
    const TopicRef topic = find(name);
    return topic ? to_json(*topic->config()) : Json();
  }
  size_t size() const override {
    size_t count = 0;
    for (const Shard& s : shards) {
      MutexLock lock(s.mu);
      count += s.topics.size();
    }
    return count;
  }

  Shard& shard(std::string_view name) { return shards[Hash{}(name) % kShards]; }
  const Shard& shard(std::string_view name) const { return shards[Hash{}(name) % kShards]; }

  TopicRef find(std::string_view name) const {
    const Shard& s = shard(name);
    MutexLock lock(s.mu);
    const auto it = s.topics.find(name);
    return it == s.topics.end() ? nullptr : it->second;
  }

  void add_quietly(const wire::TopicConfig& c) {
    Shard& s = shard(c.topicName);
    MutexLock lock(s.mu);
    auto [it, fresh] = s.topics.try_emplace(c.topicName, nullptr);
    if (fresh) it->second = std::make_shared<Topic>(c.topicName, c);
    else it->second->config_.set(c);
    changes.fetch_add(1, std::memory_order_release);
  }

  bool erase(std::string_view name) {
    Shard& s = shard(name);
    MutexLock lock(s.mu);
    const auto it = s.topics.find(name);
    if (it == s.topics.end()) return false;
    it->second->removed_.store(true, std::memory_order_release);
    s.topics.erase(it);
    changes.fetch_add(1, std::memory_order_release);
    return true;
  }

  std::vector<TopicRef> all() const {
    std::vector<TopicRef> found;
    for (const Shard& s : shards) {
      MutexLock lock(s.mu);
      for (const auto& [name, topic] : s.topics) found.push_back(topic);
    }
    return found;
  }

  void changed(std::string_view name) {
    file.changed(name);
    if (broker.announcer) broker.announcer->topic_changed(name);
  }

  /// The system topics of spec semantics 2.3.
  void add_system_topics() {
    const BrokerConfig& c = broker.config;
    std::vector<wire::TopicConfig> all{make(kSelfTestTopic, 1, kReadWrite), make("BenchmarkTest", 1024, kReadWrite),
                                       make("OFFSET_MOVED_EVENT", 1, kReadWrite), make(kScheduleTopic, 18, kReadWrite),
                                       make(broker.cluster + "_REPLY_TOPIC", 1, kReadWrite), make(kHalfTopic, 1, kReadWrite),
                                       make(kOpHalfTopic, 1, kReadWrite), make("rmq_sys_wheel_timer", 1, kReadWrite),
                                       make("rmq_sys_REVIVE_LOG_" + broker.cluster, 8, kReadWrite),
                                       make("rmq_sys_SYNC_BROKER_MEMBER_" + broker.broker_name, 1, perm::kInherit),
                                       make(broker.cluster, 16, kReadWrite | perm::kInherit),
                                       make(broker.broker_name, 1, kReadWrite | perm::kInherit)};
    if (c.autoCreateTopicEnable()) all.push_back(make(kAutoCreateTopic, c.defaultTopicQueueNums(), kReadWrite | perm::kInherit));
    if (c.traceTopicEnable()) all.push_back(make(c.msgTraceTopicName(), 1, kReadWrite));
    for (const wire::TopicConfig& t : all) {
      add_quietly(t);
      system.push_back(t.topicName);
    }
    for (std::string_view name : {"TBW102", "RMQ_SYS_TRACE_TOPIC", "TRANS_CHECK_MAX_TIME_TOPIC", "CHECKPOINT_TOPIC"}) {
      if (std::find(system.begin(), system.end(), name) == system.end()) system.emplace_back(name);
    }
    std::sort(system.begin(), system.end());
  }
};

TopicTable::TopicTable(BrokerContext& broker) : impl_(std::make_shared<Impl>(broker)), changes_(&impl_->changes) {}

void TopicTable::load() {
  impl_->add_system_topics();
  impl_->file.load();
}

TopicRef TopicTable::find(std::string_view topic) const { return impl_->find(topic); }

bool TopicTable::put(const wire::TopicConfig& config) {
  {
    MutexLock lock(impl_->change_mu);
    if (const TopicRef old = impl_->find(config.topicName); old && *old->config() == config) return false;
    impl_->add_quietly(config);
  }
  impl_->changed(config.topicName);
  return true;
}

TopicRef TopicTable::create_on_send(std::string_view topic, std::string_view default_topic, int32_t default_queue_nums, bool unit_mode) {
  {
    MutexLock lock(impl_->change_mu);
    if (TopicRef there = impl_->find(topic)) return there;
    const TopicRef model = impl_->find(default_topic);
    if (!model) return nullptr;
    wire::TopicConfig base = *model->config();
    if (default_topic == kAutoCreateTopic && !impl_->broker.config.autoCreateTopicEnable()) {
      // QUIRK: switched off at run time, TBW102 loses its inherit bit for good.
      base.perm = kReadWrite;
      impl_->add_quietly(base);
    }
    if (!(base.perm & perm::kInherit)) return nullptr;
    wire::TopicConfig c = make(topic, std::max(0, std::min(default_queue_nums, base.writeQueueNums)), base.perm & ~perm::kInherit);
    c.topicFilterType = base.topicFilterType;
    c.topicSysFlag = unit_mode ? (is_retry_topic(topic) ? 2 : 1) : 0;
    impl_->add_quietly(c);
  }
  log.info("topic {} is created by a send, after the model of {}", topic, default_topic);
  impl_->changed(topic);
  return impl_->find(topic);
}

TopicRef TopicTable::create_internal(std::string_view topic, int32_t queues, int32_t perm, int32_t sys_flag) {
  if (TopicRef there = impl_->find(topic)) return there;
  if (!names_a_folder(topic)) {
    log.warn("topic {} is not created: its queues could not lie in a folder of that name", topic);
    return nullptr;
  }
  {
    MutexLock lock(impl_->change_mu);
    if (TopicRef there = impl_->find(topic)) return there;
    wire::TopicConfig c = make(topic, queues, perm);
    c.topicSysFlag = sys_flag;
    impl_->add_quietly(c);
  }
  impl_->changed(topic);
  return impl_->find(topic);
}

bool TopicTable::remove(std::string_view topic) {
  {
    MutexLock lock(impl_->change_mu);
    if (!impl_->erase(topic)) return false;
  }
  impl_->file.changed(topic);
  return true;
}

std::vector<TopicRef> TopicTable::all() const { return impl_->all(); }

wire::TopicConfigTable TopicTable::table(bool with_broker_permission) const {
  wire::TopicConfigTable t;
  t.dataVersion = t.mappingDataVersion = data_version();
  for (const TopicRef& topic : all()) t.topicConfigTable.emplace(topic->name(), with_broker_permission ? as_registered(*topic) : *topic->config());
  return t;
}

wire::TopicConfig TopicTable::as_registered(const Topic& topic) const {
  wire::TopicConfig c = *topic.config();
  c.perm &= impl_->broker.config.brokerPermission() | perm::kInherit | perm::kPriority;
  return c;
}

wire::DataVersion TopicTable::data_version() const { return impl_->file.version(); }

void TopicTable::bump_version() { impl_->changed({}); }

std::vector<std::string> TopicTable::system_topics() const { return impl_->system; }

bool TopicTable::is_system(std::string_view topic) const {
  return is_system_topic(topic) || std::binary_search(impl_->system.begin(), impl_->system.end(), topic, std::less<>());
}

TableFile& TopicTable::file() noexcept { return impl_->file; }

}  // namespace mq::broker
