// Changes of the tables: registration, removal, permissions. The questions are in route_query.cc.
#include "namesrv/route_table.h"

#include <algorithm>

#include "base/check.h"
#include "msg/types.h"

namespace mq::namesrv {

const RouteTables::Live* RouteTables::find_live(std::string_view cluster, std::string_view addr) const {
  auto it = live_.find(LiveKey(cluster, addr));
  return it == live_.end() ? nullptr : &it->second;
}

/// The two refusals of a registration. Java makes both with half of the registration done and leaves a group without
/// an address behind; ours come first and leave nothing.
bool RouteTables::refused(const Registration& r) {
  auto group = groups_.find(r.broker.name);
  const bool known = group != groups_.end() && group->second.brokerAddrs.contains(r.broker.id);
  // QUIRK: one topic alone is taken for an increment, which an unknown broker cannot send; pinned by R10.
  return !known && r.body.topics.topicConfigTable.size() == 1;
}

Registered RouteTables::register_broker(const Registration& r, int64_t now_ms) {
  const BrokerIdent& b = r.broker;
  auto old = groups_.find(b.name);
  if (old != groups_.end()) {
    // Another address holds this id and has seen more of the replicated state: the newcomer is out of date.
    auto holder = old->second.brokerAddrs.find(b.id);
    if (holder != old->second.brokerAddrs.end() && holder->second != b.addr) {
      const Live* live = find_live(b.cluster, holder->second);
      if (live && live->version.stateVersion > r.body.topics.dataVersion.stateVersion) {
        live_.erase(LiveKey(b.cluster, b.addr));
        return {};
      }
    }
  }
  if (refused(r)) return {.accepted = false};

  clusters_[b.cluster].insert(b.name);
  bool first = old == groups_.end();
  wire::BrokerData& group = groups_[b.name];
  const wire::BrokerData before = group;
  if (first) group = {.cluster = b.cluster, .brokerName = b.name};
  group.enableActingMaster = r.enable_acting_master.value_or(false);
  group.zoneName = r.zone_name;

  auto& addrs = group.brokerAddrs;
  const int64_t min_before = addrs.empty() ? 0 : addrs.begin()->first;
  std::erase_if(addrs, [&](const auto& a) { return a.second == b.addr && a.first != b.id; });   // a slave became master
  std::string& addr = addrs[b.id];
  first |= addr.empty();
  addr = b.addr;
  if (group != before) changed();

  const bool prime_slave = r.enable_acting_master && b.id != kMasterId && b.id == addrs.begin()->first;
  if (b.id == kMasterId || prime_slave) take_topics(r, first, prime_slave, group);
  refresh_live(r, now_ms);
  if (b.id < min_before) note_min_id(group, std::nullopt, r.ha_addr);

  Registered answer;
  if (b.id != kMasterId) {
    if (auto master = addrs.find(kMasterId); master != addrs.end()) {
      if (const Live* live = find_live(b.cluster, master->second)) {
        answer.master_addr = master->second;
        answer.ha_addr = live->ha_addr;
      }
    }
  }
  return answer;
}

void RouteTables::take_topics(const Registration& r, bool first, bool prime_slave, const wire::BrokerData& group) {
  const wire::TopicConfigTable& table = r.body.topics;
  const std::string& name = r.broker.name;
  const Live* live = find_live(r.broker.cluster, r.broker.addr);
  const bool news = first || !live || live->version != table.dataVersion;
  const auto& mappings = table.topicQueueMappingInfoMap.members();
  if (config_.deleteTopicWithBrokerRegistration() && mappings.empty()) drop_absent_topics(name, table);
  for (const auto& [topic_name, config] : table.topicConfigTable) {
    Topic& topic = topics_[topic_name];
    // QUIRK: with an unmoved DataVersion only topics the broker does not have yet are taken; pinned by R11.
    if (!news && topic.queues.contains(name)) continue;
    wire::QueueData queue{name, config.readQueueNums, config.writeQueueNums, config.perm, config.topicSysFlag};
    if (prime_slave && group.enableActingMaster) queue.perm &= ~perm::kWrite;
    wire::QueueData& stored = topic.queues[name];
    if (stored == queue) continue;
    stored = std::move(queue);
    changed(topic_name);
  }
  if (!news) return;
  for (const auto& [key, info] : mappings) {
    const std::string topic_name = key.as_string();
    auto topic = topics_.find(topic_name);
    if (topic == topics_.end()) continue;   // a mapping without its topic is never routed
    topic->second.mappings[info["bname"].as_string(name)] = info;
    changed(topic_name);
  }
}

void RouteTables::drop_absent_topics(const std::string& broker_name, const wire::TopicConfigTable& table) {
  for (auto topic = topics_.begin(); topic != topics_.end();) {
    topic = table.topicConfigTable.contains(topic->first) ? std::next(topic) : remove_queues(topic, broker_name);
  }
}

void RouteTables::refresh_live(const Registration& r, int64_t now_ms) {
  Live& live = live_[LiveKey(r.broker.cluster, r.broker.addr)];
  live.broker = r.broker;
  live.last_update_ms = now_ms;
  live.timeout_ms = r.timeout_ms.value_or(kDefaultBrokerTimeoutMs);
  live.version = r.body.topics.dataVersion;
  live.channel = r.channel;
  live.ha_addr = r.ha_addr;
  if (r.body.has_filter_servers && live.filter_servers != r.body.filterServerList) {
    live.filter_servers = r.body.filterServerList;
    changed();
  }
}

void RouteTables::register_topic(const std::string& topic, const std::vector<wire::QueueData>& queues) {
  for (const wire::QueueData& queue : queues) {
    if (!groups_.contains(queue.brokerName)) return;
    topics_[topic].queues[queue.brokerName] = queue;
    changed(topic);
  }
}

void RouteTables::unregister_broker(const BrokerIdent& broker, ChannelId channel) {
  const Live* live = find_live(broker.cluster, broker.addr);
  if (live && (live->broker.id != broker.id || live->broker.name != broker.name)) return;
  if (live && channel != 0 && channel != live->channel) return;
  remove(broker);
}

void RouteTables::channel_closed(ChannelId channel) {
  std::vector<BrokerIdent> gone;
  for (const auto& [key, live] : live_) if (live.channel == channel) gone.push_back(live.broker);
  for (const BrokerIdent& broker : gone) remove(broker);
}

std::vector<ChannelId> RouteTables::expire(int64_t now_ms) {
  std::vector<BrokerIdent> gone;
  std::vector<ChannelId> channels;
  for (const auto& [key, live] : live_) {
    if (live.last_update_ms + live.timeout_ms >= now_ms) continue;
    gone.push_back(live.broker);
    channels.push_back(live.channel);
  }
  for (const BrokerIdent& broker : gone) remove(broker);
  return channels;
}

void RouteTables::touch(std::string_view cluster, std::string_view addr, int64_t now_ms) {
  if (auto it = live_.find(LiveKey(cluster, addr)); it != live_.end()) it->second.last_update_ms = now_ms;
}

/// The common end of 104, expiry and a closed channel: by address, whatever id it has.
void RouteTables::remove(const BrokerIdent& broker) {
  live_.erase(LiveKey(broker.cluster, broker.addr));
  auto it = groups_.find(broker.name);
  if (it == groups_.end()) return;
  wire::BrokerData& group = it->second;
  MQ_CHECK(!group.brokerAddrs.empty());
  const bool was_min = group.brokerAddrs.begin()->first == broker.id;
  if (std::erase_if(group.brokerAddrs, [&](const auto& a) { return a.second == broker.addr; }) == 0) return;
  changed();
  if (group.brokerAddrs.empty()) {
    groups_.erase(it);
    remove_group(broker.name);
    return;
  }
  if (group.enableActingMaster && !group.brokerAddrs.contains(kMasterId)) wipe_masterless(broker.name);
  if (was_min && group.enableActingMaster) note_min_id(group, broker.addr, std::nullopt);
}

void RouteTables::remove_group(const std::string& broker_name) {
  for (auto cluster = clusters_.begin(); cluster != clusters_.end();) {
    cluster->second.erase(broker_name);
    cluster = cluster->second.empty() ? clusters_.erase(cluster) : std::next(cluster);
  }
  for (auto topic = topics_.begin(); topic != topics_.end();) topic = remove_queues(topic, broker_name);
}

/// An acting-master group without its master takes no more writes until one is back.
void RouteTables::wipe_masterless(const std::string& broker_name) {
  set_perm(broker_name, [](int32_t p) { return p & ~perm::kWrite; });
}

/// Takes a broker out of a topic, and the topic itself when no broker is left. Returns the topic behind it.
RouteTables::Topics::iterator RouteTables::remove_queues(Topics::iterator topic, std::string_view broker_name) {
  auto& [name, data] = *topic;
  if (auto m = data.mappings.find(broker_name); m != data.mappings.end()) data.mappings.erase(m);
  auto q = data.queues.find(broker_name);
  if (q == data.queues.end()) return std::next(topic);
  data.queues.erase(q);
  changed(name);
  return data.queues.empty() ? topics_.erase(topic) : std::next(topic);
}

int32_t RouteTables::set_perm(std::string_view broker_name, int32_t (*new_perm)(int32_t)) {
  int32_t touched = 0;
  for (auto& [name, topic] : topics_) {
    auto q = topic.queues.find(broker_name);
    if (q == topic.queues.end()) continue;
    q->second.perm = new_perm(q->second.perm);
    ++touched;
    changed(name);
  }
  return touched;
}

int32_t RouteTables::wipe_write_perm(std::string_view broker_name) {
  return set_perm(broker_name, [](int32_t p) { return p & ~perm::kWrite; });
}

int32_t RouteTables::add_write_perm(std::string_view broker_name) {
  return set_perm(broker_name, [](int32_t) { return perm::kRead | perm::kWrite; });
}

void RouteTables::delete_topic(std::string_view topic, const std::optional<std::string>& cluster) {
  auto it = topics_.find(topic);
  if (it == topics_.end()) return;
  if (!cluster || cluster->empty()) {
    changed(it->first);
    topics_.erase(it);
    return;
  }
  auto names = clusters_.find(*cluster);
  if (names == clusters_.end()) return;
  for (const std::string& broker_name : names->second) {
    const bool last = it->second.queues.size() == 1 && it->second.queues.contains(broker_name);
    remove_queues(it, broker_name);
    if (last) return;
  }
}

/// Who hears of a new minimum: everybody after a loss, everybody but the new minimum after a registration.
void RouteTables::note_min_id(const wire::BrokerData& group, std::optional<std::string> offline, std::optional<std::string> ha) {
  if (!config_.notifyMinBrokerIdChanged()) return;
  MinIdChange change{.min_id = group.brokerAddrs.begin()->first,
                     .min_addr = group.brokerAddrs.begin()->second,
                     .offline_addr = std::move(offline),
                     .ha_addr = std::move(ha)};
  const bool all = change.offline_addr || group.brokerAddrs.size() == 1;
  for (const auto& [id, addr] : group.brokerAddrs) if (all || id != change.min_id) change.to.push_back(addr);
  min_id_changes_.push_back(std::move(change));
}

}  // namespace mq::namesrv
