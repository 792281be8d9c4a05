#include "broker/meta/clients.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ranges>
#include <set>
#include <unordered_map>

#include "base/badges.h"

namespace mq::broker {

namespace {

/// In the order in which they came. A group may have ten thousand, each of which says every few seconds that it is still there.
class Members {
 public:
  /// True when it is a new one; what an old one said is replaced. `before`: which client id it had.
  bool put(const ClientChannel& channel, std::string* before = nullptr) {
    const auto [it, fresh] = number_of_.try_emplace(channel.session.get(), next_);
    if (fresh) {
      by_number_.emplace(next_++, channel);
      return true;
    }
    ClientChannel& member = by_number_.find(it->second)->second;
    if (before && member.client_id != channel.client_id) *before = member.client_id;
    member = channel;
    return false;
  }
  /// The member that has gone.
  std::optional<ClientChannel> erase(const remoting::Session& session) {
    const auto it = number_of_.find(&session);
    if (it == number_of_.end()) return std::nullopt;
    auto gone = by_number_.extract(it->second);
    number_of_.erase(it);
    return std::move(gone.mapped());
  }
  bool has(const remoting::Session& session) const { return number_of_.contains(&session); }
  bool empty() const noexcept { return by_number_.empty(); }
  auto all() const { return std::views::values(by_number_); }
  std::vector<ClientChannel> list() const {
    std::vector<ClientChannel> found;
    found.reserve(by_number_.size());
    for (const ClientChannel& m : all()) found.push_back(m);
    return found;
  }

 private:
  std::map<uint64_t, ClientChannel> by_number_;
  std::unordered_map<const remoting::Session*, uint64_t> number_of_;
  uint64_t next_ = 0;
};

struct ConsumerGroup {
  std::optional<wire::ConsumeType> type;
  std::optional<wire::MessageModel> model;
  std::optional<wire::ConsumeFromWhere> from_where;
  Members members;
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
    return members.erase(session).has_value();
  }
  /// Of the first member and the next that wishes something else.
  std::string difference() const {
    if (wishes.size() < 2) return {};
    const ClientChannel* first = nullptr;
    for (const ClientChannel& m : members.all()) {
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
  std::map<std::string, Members, std::less<>> producers GUARDED_BY(mu);
  std::map<std::string, remoting::SessionRef, std::less<>> producer_of_id GUARDED_BY(mu);   // the one heard of last

  explicit Impl(BrokerContext& b) : broker(b) {}

  /// The producer of this client id is no longer the one at `session`.
  void forget_producer(std::string_view client_id, const remoting::Session& session) REQUIRES(mu) {
    if (const auto it = producer_of_id.find(client_id); it != producer_of_id.end() && it->second.get() == &session) producer_of_id.erase(it);
  }
  /// Takes it out of a group; its client id goes with the last of them.
  void drop_producer(Members& members, const remoting::Session& session) REQUIRES(mu) {
    const auto gone = members.erase(session);
    if (!gone) return;
    for (const auto& [group, others] : producers) {
      if (others.has(session)) return;
    }
    forget_producer(gone->client_id, session);
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
  change.group = g.members.put(channel);
  if (without_sub) return change;
  const bool agreed = g.wishes.size() < 2;
  g.note_wish(*channel.session, std::move(wish));
  change.differs = agreed && g.wishes.size() >= 2;
  change.group |= Impl::merge_subscriptions(g, data.subscriptionDataSet);
  return change;
}

void ClientTable::register_producer(std::string_view group, const ClientChannel& channel) {
  MutexLock lock(impl_->mu);
  auto it = impl_->producers.find(group);
  if (it == impl_->producers.end()) it = impl_->producers.try_emplace(std::string(group)).first;
  std::string before;
  (void)it->second.put(channel, &before);
  if (!before.empty()) impl_->forget_producer(before, *channel.session);
  impl_->producer_of_id[channel.client_id] = channel.session;
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
  impl_->drop_producer(it->second, session);
  if (it->second.empty()) impl_->producers.erase(it);
}

std::vector<std::string> ClientTable::drop_session(const remoting::Session& session) {
  MutexLock lock(impl_->mu);
  std::vector<std::string> lost;
  for (auto it = impl_->consumers.begin(); it != impl_->consumers.end();) {
    if (it->second.lose(session)) lost.push_back(it->first);
    it = it->second.members.empty() ? impl_->consumers.erase(it) : std::next(it);
  }
  for (auto it = impl_->producers.begin(); it != impl_->producers.end();) {
    impl_->drop_producer(it->second, session);
    it = it->second.empty() ? impl_->producers.erase(it) : std::next(it);
  }
  return lost;
}

std::vector<remoting::SessionRef> ClientTable::expired(int64_t now_ms, int64_t max_age_ms) const {
  MutexLock lock(impl_->mu);
  std::set<remoting::SessionRef> found;
  auto look = [&](const Members& members) {
    for (const ClientChannel& m : members.all()) if (now_ms - m.last_update_ms > max_age_ms) found.insert(m.session);
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
  return it == impl_->consumers.end() ? std::vector<ClientChannel>{} : it->second.members.list();
}

std::vector<ClientChannel> ClientTable::producers(std::string_view group) const {
  MutexLock lock(impl_->mu);
  const auto it = impl_->producers.find(group);
  return it == impl_->producers.end() ? std::vector<ClientChannel>{} : it->second.list();
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
  for (const ClientChannel& m : g.members.all()) {
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
