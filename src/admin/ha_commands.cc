// haStatus, getSyncStateSet, getBrokerEpoch, resetMasterFlushOffset. Source: spec mqadmin 8.1, 6.9, protocol 8.3.
#include <fmt/format.h>

#include "admin/command.h"
#include "admin/controller.h"
#include "admin/java_text.h"
#include "admin/output.h"
#include "base/split.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

constexpr int64_t kRepeatSeconds = 3;
constexpr int64_t kTimeoutMs = 3000;

std::string kilobytes(const Json& bytes) { return fixed(bytes.as_double() / 1024.0, 2); }

void print_slaves(Session& s, const Json& status) {
  const auto row = [&](std::string_view a, std::string_view b, std::string_view c, std::string_view d, std::string_view e, std::string_view f) {
    s.write(fmt::format("{}  {} {} {} {} {}\n", pad(a, 32), pad(b, 16), pad_left(c, 16), pad_left(d, 16), pad_left(e, 16), pad_left(f, 16)));
  };
  row("#SlaveAddr", "#SlaveAckOffset", "#Diff", "#TransferSpeed(KB/s)", "#Status", "#TransferFromWhere");
  for (const Json& c : status["haConnectionInfo"].items()) {
    row(c["addr"].as_string(), std::to_string(c["slaveAckOffset"].as_int()), std::to_string(c["diff"].as_int()),
        kilobytes(c["transferredByteInSecond"]), c["inSync"].as_bool() ? "OK" : "Fall Behind", std::to_string(c["transferFromWhere"].as_int()));
  }
}

Result<> print_ha_status(Session& s, const std::string& addr) {
  MQ_TRY(const auto r, s.ask_plain<RequestCode::GET_BROKER_HA_STATUS>(addr));
  MQ_TRY(const Json status, parse_json(r.body));
  s.record(Json::object().add("addr", addr).add("status", status));
  if (status["master"].as_bool()) {
    s.print("\n#MasterAddr\t{}\n#MasterCommitLogMaxOffset\t{}\n#SlaveNum\t{}\n#InSyncSlaveNum\t{}\n", addr, status["masterCommitLogMaxOffset"].as_int(),
            status["haConnectionInfo"].size(), status["inSyncSlaveNums"].as_int());
    print_slaves(s, status);
    return {};
  }
  const Json& client = status["haClientRuntimeInfo"];
  s.print("\n#MasterAddr\t{}\n#CommitLogMaxOffset\t{}\n#TransferSpeed(KB/s)\t{}\n#LastReadTime\t{}\n#LastWriteTime\t{}\n#MasterFlushOffset\t{}\n",
          client["masterAddr"].as_string("null"), client["maxOffset"].as_int(), kilobytes(client["transferredByteInSecond"]),
          date_millis(client["lastReadTimestamp"].as_int()), date_millis(client["lastWriteTimestamp"].as_int()), client["masterFlushOffset"].as_int());
  return {};
}

Result<> ha_status(Session& s, const Options& o) {
  return repeat(s, o, kRepeatSeconds, "", [&]() -> Result<> {
    if (const auto addr = o.find("b")) return print_ha_status(s, *addr);
    MQ_TRY(const auto masters, s.masters(o.get("c")));
    for (const std::string& addr : masters) MQ_TRY_VOID(print_ha_status(s, addr));
    return {};
  });
}

// --- replicas, as their controller knows them ---------------------------------------------------------------------------------

void print_replicas(Session& s, std::string_view title, const Json& replicas) {
  for (const Json& r : replicas.items()) {
    s.print("\n{}:\tReplicaIdentity{{brokerName='{}', brokerId={}, brokerAddress='{}', alive={}}}\n", title, r["brokerName"].as_string(),
            r["brokerId"].as_int(), r["brokerAddress"].as_string(), r["alive"].as_bool());
  }
}

Result<> print_sync_state(Session& s, const std::string& controller, const std::vector<std::string>& brokers) {
  if (brokers.empty()) return {};
  MQ_TRY(const std::string leader, controller_leader(s, controller));
  Json names = Json::array();
  for (const std::string& b : brokers) names.push(b);
  MQ_TRY(const auto r, s.ask_plain<RequestCode::CONTROLLER_GET_SYNC_STATE_DATA>(leader, {}, to_text(names), kTimeoutMs));
  MQ_TRY(const Json body, parse_json(r.body));
  for (const auto& [name, info] : body["replicasInfoTable"].members()) {
    s.record(Json::object().add("brokerName", name).add("info", info));
    const auto number = [&](std::string_view key) { return info[key].is_null() ? "null" : std::to_string(info[key].as_int()); };
    s.print("\n#brokerName\t{}\n#MasterBrokerId\t{}\n#MasterAddr\t{}\n#MasterEpoch\t{}\n#SyncStateSetEpoch\t{}\n#SyncStateSetNums\t{}\n", name.as_string(),
            number("masterBrokerId"), info["masterAddress"].as_string("null"), number("masterEpoch"), number("syncStateSetEpoch"),
            info["inSyncReplicas"].size());
    print_replicas(s, "InSyncReplica", info["inSyncReplicas"]);
    print_replicas(s, "NotInSyncReplica", info["notInSyncReplicas"]);
  }
  return {};
}

Result<> sync_state_set(Session& s, const Options& o) {
  const std::string list = o.get("a");
  const std::string controller = list.substr(0, list.find(';'));
  return repeat(s, o, kRepeatSeconds, "", [&]() -> Result<> {
    if (const auto name = o.find("b")) return print_sync_state(s, controller, {*name});
    MQ_TRY(const auto brokers, s.brokers_in(o.get("c")));
    std::vector<std::string> names;
    for (const wire::BrokerData& b : brokers) names.push_back(b.brokerName);
    return print_sync_state(s, controller, names);
  });
}

Result<> print_epochs(Session& s, const std::string& addr) {
  MQ_TRY(const auto r, s.ask_plain<RequestCode::GET_BROKER_EPOCH_CACHE>(addr, {}, {}, kTimeoutMs));
  MQ_TRY(const Json cache, parse_json(r.body));
  s.record(Json::object().add("addr", addr).add("cache", cache));
  s.print("\n#clusterName\t{}\n#brokerName\t{}\n#brokerAddr\t{}\n#brokerId\t{}", cache["clusterName"].as_string(), cache["brokerName"].as_string(), addr,
          cache["brokerId"].as_int());
  const auto& epochs = cache["epochList"].items();
  for (size_t i = 0; i < epochs.size(); ++i) {
    const int64_t end = i + 1 == epochs.size() ? cache["maxOffset"].as_int() : epochs[i]["endOffset"].as_int();
    s.print("\n#Epoch: EpochEntry{{epoch={}, startOffset={}, endOffset={}}}", epochs[i]["epoch"].as_int(), epochs[i]["startOffset"].as_int(), end);
  }
  s.write("\n");
  return {};
}

Result<> broker_epoch(Session& s, const Options& o) {
  return repeat(s, o, kRepeatSeconds, "", [&]() -> Result<> {
    std::vector<std::string> addrs;
    if (const auto name = o.find("b")) {
      MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
      const auto broker = info.brokerAddrTable.find(*name);
      if (broker != info.brokerAddrTable.end()) for (const auto& [id, addr] : broker->second.brokerAddrs) addrs.push_back(addr);
    } else {
      MQ_TRY(addrs, s.all_brokers(o.get("c")));
    }
    for (const std::string& addr : addrs) MQ_TRY_VOID(print_epochs(s, addr));
    return {};
  });
}

Result<> reset_flush_offset(Session& s, const Options& o) {
  if (!o.has("b") || !o.has("o")) return fail(Errc::kInvalid, "both -b (the broker's address) and -o (the offset) are needed");
  MQ_TRY(const int64_t offset, o.number("o", 0));
  MQ_TRY_VOID(s.ask<RequestCode::RESET_MASTER_FLUSH_OFFSET>(o.get("b"), {offset}, {}, kTimeoutMs));
  s.print("reset master flush offset to {} success\n", offset);
  return {};
}

}  // namespace

void add_ha_commands(std::vector<Command>& to) {
  const OptionSpec cluster{"c", "clusterName", true, false, "which cluster"};
  const OptionSpec interval{"i", "interval", true, false, "the interval(second) of get info"};
  const OptionSpec name{"b", "brokerName", true, false, "which broker to fetch"};
  to.push_back({"haStatus", "HAStatusSubCommand", "Fetch ha runtime status data.",
                {cluster, {"b", "brokerAddr", true, false, "which broker to fetch"}, interval}, ha_status, "bc", extra::kJson});
  to.push_back({"getSyncStateSet", "GetSyncStateSetSubCommand", "Fetch syncStateSet for target brokers.",
                {{"a", "controllerAddress", true, true, "the address of controller"}, cluster, name, interval}, sync_state_set, "bc", extra::kJson});
  to.push_back({"getBrokerEpoch", "GetBrokerEpochSubCommand", "Fetch broker epoch entries.", {cluster, name, interval}, broker_epoch, "bc", extra::kJson});
  to.push_back({"resetMasterFlushOffset", "ResetMasterFlushOffsetSubCommand", "Reset master flush offset in slave.",
                {{"b", "brokerAddr", true, false, "which broker to reset"}, {"o", "offset", true, false, "the offset to reset at"}},
                reset_flush_offset});
}

}  // namespace mq::admin
