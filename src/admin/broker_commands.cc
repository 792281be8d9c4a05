// clusterList, brokerStatus, getBrokerConfig, updateBrokerConfig. Source: spec mqadmin 6.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <thread>

#include "admin/command.h"
#include "admin/java_text.h"
#include "base/properties_file.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

double number(std::string_view text) {
  double v = 0;
  std::from_chars(text.data(), text.data() + text.size(), v);
  return v;
}

/// One broker's runtime info; lookups give "" for a missing key.
class Runtime {
 public:
  explicit Runtime(wire::KvTable table) : table_(std::move(table)) {}
  std::string get(std::string_view key, std::string_view otherwise = {}) const {
    const std::string* v = table_.find(key);
    return v ? *v : std::string(otherwise);
  }
  /// The first of the blank-separated numbers.
  double first(std::string_view key) const {
    const std::string v = get(key);
    return number(v.substr(0, v.find(' ')));
  }

 private:
  wire::KvTable table_;
};

Result<Runtime> runtime_of(Session& s, const std::string& addr) {
  MQ_TRY(const auto r, s.ask<RequestCode::GET_BROKER_RUNTIME_INFO>(addr));
  MQ_TRY(auto table, wire::kv_table_from(r.body));
  return Runtime(std::move(table));
}

constexpr auto kClusterRow = "{:<22}  {:<22}  {:<4}  {:<22} {:<16}  {:>16}  {:>30}  {:<22}  {:>11}  {:<12}  {:<8}  {:>10}\n";

std::string cluster_row(Session& s, const std::string& cluster, const std::string& name, int64_t id, const std::string& addr, const Runtime& r) {
  const std::string in = fmt::format("{}({},{}ms)", pad_left(fixed(r.first("putTps"), 2), 9), r.get("sendThreadPoolQueueSize"),
                                     r.get("sendThreadPoolQueueHeadWaitTimeMills"));
  const std::string out = fmt::format("{}({},{}ms|{},{}ms)", pad_left(fixed(r.first("getTransferredTps"), 2), 9), r.get("pullThreadPoolQueueSize"),
                                      r.get("pullThreadPoolQueueHeadWaitTimeMills"), r.get("ackThreadPoolQueueSize", "N"),
                                      r.get("ackThreadPoolQueueHeadWaitTimeMills", "N"));
  const std::string timer = fmt::format("{}-{}({}w, {}, {})", static_cast<int64_t>(number(r.get("timerReadBehind"))),
                                        static_cast<int64_t>(number(r.get("timerOffsetBehind"))), fixed(number(r.get("timerCongestNum")) / 10000, 1),
                                        fixed(number(r.get("timerEnqueueTps")), 1), fixed(number(r.get("timerDequeueTps")), 1));
  const int64_t now = s.env().clock().now_ms();
  const std::string earliest = r.get("earliestMessageTimeStamp");
  const double hour = earliest.empty() ? 0 : (static_cast<double>(now) - number(earliest)) / 3600000.0;
  const std::string space = r.get("commitLogDiskRatio");
  return fmt::format(kClusterRow, cluster, name, id, addr, r.get("brokerVersionDesc"), in, out, timer, r.get("pageCacheLockTimeMills"),
                     fixed(hour, 2), space.empty() ? "0.0000" : fixed(number(space), 4), r.get("brokerActive") == "true");
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
        auto r = runtime_of(s, addr);
        if (!r) fmt::print(stderr, "{} ({}): {}\n", name, addr, r.error().message());
        const Runtime runtime = r ? std::move(*r) : Runtime({});
        if (!more) {
          s.write(cluster_row(s, cluster, name, id, addr, runtime));
          continue;
        }
        auto day = [&](std::string_view to, std::string_view from) { return fixed(number(runtime.get(to)) - number(runtime.get(from)), 0); };
        s.write(fmt::format("{}  {} {} {} {} {}\n", pad(cluster, 16), pad(name, 32),
                            pad_left(day("msgPutTotalTodayMorning", "msgPutTotalYesterdayMorning"), 14),
                            pad_left(day("msgGetTotalTodayMorning", "msgGetTotalYesterdayMorning"), 14),
                            pad_left(day("msgPutTotalTodayNow", "msgPutTotalTodayMorning"), 14),
                            pad_left(day("msgGetTotalTodayNow", "msgGetTotalTodayMorning"), 14)));
      }
    }
  }
  return {};
}

Result<> cluster_list(Session& s, const Options& o) {
  MQ_TRY(const int64_t seconds, o.number("i", 0));
  for (;;) {
    MQ_TRY_VOID(cluster_list_once(s, o));
    std::fflush(stdout);
    if (!o.has("i")) return {};
    std::this_thread::sleep_for(std::chrono::seconds(std::max<int64_t>(seconds, 1)));
    s.write("\n");
  }
}

Result<> print_status(Session& s, const std::string& addr, bool with_addr) {
  MQ_TRY(const auto r, s.ask<RequestCode::GET_BROKER_RUNTIME_INFO>(addr));
  MQ_TRY(auto table, wire::kv_table_from(r.body));
  std::sort(table.table.begin(), table.table.end());
  for (const auto& [k, v] : table.table) {
    s.write(with_addr ? fmt::format("{} {}: {}\n", pad(addr, 24), pad(k, 32), v) : fmt::format("{}: {}\n", pad(k, 32), v));
  }
  return {};
}

Result<> broker_status(Session& s, const Options& o) {
  if (const auto addr = o.find("b")) return print_status(s, *addr, false);
  MQ_TRY(const auto brokers, s.all_brokers(o.get("c")));
  for (const std::string& addr : brokers) {
    if (auto r = print_status(s, addr, true); !r) fmt::print(stderr, "{}: {}\n", addr, r.error().message());
  }
  return {};
}

Result<> print_config(Session& s, const std::string& heading, const std::string& addr) {
  s.print("============{}============\n", heading);
  MQ_TRY(const auto r, s.ask<RequestCode::GET_BROKER_CONFIG>(addr));
  MQ_TRY(const auto lines, parse_properties(r.body));
  for (const PropertyLine& line : lines) s.write(fmt::format("{}=  {}\n", pad(line.key, 50), line.value));
  s.write("\n");
  return {};
}

Result<> get_broker_config(Session& s, const Options& o) {
  if (const auto addr = o.find("b")) return print_config(s, *addr, *addr);
  if (!o.has("c")) return {};
  MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
  const auto names = info.clusterAddrTable.find(o.get("c"));
  if (names == info.clusterAddrTable.end()) {
    s.write("[error] Make sure the specified clusterName exists or the name server connected to is correct.");
    return {};
  }
  for (const std::string& name : names->second) {
    const auto broker = info.brokerAddrTable.find(name);
    if (broker == info.brokerAddrTable.end()) continue;
    const auto& addrs = broker->second.brokerAddrs;
    const std::string master = addrs.contains(0) ? addrs.at(0) : "";
    if (!master.empty()) MQ_TRY_VOID(print_config(s, "Master: " + master, master));
    for (const auto& [id, addr] : addrs) {
      if (id != 0) MQ_TRY_VOID(print_config(s, fmt::format("My Master: {}=====Slave: {}", master.empty() ? "NO_MASTER" : master, addr), addr));
    }
  }
  return {};
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
  auto update = [&](const std::string& addr) -> Result<> {
    MQ_TRY(const auto r, s.ask<RequestCode::UPDATE_BROKER_CONFIG>(addr, {}, body));
    (void)r;
    s.print("update broker config success, {}\n", addr);
    return {};
  };
  if (const auto addr = o.find("b")) return update(*addr);
  if (!o.has("c")) {
    s.write(usage_text("updateBrokerConfig", {{"a", "updateAllBroker", true, false, "update all brokers include slave"},
                                              {"b", "brokerAddr", true, false, "update which broker"},
                                              {"c", "clusterName", true, false, "update which cluster"},
                                              {"h", "help", false, false, "Print help"},
                                              {"k", "key", true, true, "config key"},
                                              {"n", "namesrvAddr", true, false, "Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'"},
                                              {"v", "value", true, true, "config value"}}));
    return {};
  }
  MQ_TRY(const auto brokers, o.has("a") ? s.all_brokers(o.get("c")) : s.masters(o.get("c")));
  for (const std::string& addr : brokers) {
    if (auto r = update(addr); !r) fmt::print(stderr, "{}: {}\n", addr, r.error().message());
  }
  return {};
}

}  // namespace

void add_broker_commands(std::vector<Command>& to) {
  to.push_back({"clusterList", "ClusterListSubCommand", "List cluster infos.",
                {{"m", "moreStats", false, false, "Print more stats"},
                 {"i", "interval", true, false, "specify intervals numbers, it is in seconds"},
                 {"c", "clusterName", true, false, "which cluster"}},
                cluster_list});
  to.push_back({"brokerStatus", "BrokerStatusSubCommand", "Fetch broker runtime status data.",
                {{"b", "brokerAddr", true, true, "Broker address", 1}, {"c", "clusterName", true, true, "which cluster", 1}}, broker_status});
  to.push_back({"getBrokerConfig", "GetBrokerConfigCommand", "Get broker config by cluster or special broker.",
                {{"b", "brokerAddr", true, false, "get which broker"}, {"c", "clusterName", true, false, "get which cluster"}}, get_broker_config});
  to.push_back({"updateBrokerConfig", "UpdateBrokerConfigSubCommand", "Update broker's config.",
                {{"b", "brokerAddr", true, false, "update which broker"},
                 {"c", "clusterName", true, false, "update which cluster"},
                 {"a", "updateAllBroker", true, false, "update all brokers include slave"},
                 {"k", "key", true, true, "config key"},
                 {"v", "value", true, true, "config value"}},
                update_broker_config});
}

}  // namespace mq::admin
