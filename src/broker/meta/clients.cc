#include "broker/meta/clients.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/badges.h"

namespace mq::broker {

namespace {

ClientChannel* find_member(std::vector<ClientChannel>& members, const remoting::Session& session) {
  for (ClientChannel& m : members) if (m.session.get() == &session) return &m;
  return nullptr;
}

bool erase_member(std::vector<ClientChannel>& members, const remoting::Session& session) {
  return std::erase_if(members, [&](const ClientChannel& m) { return m.session.get() == &session; }) > 0;
}

struct ConsumerGroup {
  std::optional<wire::ConsumeType> type;
  std::optional<wire::MessageModel> model;
  std::optional<wire::ConsumeFromWhere> from_where;
  std::vector<ClientChannel> members;
  std::map<std::string, std::shared_ptr<const wire::SubscriptionData>, std::less<>> subscriptions;
  // What each member itself subscribes to, as text, and how many subscribe to that; members that never said are left out.
  std::map<std::string, int32_t> wishes;
  std::unordered_map<const remoting::Session*, const std::string*> wish_of;   // keys of `wishes`

  void forget_wish(const remoting::Session& session) {
    const auto it = wish_of.find(&session);
    if (it == wish_of.end()) return;
    const auto wish = wishes.find(*it->second);
    wish_of.erase(it);
    if (--wish->second == 0) wishes.erase(wish);
  }
  void note_wish(const remoting::Session& session, std::string wish) {
    const auto it = wish_of.find(&session);
    if (it != wish_of.end() && *it->second == wish) return;
    forget_wish(session);
    const auto [at, fresh] = wishes.try_emplace(std::move(wish), 0);
    ++at->second;
    wish_of.emplace(&session, &at->first);
  }
  bool lose(const remoting::Session& session) {
    forget_wish(session);
    return erase_member(members, session);
  }
  /// Of the first member and the next that wishes something else.
  std::string difference() const {
    if (wishes.size() < 2) return {};
    const ClientChannel* first = nullptr;
    for (const ClientChannel& m : members) {
      const auto wish = wish_of.find(m.session.get());
      if (wish == wish_of.end()) continue;
      if (!first) first = &m;
      const std::string& firsts = *wish_of.at(first->session.get());
      if (*wish->second == firsts) continue;
      return fmt::format("client {} at {} subscribes to {}, client {} at {} to {}", first->client_id, first->session->peer_text(), firsts, m.client_id,
                         m.session->peer_text(), *wish->second);
    }
    return {};
  }
};

}  // namespace

struct ClientTable::Impl {
  BrokerContext& broker;
  mutable Mutex mu;
  std::map<std::string, ConsumerGroup, std::less<>> consumers GUARDED_BY(mu);
  std::map<std::string, std::vector<ClientChannel>, std::less<>> producers GUARDED_BY(mu);
  std::map<std::string, remoting::SessionRef, std::less<>> producer_of_id GUARDED_BY(mu);   // the one heard of last

  explicit Impl(BrokerContext& b) : broker(b) {}

  /// Forgets the client ids of a producer that left its last group.
  void forget_producer(const remoting::Session& session) REQUIRES(mu) {
    for (const auto& [group, members] : producers) {
      if (std::ranges::any_of(members, [&](const ClientChannel& m) { return m.session.get() == &session; })) return;
    }
    std::erase_if(producer_of_id, [&](const auto& entry) { return entry.second.get() == &session; });
  }

  /// A newer version replaces; topics that this heartbeat lacks go. True when topics came or went.
  static bool merge_subscriptions(ConsumerGroup& g, const std::vector<wire::SubscriptionData>& fresh) {
    bool changed = false;
    std::set<std::string_view> named;
    for (const wire::SubscriptionData& s : fresh) {
      named.insert(s.topic);
      auto& slot = g.subscriptions[s.topic];
      changed |= !slot;
      if (!slot || s.subVersion > slot->subVersion) slot = std::make_shared<const wire::SubscriptionData>(s);
    }
    changed |= std::erase_if(g.subscriptions, [&](const auto& entry) { return !named.contains(entry.first); }) > 0;
    return changed;
  }
};

ClientTable::ClientTable(BrokerContext& broker) : impl_(std::make_shared<Impl>(broker)) {}

ClientTable::Change ClientTable::register_consumer(const wire::ConsumerData& data, const ClientChannel& channel, bool without_sub) {
  std::string wish = without_sub ? std::string() : wire::subscriptions_text(data.subscriptionDataSet);
  MutexLock lock(impl_->mu);
  ConsumerGroup& g = impl_->consumers[data.groupName];
  if (data.consumeType) g.type = data.consumeType;
  if (data.messageModel) g.model = data.messageModel;
  if (data.consumeFromWhere) g.from_where = data.consumeFromWhere;
  Change change;
  if (ClientChannel* member = find_member(g.members, *channel.session)) {
    *member = channel;
  } else {
    g.members.push_back(channel);
    change.group = true;
  }
  if (without_sub) return change;
  const bool agreed = g.wishes.size() < 2;
  g.note_wish(*channel.session, std::move(wish));
  change.differs = agreed && g.wishes.size() >= 2;
  change.group |= Impl::merge_subscriptions(g, data.subscriptionDataSet);
  return change;
}

void ClientTable::register_producer(std::string_view group, const ClientChannel& channel) {
  MutexLock lock(impl_->mu);
  auto& members = impl_->producers[std::string(group)];
  impl_->producer_of_id[channel.client_id] = channel.session;
  if (ClientChannel* member = find_member(members, *channel.session)) *member = channel;
  else members.push_back(channel);
}

bool ClientTable::unregister_consumer(std::string_view group, const remoting::Session& session) {
  MutexLock lock(impl_->mu);
  const auto it = impl_->consumers.find(group);
  if (it == impl_->consumers.end()) return false;
  const bool lost = it->second.lose(session);
  if (it->second.members.empty()) impl_->consumers.erase(it);
  return lost;
}

void ClientTable::unregister_producer(std::string_view group, const remoting::Session& session) {
  MutexLock lock(impl_->mu);
  const auto it = impl_->producers.find(group);
  if (it == impl_->producers.end()) return;
  erase_member(it->second, session);
  if (it->second.empty()) impl_->producers.erase(it);
  impl_->forget_producer(session);
}

std::vector<std::string> ClientTable::drop_session(const remoting::Session& session) {
  MutexLock lock(impl_->mu);
  std::vector<std::string> lost;
  for (auto it = impl_->consumers.begin(); it != impl_->consumers.end();) {
    if (it->second.lose(session)) lost.push_back(it->first);
    it = it->second.members.empty() ? impl_->consumers.erase(it) : std::next(it);
  }
  for (auto it = impl_->producers.begin(); it != impl_->producers.end();) {
    erase_member(it->second, session);
    it = it->second.empty() ? impl_->producers.erase(it) : std::next(it);
  }
  impl_->forget_producer(session);
  return lost;
}

std::vector<remoting::SessionRef> ClientTable::expired(int64_t now_ms, int64_t max_age_ms) const {
  MutexLock lock(impl_->mu);
  std::set<remoting::SessionRef> found;
  auto look = [&](const std::vector<ClientChannel>& members) {
    for (const ClientChannel& m : members) if (now_ms - m.last_update_ms > max_age_ms) found.insert(m.session);
  };
  for (const auto& [name, g] : impl_->consumers) look(g.members);
  for (const auto& [name, members] : impl_->producers) look(members);
  return {found.begin(), found.end()};
}

std::optional<ClientTable::GroupView> ClientTable::consumer_group(std::string_view group) const {
  MutexLock lock(impl_->mu);
  const auto it = impl_->consumers.find(group);
  if (it == impl_->consumers.end()) return std::nullopt;
  const ConsumerGroup& g = it->second;
  return GroupView{g.type.value_or(wire::ConsumeType::CONSUME_PASSIVELY), g.model.value_or(wire::MessageModel::CLUSTERING),
                   g.from_where.value_or(wire::ConsumeFromWhere::CONSUME_FROM_LAST_OFFSET)};
}

std::shared_ptr<const wire::SubscriptionData> ClientTable::subscription(std::string_view group, std::string_view topic) const {
  MutexLock lock(impl_->mu);
  const auto it = impl_->consumers.find(group);
  if (it == impl_->consumers.end()) return nullptr;
  const auto s = it->second.subscriptions.find(topic);
  return s == it->second.subscriptions.end() ? nullptr : s->second;
}

std::vector<std::string> ClientTable::client_ids(std::string_view group) const {
  std::vector<std::string> ids;
  for (const ClientChannel& m : consumers(group)) ids.push_back(m.client_id);
  return ids;
}

std::vector<ClientChannel> ClientTable::consumers(std::string_view group) const {
  MutexLock lock(impl_->mu);
  const auto it = impl_->consumers.find(group);
  return it == impl_->consumers.end() ? std::vector<ClientChannel>{} : it->second.members;
}

std::vector<ClientChannel> ClientTable::producers(std::string_view group) const {
  MutexLock lock(impl_->mu);
  const auto it = impl_->producers.find(group);
  return it == impl_->producers.end() ? std::vector<ClientChannel>{} : it->second;
}

remoting::SessionRef ClientTable::producer(std::string_view client_id) const {
  MutexLock lock(impl_->mu);
  const auto it = impl_->producer_of_id.find(client_id);
  return it == impl_->producer_of_id.end() ? nullptr : it->second;
}

std::optional<wire::ConsumerConnection> ClientTable::connection(std::string_view group) const {
  MutexLock lock(impl_->mu);
  const auto it = impl_->consumers.find(group);
  if (it == impl_->consumers.end()) return std::nullopt;
  const ConsumerGroup& g = it->second;
  wire::ConsumerConnection c;
  for (const ClientChannel& m : g.members) {
    c.connectionSet.push_back({m.client_id, m.session->peer_text(), std::string(wire::language_name(m.language)), m.version});
  }
  for (const auto& [topic, s] : g.subscriptions) c.subscriptionTable.emplace(topic, *s);
  c.subscriptionsDiffer = g.difference();
  c.consumeType = to_string(g.type.value_or(wire::ConsumeType::CONSUME_PASSIVELY));
  c.messageModel = to_string(g.model.value_or(wire::MessageModel::CLUSTERING));
  c.consumeFromWhere = to_string(g.from_where.value_or(wire::ConsumeFromWhere::CONSUME_FROM_LAST_OFFSET));
  return c;
}

std::string ClientTable::difference(std::string_view group) const {
  MutexLock lock(impl_->mu);
  const auto it = impl_->consumers.find(group);
  return it == impl_->consumers.end() ? std::string() : it->second.difference();
}

std::vector<std::string> ClientTable::consumer_groups() const {
  MutexLock lock(impl_->mu);
  std::vector<std::string> names;
  for (const auto& [name, group] : impl_->consumers) if (!group.members.empty()) names.push_back(name);
  return names;
}

std::vector<std::string> ClientTable::producer_groups() const {
  MutexLock lock(impl_->mu);
  std::vector<std::string> names;
  for (const auto& [name, members] : impl_->producers) if (!members.empty()) names.push_back(name);
  return names;
}

std::vector<std::string> ClientTable::groups_subscribing(std::string_view topic) const {
  MutexLock lock(impl_->mu);
  std::vector<std::string> found;
  for (const auto& [name, g] : impl_->consumers) if (g.subscriptions.contains(topic)) found.push_back(name);
  return found;
}

}  // namespace mq::broker
