#include "broker/meta/groups.h"

#include <map>

#include "base/badges.h"
#include "broker/meta/json_file.h"
#include "msg/names.h"

namespace mq::broker {

struct GroupTable::Impl {
  BrokerContext& broker;
  mutable Mutex mu;
  std::map<std::string, ConfigRef, std::less<>> groups GUARDED_BY(mu);
  std::map<std::string, std::map<std::string, int32_t>, std::less<>> forbidden GUARDED_BY(mu);
  wire::DataVersion version GUARDED_BY(mu);
  bool dirty GUARDED_BY(mu) = false;

  explicit Impl(BrokerContext& b) : broker(b) {}
  std::string path() const { return broker.store.root_dir() + "/config/subscriptionGroup.json"; }

  void store(wire::SubscriptionGroupConfig c) REQUIRES(mu) {
    std::string name = c.groupName;
    groups.insert_or_assign(std::move(name), std::make_shared<const wire::SubscriptionGroupConfig>(std::move(c)));
    version.next(broker.env.clock().now_ms());
    dirty = true;
  }
};

GroupTable::GroupTable(BrokerContext& broker) : impl_(std::make_shared<Impl>(broker)) {}

Result<> GroupTable::load() {
  MutexLock lock(impl_->mu);
  for (std::string_view name : {"TOOLS_CONSUMER", "FILTERSRV_CONSUMER", "SELF_TEST_C_GROUP", "CID_ONS-HTTP-PROXY", "CID_ONSAPI_PULL",
                                "CID_ONSAPI_PERMISSION", "CID_ONSAPI_OWNER", "CID_RMQ_SYS_TRANS"}) {
    wire::SubscriptionGroupConfig c;
    c.groupName = name;
    impl_->groups.emplace(name, std::make_shared<const wire::SubscriptionGroupConfig>(std::move(c)));
  }
  const Json file = load_json_file(impl_->broker.env.fs(), impl_->path());
  impl_->dirty = file.is_null();
  impl_->version.timestamp = impl_->broker.env.clock().now_ms();
  if (file.is_null()) return {};
  wire::SubscriptionGroupTable table = wire::group_table_from(file);
  for (auto& [name, config] : table.subscriptionGroupTable) {
    impl_->groups.insert_or_assign(name, std::make_shared<const wire::SubscriptionGroupConfig>(std::move(config)));
  }
  for (auto& [group, topics] : table.forbiddenTable) impl_->forbidden.emplace(group, std::move(topics));
  impl_->version = table.dataVersion;
  return {};
}

GroupTable::ConfigRef GroupTable::find_or_create(std::string_view group) {
  MutexLock lock(impl_->mu);
  if (const auto it = impl_->groups.find(group); it != impl_->groups.end()) return it->second;
  if (!impl_->broker.config.autoCreateSubscriptionGroup() && !group.starts_with("CID_RMQ_SYS_")) return nullptr;
  if (!check_group_name(group).empty()) return nullptr;
  wire::SubscriptionGroupConfig c;
  c.groupName = group;
  impl_->store(std::move(c));
  return impl_->groups.find(group)->second;
}

GroupTable::ConfigRef GroupTable::find(std::string_view group) const {
  MutexLock lock(impl_->mu);
  const auto it = impl_->groups.find(group);
  return it == impl_->groups.end() ? nullptr : it->second;
}

void GroupTable::put(const wire::SubscriptionGroupConfig& config) {
  MutexLock lock(impl_->mu);
  impl_->store(config);
}

bool GroupTable::remove(std::string_view group) {
  MutexLock lock(impl_->mu);
  const auto it = impl_->groups.find(group);
  if (it == impl_->groups.end()) return false;
  impl_->groups.erase(it);
  impl_->version.next(impl_->broker.env.clock().now_ms());
  impl_->dirty = true;
  return true;
}

bool GroupTable::readable(std::string_view group, std::string_view topic) const {
  MutexLock lock(impl_->mu);
  const auto it = impl_->forbidden.find(group);
  if (it == impl_->forbidden.end()) return true;
  const auto bits = it->second.find(std::string(topic));
  return bits == it->second.end() || !(bits->second & 4);   // the bit of reading
}

wire::SubscriptionGroupTable GroupTable::table() const {
  MutexLock lock(impl_->mu);
  wire::SubscriptionGroupTable t;
  t.dataVersion = impl_->version;
  for (const auto& [name, config] : impl_->groups) t.subscriptionGroupTable.emplace(name, *config);
  for (const auto& [group, topics] : impl_->forbidden) t.forbiddenTable.emplace(group, topics);
  return t;
}

Result<> GroupTable::persist() {
  {
    MutexLock lock(impl_->mu);
    if (!impl_->dirty) return {};
    impl_->dirty = false;
  }
  auto saved = save_json_file(impl_->broker.env.fs(), impl_->path(), to_json(table()));
  if (!saved) {
    MutexLock lock(impl_->mu);
    impl_->dirty = true;
  }
  return saved;
}

}  // namespace mq::broker
