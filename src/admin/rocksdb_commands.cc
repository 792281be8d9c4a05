// exportPopRecord, checkRocksdbCqWriteProgress, rocksDBConfigToJson, exportMetadataInRocksDB. Source: spec mqadmin 8.4, 8.5.
#include <fmt/format.h>

#include <algorithm>

#include "admin/command.h"
#include "admin/runtime_info.h"
#include "base/split.h"
#include "msg/hash_order.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

constexpr int64_t kExportTimeoutMs = 30'000;
constexpr int64_t kCheckedDays = 30;
constexpr std::string_view kTypes[] = {"topics", "subscriptionGroups", "consumerOffsets"};
constexpr std::string_view kConvertHelp =
    "Convert RocksDB kv config (topics/subscriptionGroups/consumerOffsets) to json. [rpc mode] Use [-n, -c, -b, -t] to send Request to broker "
    "( version >= 5.3.2 ) or [local mode] use [-p, -t, -j, -e] to load RocksDB. If -e is provided, tools will export json file instead of std print";

/// Brokers of the whole cluster information in the order of Java's map.
std::vector<wire::BrokerData> in_map_order(const wire::ClusterInfo& info) {
  std::vector<wire::BrokerData> found;
  for (const auto& [name, broker] : info.brokerAddrTable) found.push_back(broker);
  hash_order(found, [](const wire::BrokerData& b) { return std::string_view(b.brokerName); });
  return found;
}
std::string master_of(const wire::BrokerData& b) { return b.brokerAddrs.contains(0) ? b.brokerAddrs.at(0) : ""; }

// --- POP records ------------------------------------------------------------------------------------------------------------

void export_pop(Session& s, const std::string& name, const std::string& addr, bool dry) {
  if (!dry) {
    if (const auto r = s.ask_plain<RequestCode::POP_ROLLBACK>(addr, {}, {}, kExportTimeoutMs); !r) {
      const std::string_view exception = r.error().code() == Errc::kRefused ? "client.exception.MQBrokerException" : "remoting.exception.RemotingConnectException";
      s.print("Export broker records error, brokerName={}, brokerAddr={}, dryRun={}\norg.apache.rocketmq.{}: {}", name, addr, dry, exception, r.error().message());
      return;
    }
  }
  s.print("Export broker records, brokerName={}, brokerAddr={}, dryRun={}\n", name, addr, dry);
}

/// QUIRK: it is only tried (a "dry run") when -d says false.
Result<> export_pop_records(Session& s, const Options& o) {
  std::string text = o.get("d");
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  const bool dry = text == "false";
  if (const auto addr = o.find("b")) {
    MQ_TRY(const auto config, broker_config(s, *addr));
    const auto name = config.find("brokerName");
    export_pop(s, name == config.end() ? "null" : name->second, *addr, dry);
    return {};
  }
  if (!o.has("c")) return {};
  MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
  const auto names = info.clusterAddrTable.find(o.get("c"));
  if (names == info.clusterAddrTable.end()) return {};
  for (const wire::BrokerData& b : in_map_order(info)) {
    if (names->second.contains(b.brokerName)) for (const auto& [id, addr] : b.brokerAddrs) export_pop(s, b.brokerName, addr, dry);
  }
  return {};
}

// --- queues and tables in RocksDB -----------------------------------------------------------------------------------------------

/// QUIRK: the cluster is only looked for; the brokers of all clusters are asked.
Result<> check_progress(Session& s, const Options& o) {
  MQ_TRY(const int64_t from, o.number("cf", s.env().clock().now_ms() - kCheckedDays * 24 * 3'600'000));
  MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
  if (!info.clusterAddrTable.contains(o.get("c"))) {
    s.write("clusterAddrTable is empty");
    return {};
  }
  for (const wire::BrokerData& b : in_map_order(info)) {
    MQ_TRY(const auto r, s.ask_plain<RequestCode::CHECK_ROCKSDB_CQ_WRITE_PROGRESS>(master_of(b), {o.get("t"), from}));
    MQ_TRY(const Json result, parse_json(r.body));
    constexpr int64_t kError = 3;
    s.record(Json::object().add("brokerName", b.brokerName).add("result", result));
    if (result["checkStatus"].as_int() == kError) {
      s.print("{} check error, please check log... errInfo: {}", b.brokerName, result["checkResult"].as_string("null"));
    } else {
      s.print("{} check doing, please wait and get the result from log... \n", b.brokerName);
    }
  }
  return {};
}

/// The brokers write their tables to JSON files, each where it keeps its configuration.
Result<> export_by_brokers(Session& s, const Options& o, const std::string& types) {
  std::vector<std::pair<std::string, std::string>> brokers;   // name, address
  if (o.has("c")) {
    MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
    if (!info.clusterAddrTable.contains(o.get("c"))) {
      s.write("clusterAddrTable is empty");
      return {};
    }
    for (const wire::BrokerData& b : in_map_order(info)) brokers.emplace_back(b.brokerName, master_of(b));
  } else {
    brokers.emplace_back(o.get("b") + " export error", o.get("b"));
  }
  Result<> outcome;
  for (const auto& [name, addr] : brokers) {
    const auto r = s.ask_plain<RequestCode::EXPORT_ROCKSDB_CONFIG_TO_JSON>(addr, {types}, {}, kExportTimeoutMs);
    if (r) continue;
    s.write(name);
    outcome = fail(r.error());
  }
  s.write("broker export done.");
  return outcome;
}

/// What a folder of RocksDB's own files gets: they are not read here.
Result<> cannot_read(const std::string& path) {
  return fail(Errc::kInvalid, fmt::format("{} holds RocksDB's own files, which mqadmin does not read; let the broker write them as JSON: "
                                          "mqadmin rocksDBConfigToJson -b ADDRESS -t TYPE", path));
}

Result<> convert(Session& s, const Options& o) {
  const std::string types = o.get("t", "topics;subscriptionGroups;consumerOffsets");
  for (const std::string_view type : split(types, ";")) {
    if (std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes)) continue;
    s.print("Invalid configType: {} please input topics/subscriptionGroups/consumerOffsets \n", types);
    return {};
  }
  const auto missing = [&](std::string_view mode, std::string_view option) -> Result<> {
    s.print("{} Invalid args, please input {}\n", mode, option);
    return fail(Errc::kInvalid, "Invalid args");
  };
  if (o.has("n")) {   // QUIRK: the common option decides, so -b counts only where NAMESRV_ADDR gives the NameServers
    s.write("Use [rpc mode] call all brokers in cluster to export to json file \n");
    return o.has("c") ? export_by_brokers(s, o, types) : missing("rpc mode", "cluster");
  }
  if (o.has("b")) {
    s.write("Use [rpc mode] call broker to export to json file \n");
    return export_by_brokers(s, o, types);
  }
  if (!o.has("p")) {
    s.print("{}\n", kConvertHelp);
    return {};
  }
  s.write("Use [local mode] load rocksdb to print or export file \n");
  if (!o.has("t")) return missing("local mode", "configType");
  if (!s.env().fs().exists(o.get("p"))) {
    s.write("Rocksdb path is invalid.\n");
    return {};
  }
  return cannot_read(fmt::format("{}/{}", o.get("p"), types.substr(0, types.find(';'))));
}

Result<> export_metadata(Session& s, const Options& o) {
  std::string path = o.get("p");
  if (path.empty() || !s.env().fs().exists(path)) {
    s.write("RocksDB path is invalid.\n");
    return {};
  }
  if (!path.ends_with('/')) path += '/';
  path += o.get("t");
  if (!s.env().fs().exists(path + "/CURRENT")) {
    s.print("RocksDB load error, path={}\n", path);
    return {};
  }
  return cannot_read(path);
}

}  // namespace

void add_rocksdb_commands(std::vector<Command>& to) {
  to.push_back({"exportPopRecord", "ExportPopRecordCommand", "Export pop consumer record.",
                {{"c", "clusterName", true, false, "choose one cluster to export"},
                 {"b", "brokerAddr", true, false, "choose one broker to export"},
                 {"d", "dryRun", true, false, "no actual changes will be made"}},
                export_pop_records});
  to.push_back({"checkRocksdbCqWriteProgress", "CheckRocksdbCqWriteProgressCommand", "check if rocksdb cq is same as file cq.",
                {{"c", "cluster", true, true, "cluster name"},
                 {"n", "nameserverAddr", true, true, "nameserverAddr"},
                 {"t", "topic", true, false, "topic name"},
                 {"cf", "checkFrom", true, false, "check from time"}},
                check_progress, {}, extra::kJson});
  to.push_back({"rocksDBConfigToJson", "RocksDBConfigToJsonCommand", kConvertHelp,
                {{"t", "configType", true, false, "topics/subscriptionGroups/consumerOffsets, several with ; between them; all in rpc mode"},
                 {"p", "configPath", true, false, "[local mode] Absolute path to the metadata config directory"},
                 {"e", "exportFile", true, false, "[local mode] Absolute path of the file to write"},
                 {"j", "jsonEnable", true, false, "[local mode] Json format enable, Default: true"},
                 {"n", "nameserverAddr", true, false, "[rpc mode] nameserverAddr"},
                 {"c", "cluster", true, false, "[rpc mode] Cluster name"},
                 {"b", "brokerAddr", true, false, "[rpc mode] Broker address"}},
                convert});
  to.push_back({"exportMetadataInRocksDB", "ExportMetadataInRocksDBCommand",
                "export RocksDB kv config (topics/subscriptionGroups). Recommend to use [mqadmin rocksDBConfigToJson]",
                {{"p", "path", true, true, "Absolute path for the metadata directory"},
                 {"t", "configType", true, true, "Name of kv config, e.g. topics/subscriptionGroups"},
                 {"j", "jsonEnable", true, false, "Json format enable, Default: false"}},
                export_metadata});
}

}  // namespace mq::admin
