// clusterList, brokerStatus, getBrokerConfig, updateBrokerConfig. Source: spec mqadmin 6.
#include <fmt/format.h>

#include "admin/command.h"
#include "admin/java_text.h"
#include "admin/output.h"
#include "admin/runtime_info.h"
#include "admin/topic_writes.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

constexpr auto kClusterRow = "{:<22}  {:<22}  {:<4}  {:<22} {:<16}  {:>16}  {:>30}  {:<22}  {:>11}  {:<12}  {:<8}  {:>10}\n";

std::string cluster_row(Session& s, const std::string& cluster, const std::string& name, int64_t id, const std::string& addr, const RuntimeInfo& r) {
  const std::string in = fmt::format("{}({},{}ms)", pad_left(fixed(r.first("putTps"), 2), 9), r.get("sendThreadPoolQueueSize"),
                                     r.get("sendThreadPoolQueueHeadWaitTimeMills"));
  const std::string out = fmt::format("{}({},{}ms|{},{}ms)", pad_left(fixed(r.first("getTransferredTps"), 2), 9), r.get("pullThreadPoolQueueSize"),
                                      r.get("pullThreadPoolQueueHeadWaitTimeMills"), r.get("ackThreadPoolQueueSize", "N"),
                                      r.get("ackThreadPoolQueueHeadWaitTimeMills", "N"));
  const std::string timer = fmt::format("{}-{}({}w, {}, {})", r.integer("timerReadBehind"),
                                        r.integer("timerOffsetBehind"), fixed(r.number("timerCongestNum") / 10000, 1),
                                        fixed(r.number("timerEnqueueTps"), 1), fixed(r.number("timerDequeueTps"), 1));
  const int64_t now = s.env().clock().now_ms();
  const std::string earliest = r.get("earliestMessageTimeStamp");
  const double hour = earliest.empty() ? 0 : (static_cast<double>(now) - r.number("earliestMessageTimeStamp")) / 3600000.0;
  const std::string space = r.get("commitLogDiskRatio");
  return fmt::format(kClusterRow, cluster, name, id, addr, r.get("brokerVersionDesc"), in, out, timer, r.get("pageCacheLockTimeMills"),
                     fixed(hour, 2), space.empty() ? "0.0000" : fixed(r.number("commitLogDiskRatio"), 4), r.get("brokerActive") == "true");
}

Json cluster_record(const std::string& cluster, const std::string& name, int64_t id, const std::string& addr, const RuntimeInfo& r) {
  return Json::object()
      .add("cluster", cluster)
      .add("brokerName", name)
      .add("brokerId", id)
      .add("addr", addr)
      .add("version", r.get("brokerVersionDesc"))
      .add("inTps", r.first("putTps"))
      .add("outTps", r.first("getTransferredTps"))
      .add("sendQueueSize", r.integer("sendThreadPoolQueueSize"))
      .add("pullQueueSize", r.integer("pullThreadPoolQueueSize"))
      .add("pageCacheLockTimeMills", r.integer("pageCacheLockTimeMills"))
      .add("earliestMessageTimeStamp", r.integer("earliestMessageTimeStamp"))
      .add("commitLogDiskRatio", r.number("commitLogDiskRatio"))
      .add("active", r.get("brokerActive") == "true");
}

Result<> cluster_list_once(Session& s, const Options& o) {
  const bool more = o.has("m");
  MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
  if (more) {
    s.write("#Cluster Name     #Broker Name                       #InTotalYest  #OutTotalYest  #InTotalToday #OutTotalToday\n");
  } else {
    s.write(fmt::format(kClusterRow, "#Cluster Name", "#Broker Name", "#BID", "#Addr", "#Version", "#InTPS(LOAD)", "#OutTPS(LOAD)",
                        "#Timer(Progress)", "#PCWait(ms)", "#Hour", "#SPACE", "#ACTIVATED"));
  }
  std::vector<std::string> clusters;
  for (const auto& [c, names] : info.clusterAddrTable) clusters.push_back(c);
  hash_order(clusters, [](const std::string& c) { return std::string_view(c); });
  for (const std::string& cluster : clusters) {
    if (o.has("c") && o.get("c") != cluster) continue;
    for (const std::string& name : info.clusterAddrTable.at(cluster)) {
      const auto broker = info.brokerAddrTable.find(name);
      if (broker == info.brokerAddrTable.end()) continue;
      for (const auto& [id, addr] : broker->second.brokerAddrs) {
        auto r = RuntimeInfo::of(s, addr);
        if (!r) fmt::print(stderr, "{} ({}): {}\n", name, addr, r.error().message());
        const RuntimeInfo runtime = r ? std::move(*r) : RuntimeInfo();
        if (!more) {
          s.write(cluster_row(s, cluster, name, id, addr, runtime));
          s.record(cluster_record(cluster, name, id, addr, runtime));
          continue;
        }
        auto day = [&](std::string_view to, std::string_view from) { return fixed(runtime.number(to) - runtime.number(from), 0); };
        s.write(fmt::format("{}  {} {} {} {} {}\n", pad(cluster, 16), pad(name, 32),
                            pad_left(day("msgPutTotalTodayMorning", "msgPutTotalYesterdayMorning"), 14),
                            pad_left(day("msgGetTotalTodayMorning", "msgGetTotalYesterdayMorning"), 14),
                            pad_left(day("msgPutTotalTodayNow", "msgPutTotalTodayMorning"), 14),
                            pad_left(day("msgGetTotalTodayNow", "msgGetTotalTodayMorning"), 14)));
        const auto count = [&](std::string_view to, std::string_view from) { return runtime.integer(to) - runtime.integer(from); };
        s.record(Json::object()
                     .add("cluster", cluster)
                     .add("brokerName", name)
                     .add("inYesterday", count("msgPutTotalTodayMorning", "msgPutTotalYesterdayMorning"))
                     .add("outYesterday", count("msgGetTotalTodayMorning", "msgGetTotalYesterdayMorning"))
                     .add("inToday", count("msgPutTotalTodayNow", "msgPutTotalTodayMorning"))
                     .add("outToday", count("msgGetTotalTodayNow", "msgGetTotalTodayMorning")));
      }
    }
  }
  return {};
}

Result<> cluster_list(Session& s, const Options& o) {
  return repeat(s, o, 1, "\n", [&] { return cluster_list_once(s, o); });
}

Result<> print_status(Session& s, const std::string& addr, bool with_addr) {
  MQ_TRY(const RuntimeInfo info, RuntimeInfo::of(s, addr));
  Json runtime = Json::object();
  for (const auto& [k, v] : info.all()) {
    runtime.add(k, v);
    s.write(with_addr ? fmt::format("{} {}: {}\n", pad(addr, 24), pad(k, 32), v) : fmt::format("{}: {}\n", pad(k, 32), v));
  }
  s.record(Json::object().add("addr", addr).add("runtime", std::move(runtime)));
  return {};
}

Result<> broker_status(Session& s, const Options& o) {
  if (const auto addr = o.find("b")) return print_status(s, *addr, false);
  MQ_TRY(const auto brokers, s.all_brokers(o.get("c")));
  for (const std::string& addr : brokers) {
    if (const auto r = print_status(s, addr, true); !r) s.complain(r.error());
  }
  return {};
}

Result<> print_config(Session& s, const std::string& heading, const std::string& addr) {
  s.print("============{}============\n", heading);
  MQ_TRY(const auto r, s.ask<RequestCode::GET_BROKER_CONFIG>(addr));
  MQ_TRY_VOID(print_properties(s, addr, r.body));
  s.write("\n");
  return {};
}

Result<> get_broker_config(Session& s, const Options& o) {
  return for_each_headed(s, o, [&](const std::string& heading, const std::string& addr) { return print_config(s, heading, addr); });
}

/// The value as java.util.Properties must read it.
std::string escape_property(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\') out += "\\\\";
    else out += c;
  }
  return out;
}

Result<> update_broker_config(Session& s, const Options& o) {
  const std::string body = o.get("k") + "=" + escape_property(o.get("v")) + "\n";
  std::optional<Failure> refused;   // brokers take any number
  if (o.get("k") == "brokerPermission") {
    if (const auto perm = o.int32("v", 0); !perm) refused = fail(perm.error());
    else if (!is_valid_perm(*perm)) refused = client_failure(static_cast<int32_t>(wire::ResponseCode::NO_PERMISSION), fmt::format("brokerPermission value: {} is invalid.", o.get("v")));
  }
  auto update = [&](const std::string& addr) -> Result<> {
    if (refused) return *refused;
    MQ_TRY(const auto r, s.ask<RequestCode::UPDATE_BROKER_CONFIG>(addr, {}, body));
    s.print("update broker config success, {}\n", addr);
    s.show_remark(addr, r.remark);
    return {};
  };
  if (const auto addr = o.find("b")) return update(*addr);
  MQ_TRY(const auto brokers, o.has("a") ? s.all_brokers(o.get("c")) : s.masters(o.get("c")));
  for (const std::string& addr : brokers) {
    if (const auto r = update(addr); !r) s.complain(r.error());
  }
  return {};
}

}  // namespace

void add_broker_commands(std::vector<Command>& to) {
  to.push_back({"clusterList", "ClusterListSubCommand", "List cluster infos.",
                {{"m", "moreStats", false, false, "Print more stats"},
                 {"i", "interval", true, false, "specify intervals numbers, it is in seconds"},
                 {"c", "clusterName", true, false, "which cluster"}},
                cluster_list, {}, extra::kWatch | extra::kJson});
  to.push_back({"brokerStatus", "BrokerStatusSubCommand", "Fetch broker runtime status data.",
                {{"b", "brokerAddr", true, true, "Broker address", 1}, {"c", "clusterName", true, true, "which cluster", 1}}, broker_status, {}, extra::kJson});
  to.push_back({"getBrokerConfig", "GetBrokerConfigCommand", "Get broker config by cluster or special broker.",
                {{"b", "brokerAddr", true, false, "get which broker"}, {"c", "clusterName", true, false, "get which cluster"}}, get_broker_config, {}, extra::kJson});
  to.push_back({"updateBrokerConfig", "UpdateBrokerConfigSubCommand", "Update broker's config.",
                {{"b", "brokerAddr", true, false, "update which broker"},
                 {"c", "clusterName", true, false, "update which cluster"},
                 {"a", "updateAllBroker", true, false, "update all brokers include slave"},
                 {"k", "key", true, true, "config key"},
                 {"v", "value", true, true, "config value"}},
                update_broker_config, "bc"});
}

}  // namespace mq::admin
