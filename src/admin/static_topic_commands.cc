// updateStaticTopic, remappingStaticTopic. Source: spec mqadmin 3.11.
#include <fmt/format.h>

#include <algorithm>

#include "admin/command.h"
#include "admin/static_mapping.h"
#include "admin/topic_writes.h"
#include "base/split.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

/// Master addresses by broker name.
using Masters = std::map<std::string, std::string>;

Result<std::string> master_of(const Masters& masters, const std::string& broker) {
  const auto found = masters.find(broker);
  if (found == masters.end()) return fail(Errc::kNotFound, "Can't find addr for broker " + broker);
  return found->second;
}

/// What both commands begin with.
struct Setting {
  std::string topic;
  wire::ClusterInfo info;
  Masters masters;
  std::set<std::string> targets;
  MappedTopics brokers;          // those that know the topic
};

std::string trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return std::string(text);
}

/// `targets_known`: a target without a master is refused before brokers are asked.
Result<Setting> read_setting(Session& s, const Options& o, bool targets_known) {
  Setting set{.topic = o.get("t")};
  MQ_TRY(set.info, s.cluster_info());
  if (set.info.clusterAddrTable.empty()) return fail(Errc::kNotFound, "The Cluster info is empty");
  const std::string names = o.get(o.has("b") ? "b" : "c");
  for (const std::string_view one : split(names, ",")) {
    const std::string name = trimmed(one);
    if (o.has("b")) {
      set.targets.insert(name);
    } else if (const auto cluster = set.info.clusterAddrTable.find(name); cluster != set.info.clusterAddrTable.end()) {
      set.targets.insert(cluster->second.begin(), cluster->second.end());
    }
  }
  if (set.targets.empty()) return fail(Errc::kNotFound, "Find none brokers, do nothing");
  for (const auto& [name, broker] : set.info.brokerAddrTable) {
    if (broker.brokerAddrs.contains(0)) set.masters[name] = broker.brokerAddrs.at(0);
  }
  if (targets_known) for (const std::string& name : set.targets) MQ_TRY_VOID(master_of(set.masters, name));
  for (const auto& [name, addr] : set.masters) {
    MQ_TRY(const auto r, s.call<RequestCode::GET_TOPIC_CONFIG>(addr, {set.topic, true}));
    if (r.code == static_cast<int32_t>(wire::ResponseCode::TOPIC_NOT_EXIST)) continue;
    if (!r.ok()) return client_failure(r.code, r.remark);
    MQ_TRY(const Json body, parse_json(r.body));
    set.brokers[name] = mapped_topic_from(body);
  }
  return set;
}

/// /tmp/TOPIC-EPOCH.before or .after, with which an operator can go back.
Result<> keep(Session& s, const MappingChange& change, std::string_view suffix, std::string_view what) {
  const std::string path = fmt::format("/tmp/{}-{}.{}", change.topic, change.epoch, suffix);
  MQ_TRY_VOID(env::replace_file(s.env().fs(), path, to_text(to_json(change)), true));
  s.print("The {} mapping data is written to file {}\n", what, path);
  return {};
}

/// Brokers of the same clusters that have nothing of the topic learn its mapping too.
void add_other_brokers(const wire::ClusterInfo& info, MappingChange& change) {
  const QueueMapping first = *change.brokers.begin()->second.mapping;
  std::set<std::string> others;
  for (const auto& [cluster, names] : info.clusterAddrTable) {
    const bool touched = std::any_of(names.begin(), names.end(), [&](const std::string& n) { return change.brokers.contains(n); });
    if (touched) others.insert(names.begin(), names.end());
  }
  for (const std::string& name : others) {
    if (change.brokers.contains(name)) continue;
    MappedTopic t = empty_at(change.topic, name);
    t.mapping->totalQueues = first.totalQueues;
    t.mapping->epoch = first.epoch;
    change.brokers.emplace(name, std::move(t));
  }
}

Result<> put(Session& s, const Masters& masters, const MappingChange& change, const std::string& broker) {
  MQ_TRY(const std::string addr, master_of(masters, broker));
  const MappedTopic& t = change.brokers.at(broker);
  MQ_TRY_VOID(s.ask_plain<RequestCode::UPDATE_AND_CREATE_STATIC_TOPIC>(addr, create_topic_header(t.config), to_text(to_json(*t.mapping))));
  return {};
}

Result<> check_masters(const Masters& masters, const MappingChange& change) {
  for (const auto& [name, t] : change.brokers) MQ_TRY_VOID(master_of(masters, name));
  return {};
}

Result<> update(Session& s, const Options& o) {
  MQ_TRY(const Setting set, read_setting(s, o, false));
  MQ_TRY(const int32_t queues, o.int32("qn", 0));
  const int64_t now = s.env().clock().now_ms();
  MappingChange old{.topic = set.topic, .epoch = now, .brokers = set.brokers};
  if (!set.brokers.empty()) {
    MQ_TRY(const EpochAndQueues known, check_agreement(set.topic, set.brokers));
    old.epoch = known.epoch;
  }
  MQ_TRY_VOID(keep(s, old, "before", "old"));
  MQ_TRY(MappingChange change, with_queues(set.topic, queues, set.targets, set.brokers, now,
                                           [&](size_t n) { return static_cast<size_t>(s.env().rng().below(n)); }));
  MQ_TRY_VOID(keep(s, change, "after", "new"));
  add_other_brokers(set.info, change);
  MQ_TRY_VOID(check_masters(set.masters, change));
  for (const auto& [name, t] : change.brokers) MQ_TRY_VOID(put(s, set.masters, change, name));
  return {};
}

/// Decides where each queue that leaves `broker` goes on, from how far the broker has got; both sides of the move learn it.
Result<> decide_offsets(Session& s, const Masters& masters, MappingChange& change, const std::string& broker) {
  MQ_TRY(const std::string addr, master_of(masters, broker));
  MQ_TRY(const auto r, s.ask<RequestCode::GET_TOPIC_STATS_INFO>(addr, {change.topic}));
  MQ_TRY(const auto stats, wire::topic_stats_from(r.body));
  for (auto& [id, items] : change.brokers.at(broker).mapping->hostedQueues) {
    if (items.size() < 2 || items.back().logicOffset > 0) continue;
    const MappingItem& former = items[items.size() - 2];
    const auto offset = stats.offsetTable.find({change.topic, former.bname, former.queueId});
    if (offset == stats.offsetTable.end()) {
      return fail(Errc::kNotFound, fmt::format("Cannot get the max offset for old leader {}-{}", former.bname, former.queueId));
    }
    MQ_TRY(items.back().logicOffset, next_logic_offset(former, offset->second.maxOffset));
    change.brokers.at(items.back().bname).mapping->hostedQueues[id] = items;
  }
  return {};
}

/// The new leaders can be written first, then the old ones cannot any more; only then is it known where the new ones go on.
Result<> remap(Session& s, const Options& o) {
  MQ_TRY(const Setting set, read_setting(s, o, true));
  if (set.brokers.empty()) return fail(Errc::kNotFound, "No topic route to do the remapping");
  MQ_TRY(const EpochAndQueues known, check_agreement(set.topic, set.brokers));
  MQ_TRY_VOID(keep(s, {.topic = set.topic, .epoch = known.epoch, .brokers = set.brokers}, "before", "old"));
  MQ_TRY(MappingChange change, moved_to(set.topic, set.targets, set.brokers, s.env().clock().now_ms()));
  MQ_TRY_VOID(keep(s, change, "after", "old"));   // QUIRK: "old", though it is the new one
  add_other_brokers(set.info, change);
  MQ_TRY_VOID(check_masters(set.masters, change));
  for (const std::string& b : change.map_in) MQ_TRY_VOID(put(s, set.masters, change, b));
  for (const std::string& b : change.map_out) MQ_TRY_VOID(put(s, set.masters, change, b));
  for (const std::string& b : change.map_out) MQ_TRY_VOID(decide_offsets(s, set.masters, change, b));
  for (const std::string& b : change.map_in) MQ_TRY_VOID(put(s, set.masters, change, b));
  for (const auto& [name, t] : change.brokers) {
    if (!change.map_in.contains(name) && !change.map_out.contains(name)) MQ_TRY_VOID(put(s, set.masters, change, name));
  }
  return {};
}

}  // namespace

void add_static_topic_commands(std::vector<Command>& to) {
  const OptionSpec topic{"t", "topic", true, true, "topic name"};
  const OptionSpec file{"mf", "mapFile", true, false, "The mapping data file name"};
  const OptionSpec force{"fr", "forceReplace", true, false, "Force replace the old mapping"};
  const OptionSpec clusters{"c", "clusters", true, true, "remapping static topic to clusters, comma separated", 1};
  const OptionSpec brokers{"b", "brokers", true, true, "remapping static topic to brokers, comma separated", 1};
  to.push_back({"updateStaticTopic", "UpdateStaticTopicSubCommand", "Update or create static topic, which has fixed number of queues.",
                {clusters, brokers, topic, {"qn", "totalQueueNum", true, true, "total queue num"}, file, force}, update});
  to.push_back({"remappingStaticTopic", "RemappingStaticTopicSubCommand", "Remapping static topic.", {clusters, brokers, topic, file, force}, remap});
}

}  // namespace mq::admin
