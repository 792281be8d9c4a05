#include "admin/doctor_look.h"

#include <fmt/format.h>

#include <algorithm>

#include "admin/consumer_look_ups.h"
#include "admin/runtime_info.h"
#include "base/numbers.h"
#include "base/properties_file.h"
#include "ops/condition.h"
#include "remoting/reach.h"
#include "wire/frame.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

constexpr int64_t kConnectMs = 3000, kAnswerMs = 10'000;

class Look {
 public:
  Look(Session& s, const DoctorScope& scope) : s_(s), scope_(scope), loop_(s.env().start_loop("doctor")) {}
  ~Look() { s_.env().stop_loop(loop_); }

  ClusterFacts run() {
    facts_.expected = scope_.expected;
    for (const std::string& addr : s_.namesrvs()) namesrv(addr);
    std::map<std::string, std::pair<wire::BrokerData, int64_t>> brokers;   // by address
    for (const View& v : facts_.views) {
      for (const auto& [name, data] : v.cluster.brokerAddrTable) for (const auto& [id, addr] : data.brokerAddrs) brokers.try_emplace(addr, data, id);
    }
    for (const auto& [addr, known] : brokers) broker(addr, known.first, known.second);
    return std::move(facts_);
  }

 private:
  /// The reason when no connection can be made.
  std::optional<std::string> connect(const std::string& addr, int32_t port_offset, bool* here = nullptr) {
    auto to = env::Endpoint::parse(addr);
    if (!to) return to.error().message();
    to->port = static_cast<uint16_t>(to->port + port_offset);
    const auto reached = remoting::try_connect(s_.env(), loop_, *to, kConnectMs);
    if (reached && here) *here = reached->same_machine;
    return reached ? std::nullopt : std::optional(reached.error().message());
  }

  /// Configuration, condition, version and, when the server is one of ours, its clock.
  template <RequestCode C>
  void configuration(ServerFacts& f) {
    env::Clock& clock = s_.env().clock();
    const int64_t before = clock.now_ms();
    const auto r = s_.call_raw(f.addr, wire::RequestInfo<C>::code, {{std::string(ops::kConditionField), "true"}}, kAnswerMs);
    const int64_t after = clock.now_ms();
    if (!r) return void(f.silent = r.error().message());
    if (r->code != 0) return void(f.silent = fmt::format("it refuses to show its configuration: CODE: {}  DESC: {}", r->code, r->remark));
    f.version = wire::version_name(r->version);
    if (const auto lines = parse_properties(r->body)) for (const PropertyLine& line : *lines) f.config.insert_or_assign(line.key, line.value);
    f.doubts = doubts_about(f.kind, r->body);
    for (const auto& [key, value] : r->ext) {
      if (key != ops::kConditionField) continue;
      if (auto told = parse_json(value)) f.condition = std::move(*told);
    }
    if (f.condition.is_null()) return;
    // Its clock is read just before it answers.
    f.clock = ClockOffset{f.condition["now"].as_int() - after, after - before};
    for (const Json& warning : f.condition["warnings"].items()) {
      const std::string text = warning.as_string();
      const std::string key = text.substr(0, text.find_first_of(":="));
      if (std::ranges::none_of(f.doubts, [&](const std::string& d) { return d.starts_with(key + ":"); })) f.doubts.push_back(text);
    }
  }

  void namesrv(const std::string& addr) {
    ServerFacts f;
    f.kind = ServerFacts::Kind::kNamesrv;
    f.addr = addr;
    f.unreachable = connect(addr, 0, &f.here);
    if (!f.unreachable) {
      configuration<RequestCode::GET_NAMESRV_CONFIG>(f);
      if (!f.silent) view(f);
      on_this_machine(f);
    }
    facts_.servers.push_back(std::move(f));
  }

  void view(ServerFacts& f) {
    View v;
    v.namesrv = f.addr;
    const auto cluster = s_.ask_plain<RequestCode::GET_BROKER_CLUSTER_INFO>(f.addr);
    const auto list = s_.ask_plain<RequestCode::GET_ALL_TOPIC_LIST_FROM_NAMESERVER>(f.addr);
    auto info = cluster ? wire::cluster_info_from(cluster->body) : Result<wire::ClusterInfo>(std::unexpected(cluster.error()));
    auto topics = list ? wire::topic_list_from(list->body) : Result<wire::TopicList>(std::unexpected(list.error()));
    if (!info) f.silent = "it does not tell its brokers: " + info.error().message();
    if (!topics) f.silent = "it does not tell its topics: " + topics.error().message();
    if (!info || !topics) return;
    v.cluster = std::move(*info);
    v.topics.insert(topics->topicList.begin(), topics->topicList.end());
    int64_t looked = 0;
    for (const std::string& topic : v.topics) {
      if (++looked > scope_.most_topics) break;
      const auto r = s_.ask_plain<RequestCode::GET_ROUTEINFO_BY_TOPIC>(f.addr, {.topic = topic});
      const auto route = r ? wire::topic_route_from(r->body) : Result<wire::TopicRouteData>(std::unexpected(r.error()));
      if (route) v.routes.emplace(topic, *route);   // else it is gone by now
    }
    facts_.topics_left_out = std::max(facts_.topics_left_out, static_cast<int64_t>(v.topics.size()) - scope_.most_topics);
    facts_.views.push_back(std::move(v));
  }

  void broker(const std::string& addr, const wire::BrokerData& data, int64_t id) {
    ServerFacts f;
    f.addr = addr;
    f.cluster = data.cluster;
    f.broker_name = data.brokerName;
    f.broker_id = id;
    f.unreachable = connect(addr, 0, &f.here);
    if (!f.unreachable) {
      f.vip_unreachable = connect(addr, -2);
      configuration<RequestCode::GET_BROKER_CONFIG>(f);
      if (!f.silent) runtime(f);
      if (!f.silent && id == 0) groups(addr);
      on_this_machine(f);
    }
    facts_.servers.push_back(std::move(f));
  }

  void runtime(ServerFacts& f) {
    env::Clock& clock = s_.env().clock();
    const int64_t before = clock.now_ms();
    const auto info = RuntimeInfo::of(s_, f.addr);
    const int64_t after = clock.now_ms();
    if (!info) return void(f.silent = info.error().message());
    if (const std::string told = info->get("brokerVersionDesc"); !told.empty()) f.version = told;
    if (const auto now = time_of(info->integer("bootTimestamp"), info->get("runtime")); now && !f.clock) {
      f.clock = ClockOffset{*now + 500 - after, 500 + after - before};   // told in whole seconds
    }
    for (const auto& [key, value] : info->all()) {
      if (key.starts_with("commitLogDiskRatio") || key == "consumeQueueDiskRatio") f.disk_ratios[key] = parse_double(value).value_or(0);
    }
    f.put_lock_ms = info->integer("pageCacheLockTimeMills");
  }

  /// What can be seen from here of a server that runs here and does not tell it.
  void on_this_machine(ServerFacts& f) {
    if (!f.here || !f.condition.is_null()) return;
    f.machine = ops::machine_limits();
    const auto root = f.config.find("storePathRootDir");
    if (root == f.config.end() || !s_.env().fs().exists(root->second + "/lock")) return;   // in a container, perhaps
    if (const auto ms = ops::probe_disk(s_.env().fs(), s_.env().clock(), root->second)) f.disk_ms = *ms;
  }

  void groups(const std::string& addr) {
    wire::BrokerConsumeStatsHeader header;
    header.isOrder = false;
    const auto r = s_.ask<RequestCode::GET_BROKER_CONSUME_STATS>(addr, header, {}, 30'000);
    const auto body = r ? parse_json(r->body) : Result<Json>(std::unexpected(r.error()));
    if (!body) return;
    for (const Json& by_group : (*body)["consumeStatsList"].items()) {
      for (const auto& [group, list] : by_group.members()) {
        int64_t behind = 0;
        for (const Json& one : list.items()) {
          const auto stats = wire::consume_stats_from(to_text(one));
          if (!stats) continue;
          for (const auto& [queue, at] : stats->offsetTable) behind += std::max<int64_t>(0, at.brokerOffset - at.consumerOffset);
        }
        if (behind == 0) continue;
        GroupFacts& g = facts_.groups[group.as_string()];
        g.behind += behind;
        const auto members = connection_of(s_, group.as_string(), addr);   // refused: it has none here
        if (members) g.members = std::max(g.members, static_cast<int64_t>(members->connectionSet.size()));
      }
    }
  }

  Session& s_;
  const DoctorScope& scope_;
  env::Loop& loop_;
  ClusterFacts facts_;
};

}  // namespace

ClusterFacts look_at_cluster(Session& s, const DoctorScope& scope) { return Look(s, scope).run(); }

}  // namespace mq::admin
