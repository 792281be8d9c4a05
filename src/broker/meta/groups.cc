#include "broker/meta/groups.h"

#include <map>

#include "base/badges.h"
#include "msg/names.h"

namespace mq::broker {

struct GroupTable::Impl final : TableFile::Table {
  BrokerContext& broker;
  mutable Mutex mu;
  std::map<std::string, ConfigRef, std::less<>> groups GUARDED_BY(mu);
  std::map<std::string, std::map<std::string, int32_t>, std::less<>> forbidden GUARDED_BY(mu);
  TableFile file;

  explicit Impl(BrokerContext& b) : broker(b), file(b.env.fs(), b.env.clock(), b.store.root_dir() + "/config/subscriptionGroup.json", "group", *this) {}

  ConfigRef set_quietly(wire::SubscriptionGroupConfig c) REQUIRES(mu) {
    std::string name = c.groupName;
    return groups.insert_or_assign(std::move(name), std::make_shared<const wire::SubscriptionGroupConfig>(std::move(c))).first->second;
  }

  wire::DataVersion take(const Json& content) override {
    wire::SubscriptionGroupTable table = wire::group_table_from(content);
    MutexLock lock(mu);
    for (auto& [name, config] : table.subscriptionGroupTable) set_quietly(std::move(config));
    for (auto& [group, topics] : table.forbiddenTable) forbidden.emplace(group, std::move(topics));
    return table.dataVersion;
  }
  void take(const std::string& name, const Json& config) override {
    MutexLock lock(mu);
    if (config.is_null()) groups.erase(name);
    else set_quietly(wire::group_config_from(config));
  }
  Json content(const wire::DataVersion& version) const override { return to_json(table(version)); }
  Json entry(const std::string& name) const override {
    const ConfigRef config = find(name);
    return config ? to_json(*config) : Json();
  }
  size_t size() const override {
    MutexLock lock(mu);
    return groups.size();
  }

  ConfigRef find(std::string_view group) const {
    MutexLock lock(mu);
    const auto it = groups.find(group);
    return it == groups.end() ? nullptr : it->second;
  }
  wire::SubscriptionGroupTable table(const wire::DataVersion& version) const {
    wire::SubscriptionGroupTable t;
    t.dataVersion = version;
    MutexLock lock(mu);
    for (const auto& [name, config] : groups) t.subscriptionGroupTable.emplace(name, *config);
    for (const auto& [group, topics] : forbidden) t.forbiddenTable.emplace(group, topics);
    return t;
  }
};

GroupTable::GroupTable(BrokerContext& broker) : impl_(std::make_shared<Impl>(broker)) {}

void GroupTable::load() {
  for (std::string_view name : {"TOOLS_CONSUMER", "FILTERSRV_CONSUMER", "SELF_TEST_C_GROUP", "CID_ONS-HTTP-PROXY", "CID_ONSAPI_PULL",
                                "CID_ONSAPI_PERMISSION", "CID_ONSAPI_OWNER", "CID_RMQ_SYS_TRANS"}) {
    wire::SubscriptionGroupConfig c;
    c.groupName = name;
    MutexLock lock(impl_->mu);
    impl_->set_quietly(std::move(c));
  }
  impl_->file.load();
}

GroupTable::ConfigRef GroupTable::find_or_create(std::string_view group) {
  ConfigRef made;
  {
    MutexLock lock(impl_->mu);
    if (const auto it = impl_->groups.find(group); it != impl_->groups.end()) return it->second;
    if (!impl_->broker.config.autoCreateSubscriptionGroup() && !group.starts_with("CID_RMQ_SYS_")) return nullptr;
    if (!check_group_name(group).empty()) return nullptr;
    wire::SubscriptionGroupConfig c;
    c.groupName = group;
    made = impl_->set_quietly(std::move(c));
  }
  impl_->file.changed(group);
  return made;
}

GroupTable::ConfigRef GroupTable::find(std::string_view group) const { return impl_->find(group); }

void GroupTable::put(const wire::SubscriptionGroupConfig& config) {
  {
    MutexLock lock(impl_->mu);
    impl_->set_quietly(config);
  }
  impl_->file.changed(config.groupName);
}

bool GroupTable::remove(std::string_view group) {
  {
    MutexLock lock(impl_->mu);
    const auto it = impl_->groups.find(group);
    if (it == impl_->groups.end()) return false;
    impl_->groups.erase(it);
  }
  impl_->file.changed(group);
  return true;
}

bool GroupTable::readable(std::string_view group, std::string_view topic) const {
  MutexLock lock(impl_->mu);
  const auto it = impl_->forbidden.find(group);
  if (it == impl_->forbidden.end()) return true;
  const auto bits = it->second.find(std::string(topic));
  return bits == it->second.end() || !(bits->second & 4);   // the bit of reading
}

wire::SubscriptionGroupTable GroupTable::table() const { return impl_->table(impl_->file.version()); }

TableFile& GroupTable::file() noexcept { return impl_->file; }

}  // namespace mq::broker
