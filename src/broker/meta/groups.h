// Subscription groups: config per name, DataVersion, subscriptionGroup.json. Source: spec semantics 11.1.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/core/context.h"
#include "broker/meta/table_file.h"
#include "wire/bodies/client.h"

namespace mq::broker {

/// Any thread; same rules as TopicTable.
class GroupTable {
 public:
  explicit GroupTable(BrokerContext& broker);
  void load();

  using ConfigRef = std::shared_ptr<const wire::SubscriptionGroupConfig>;
  /// The config; created when autoCreateSubscriptionGroup (or a system group), else null.
  ConfigRef find_or_create(std::string_view group);
  ConfigRef find(std::string_view group) const;
  void put(const wire::SubscriptionGroupConfig& config);
  bool remove(std::string_view group);
  /// False when reading the topic is forbidden for the group.
  bool readable(std::string_view group, std::string_view topic) const;
  wire::SubscriptionGroupTable table() const;
  /// subscriptionGroup.json.
  TableFile& file() noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mq::broker
