// getControllerMetaData, getControllerConfig, updateControllerConfig, electMaster, cleanBrokerMetadata, addBroker, removeBroker.
// Source: spec mqadmin 6.10, 8.1, ha 1.10.
#include <fmt/format.h>

#include "admin/command.h"
#include "admin/controller.h"
#include "admin/output.h"
#include "base/numbers.h"
#include "base/split.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

constexpr int64_t kTimeoutMs = 3000;
constexpr int64_t kContainerTimeoutMs = 20'000;

std::vector<std::string> address_list(const Options& o) {
  const std::string text = o.get("a");
  std::vector<std::string> found;
  for (const std::string_view one : split(text, ";")) found.emplace_back(one);
  return found;
}

Result<> metadata(Session& s, const Options& o) {
  MQ_TRY(const auto r, s.ask_plain<RequestCode::CONTROLLER_GET_METADATA_INFO>(o.get("a"), {}, {}, kTimeoutMs));
  s.print("\n#ControllerGroup\t{}\n#ControllerLeaderId\t{}\n#ControllerLeaderAddress\t{}", r.header.group.value_or("null"),
          r.header.controllerLeaderId.value_or("null"), r.header.controllerLeaderAddress.value_or("null"));
  const std::string peers = r.header.peers.value_or("");
  s.record(Json::object()
               .add("group", r.header.group.value_or(""))
               .add("controllerLeaderId", r.header.controllerLeaderId.value_or(""))
               .add("controllerLeaderAddress", r.header.controllerLeaderAddress.value_or(""))
               .add("peers", peers));
  for (const std::string_view peer : split(peers, ";")) s.print("\n#Peer:\t{}", peer);
  s.write("\n");
  return {};
}

Result<> get_config(Session& s, const Options& o) {
  for (const std::string& addr : address_list(o)) {
    MQ_TRY(const auto r, s.ask_plain<RequestCode::GET_CONTROLLER_CONFIG>(addr, {}, {}, kTimeoutMs));
    s.print("============{}============\n", addr);
    MQ_TRY_VOID(print_properties(s, addr, r.body));
  }
  return {};
}

Result<> update_config(Session& s, const Options& o) {
  const auto addrs = address_list(o);
  const std::string body = o.get("k") + "=" + o.get("v") + "\n";
  for (const std::string& addr : addrs) MQ_TRY_VOID(s.ask_plain<RequestCode::UPDATE_CONTROLLER_CONFIG>(addr, {}, body, kTimeoutMs));
  s.print("update controller config success!{}\n{} : {}\n", list_text(addrs), o.get("k"), o.get("v"));
  return {};
}

Result<> elect_master(Session& s, const Options& o) {
  wire::ElectMasterHeader h{.clusterName = o.get("c"), .brokerName = o.get("bn"), .designateElect = true, .invokeTime = s.env().clock().now_ms()};
  MQ_TRY(h.brokerId, o.number("b", -1));
  MQ_TRY(const std::string leader, controller_leader(s, o.get("a")));
  MQ_TRY(const auto r, s.ask_plain<RequestCode::CONTROLLER_ELECT_MASTER>(leader, h, {}, kTimeoutMs));
  const auto number = [](const auto& n) { return n ? std::to_string(*n) : "null"; };
  s.print("\n#ClusterName\t{}\n#BrokerName\t{}\n#BrokerMasterAddr\t{}\n#MasterEpoch\t{}\n#SyncStateSetEpoch\t{}\n", h.clusterName, h.brokerName,
          r.header.masterAddress.value_or("null"), number(r.header.masterEpoch), number(r.header.syncStateSetEpoch));
  const auto body = parse_json(r.body);
  if (!body) return {};
  for (const auto& [id, addr] : (*body)["brokerMemberGroup"]["brokerAddrs"].members()) s.print("\t#Broker\t{}\t{}\n", id.as_int(), addr.as_string());
  return {};
}

/// QUIRK: the ids are not looked at here.
Result<> clean_metadata(Session& s, const Options& o) {
  if (!o.has("l") && o.get("c").empty()) return fail(Errc::kInvalid, "cleanLivingBroker option is false, clusterName option can not be empty.");
  MQ_TRY(const std::string leader, controller_leader(s, o.get("a")));
  MQ_TRY_VOID(s.ask_plain<RequestCode::CLEAN_BROKER_DATA>(leader, {o.find("c"), o.get("bn"), o.find("b"), o.has("l"), s.env().clock().now_ms()}, {}, kTimeoutMs));
  s.print("clear broker {} metadata from controller success! \n", o.get("bn"));
  return {};
}

// --- broker containers ---------------------------------------------------------------------------------------------------------

Result<> add_broker(Session& s, const Options& o) {
  MQ_TRY_VOID(s.ask_plain<RequestCode::ADD_BROKER>(o.get("c"), {o.get("b")}, {}, kContainerTimeoutMs));
  s.print("add broker to {} success\n", o.get("c"));
  return {};
}

Result<> remove_broker(Session& s, const Options& o) {
  const std::string text = o.get("b");
  const auto part = split(text, ":");
  if (part.size() < 3) return fail(Errc::kInvalid, fmt::format("\"{}\" is not of the form clusterName:brokerName:brokerId", text));
  const auto id = parse_int64(part[2]);
  if (!id) {   // QUIRK: which does not count as a failure of the command
    s.fail_unnamed(Error(Errc::kInvalid, fmt::format("For input string: \"{}\" (\"{}\" is not of the form clusterName:brokerName:brokerId)", part[2], text)));
    return {};
  }
  if (*id < 0) {
    s.write("brokerId can't be negative\n");
    return {};
  }
  MQ_TRY_VOID(s.ask_plain<RequestCode::REMOVE_BROKER>(o.get("c"), {std::string(part[0]), std::string(part[1]), *id}, {}, kContainerTimeoutMs));
  s.print("remove broker from {} success\n", o.get("c"));
  return {};
}

}  // namespace

Result<std::string> controller_leader(Session& s, const std::string& controller) {
  MQ_TRY(const auto r, s.ask_plain<RequestCode::CONTROLLER_GET_METADATA_INFO>(controller, {}, {}, kTimeoutMs));
  if (r.header.controllerLeaderAddress.value_or("").empty()) {
    return fail(Errc::kNotFound, fmt::format("the controller {} knows no leader of its group at the moment", controller));
  }
  return *r.header.controllerLeaderAddress;
}

void add_controller_commands(std::vector<Command>& to) {
  const OptionSpec one{"a", "controllerAddress", true, true, "The address of controller"};
  const OptionSpec list{"a", "controllerAddress", true, true, "Controller address list, eg: 192.168.0.1:9878;192.168.0.2:9878"};
  const OptionSpec name{"bn", "brokerName", true, true, "The broker name of the replicas that require to be manipulated"};
  const OptionSpec container{"c", "brokerContainerAddr", true, true, "Broker container address"};
  to.push_back({"getControllerMetaData", "GetControllerMetaDataSubCommand", "Get controller cluster's metadata.", {one}, metadata, {}, extra::kJson});
  to.push_back({"getControllerConfig", "GetControllerConfigSubCommand", "Get controller config.", {list}, get_config, {}, extra::kJson});
  to.push_back({"updateControllerConfig", "UpdateControllerConfigSubCommand", "Update controller config.",
                {list, {"k", "key", true, true, "config key"}, {"v", "value", true, true, "config value"}}, update_config});
  to.push_back({"electMaster", "ReElectMasterSubCommand", "Re-elect the specified broker as master.",
                {one, {"b", "brokerId", true, true, "The id of the broker which requires to become master"}, name,
                 {"c", "clusterName", true, true, "the clusterName of broker"}},
                elect_master});
  to.push_back({"cleanBrokerMetadata", "CleanControllerBrokerMetaSubCommand", "Clean metadata of broker on controller.",
                {one, {"b", "brokerControllerIdsToClean", true, false, "The ids of the brokers whose metadata is to be cleaned, eg: 1;2;3"}, name,
                 {"c", "clusterName", true, false, "The clusterName of broker"},
                 {"l", "cleanLivingBroker", false, false, "Whether clean up living brokers,default value is false"}},
                clean_metadata});
  to.push_back({"addBroker", "AddBrokerSubCommand", "Add a broker to specified container.",
                {container, {"b", "brokerConfigPath", true, true, "Broker config path"}}, add_broker});
  to.push_back({"removeBroker", "RemoveBrokerSubCommand", "Remove a broker from specified container.",
                {container, {"b", "brokerIdentity", true, true, "Information to identify a broker: clusterName:brokerName:brokerId(dLedgerId for dLedger)"}},
                remove_broker});
}

}  // namespace mq::admin
