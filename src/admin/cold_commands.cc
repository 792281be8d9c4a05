// getColdDataFlowCtrInfo, updateColdDataFlowCtrGroupConfig, removeColdDataFlowCtrGroupConfig, setCommitLogReadAheadMode.
// Source: spec mqadmin 6.9.
#include <fmt/format.h>

#include "admin/command.h"
#include "admin/java_text.h"
#include "admin/output.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

/// A reading's times as dates, in Java's words.
Json readable(const Json& reading) {
  Json shown = Json::object();
  for (const auto& [key, value] : reading.members()) {
    const std::string name = key.as_string();
    if (name == "lastColdReadTimeMills") shown.add("lastColdReadTimeFormat", date_seconds(value.as_int()));
    else if (name == "createTimeMills") shown.add("createTimeFormat", date_seconds(value.as_int()));
    else shown.add(name, value);
  }
  return shown;
}

Result<> get_info(Session& s, const Options& o) {
  return for_each_headed(s, o, [&](const std::string& heading, const std::string& addr) -> Result<> {
    s.print(" ============{}============\n", heading);
    MQ_TRY(const auto r, s.ask_plain<RequestCode::GET_COLD_DATA_FLOW_CTR_INFO>(addr));
    if (r.body.empty()) {
      s.record(Json::object().add("addr", addr).add("info", Json()));
      s.print("Broker[{}] has no cold ctr table !\n", addr);
      return {};
    }
    MQ_TRY(Json info, parse_json(r.body));
    s.record(Json::object().add("addr", addr).add("info", info));
    for (auto& [key, value] : info.members()) {
      if (key.as_string() == "runtimeTable") for (auto& [group, reading] : value.members()) reading = readable(reading);
    }
    s.print("{}\n", to_text(in_hash_order(std::move(info)), {.pretty = true}));
    return {};
  });
}

Result<> set_threshold(Session& s, const Options& o) {
  const std::string body = o.get("g") + "=" + o.get("v") + "\n";
  return change_each(s, o, [&](const std::string& addr) -> Result<> {
    MQ_TRY_VOID(s.ask_plain<RequestCode::UPDATE_COLD_DATA_FLOW_CTR_CONFIG>(addr, {}, body));
    s.print("updateColdDataFlowCtrGroupConfig success, {}\n", addr);
    return {};
  });
}

Result<> remove_threshold(Session& s, const Options& o) {
  return change_each(s, o, [&](const std::string& addr) -> Result<> {
    MQ_TRY_VOID(s.ask_plain<RequestCode::REMOVE_COLD_DATA_FLOW_CTR_CONFIG>(addr, {}, o.get("g")));
    s.print("remove broker cold read threshold success, {}\n", addr);
    return {};
  });
}

Result<> set_read_ahead(Session& s, const Options& o) {
  const std::string mode = o.get("m");
  if (mode != "0" && mode != "1") {
    s.write("set the read mode error; 0 is default, 1 random read\n");
    return {};
  }
  return for_each_headed(s, o, [&](const std::string& heading, const std::string& addr) -> Result<> {
    s.print(" ============{}============\n", heading);
    MQ_TRY(const auto r, s.ask_plain<RequestCode::SET_COMMITLOG_READ_MODE>(addr, {mode}));
    s.print("commitLog set readAhead mode rstStr{}\n", r.has_remark ? r.remark : "null");
    return {};
  });
}

}  // namespace

void add_cold_commands(std::vector<Command>& to) {
  const auto places = [](std::string_view verb_b, std::string_view verb_c) {
    return std::vector<OptionSpec>{{"b", "brokerAddr", true, false, verb_b}, {"c", "clusterName", true, false, verb_c}};
  };
  const auto with = [](std::vector<OptionSpec> specs, std::initializer_list<OptionSpec> more) {
    specs.insert(specs.end(), more);
    return specs;
  };
  to.push_back({"getColdDataFlowCtrInfo", "GetColdDataFlowCtrInfoSubCommand", "Get cold data flow ctr info.",
                places("get from which broker", "get from which cluster"), get_info, {}, extra::kJson});
  to.push_back({"updateColdDataFlowCtrGroupConfig", "UpdateColdDataFlowCtrGroupConfigSubCommand", "Add or update cold data flow ctr group config.",
                with(places("update which broker", "update which cluster"),
                     {{"g", "consumerGroup", true, true, "specific consumerGroup"}, {"v", "threshold", true, true, "cold read threshold value"}}),
                set_threshold, "bc"});
  to.push_back({"removeColdDataFlowCtrGroupConfig", "RemoveColdDataFlowCtrGroupConfigSubCommand", "Remove consumer from cold ctr config.",
                with(places("update which broker", "update which cluster"),
                     {{"g", "consumerGroup", true, true, "the consumer group will remove from the config"}}),
                remove_threshold, "bc"});
  to.push_back({"setCommitLogReadAheadMode", "CommitLogSetReadAheadSubCommand", "Set read ahead mode for all commitlog files.",
                with(places("set which broker", "set which cluster"),
                     {{"m", "commitLogReadAheadMode", true, true, "set the CommitLog read ahead mode; 0 is default, 1 random read"}}),
                set_read_ahead});
}

}  // namespace mq::admin
