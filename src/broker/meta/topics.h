// The topics of this broker: config per name, DataVersion, topics.json. Source: spec semantics 2, storage 2.13.2.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/badges.h"
#include "broker/core/context.h"
#include "broker/meta/table_file.h"
#include "wire/bodies/topic_config.h"

namespace mq::broker {

/// One topic; its address is stable, so that loops may cache it. A deleted topic stays alive with removed() true.
class Topic {
 public:
  Topic(std::string name, wire::TopicConfig config) : name_(std::move(name)), config_(std::move(config)) {}
  const std::string& name() const noexcept { return name_; }
  std::shared_ptr<const wire::TopicConfig> config() const noexcept { return config_.get(); }
  uint64_t config_version() const noexcept { return config_.version(); }
  bool removed() const noexcept { return removed_.load(std::memory_order_acquire); }

 private:
  friend class TopicTable;
  const std::string name_;
  Published<wire::TopicConfig> config_;   // badge: published by TopicTable
  std::atomic<bool> removed_{false};      // badge: published by TopicTable
};
using TopicRef = std::shared_ptr<Topic>;

/// Any thread. Lookups take a shard's mutex for a hash lookup; hot callers cache the TopicRef per loop. Changes bump the
/// DataVersion, are persisted by ctl (coalesced) and announced.
class TopicTable {
 public:
  TopicTable(BrokerContext& broker);
  /// Reads topics.json (or its .bak) and its journal, and adds the system topics of spec semantics 2.3. With no file, the broker enters the
  /// topics of the store's queues (adopt_queues()).
  void load();

  TopicRef find(std::string_view topic) const;
  /// Creates or replaces; equal config changes nothing and returns false.
  bool put(const wire::TopicConfig& config);
  /// As Java's auto-create on send (spec semantics 2.4). Null when it may not be created.
  TopicRef create_on_send(std::string_view topic, std::string_view default_topic, int32_t default_queue_nums, bool unit_mode);
  /// Retry and DLQ topics: created when missing. Null when the name is none of a folder.
  TopicRef create_internal(std::string_view topic, int32_t queues, int32_t perm, int32_t sys_flag);
  bool remove(std::string_view topic);

  std::vector<TopicRef> all() const;
  /// Grows behind each change of a topic's config and each removal: who finds it as it was need not look at the topics it knows.
  uint64_t changes() const noexcept { return changes_->load(std::memory_order_acquire); }
  wire::TopicConfigTable table(bool with_broker_permission) const;
  /// With perm & brokerPermission applied, as registered.
  wire::TopicConfig as_registered(const Topic& topic) const;
  wire::DataVersion data_version() const;
  void bump_version();                 // brokerPermission changed
  std::vector<std::string> system_topics() const;
  bool is_system(std::string_view topic) const;
  /// topics.json.
  TableFile& file() noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
  const std::atomic<uint64_t>* changes_;   // of impl_
};

}  // namespace mq::broker
