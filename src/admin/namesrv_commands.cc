// getNamesrvConfig, updateNamesrvConfig, wipeWritePerm, addWritePerm, updateKvConfig, deleteKvConfig. Source: spec mqadmin 6.6, 7.
#include <fmt/format.h>

#include "admin/command.h"
#include "admin/output.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

Result<> get_config(Session& s, const Options&) {
  for (const std::string& ns : s.namesrvs()) {
    MQ_TRY(const auto r, s.ask_plain<RequestCode::GET_NAMESRV_CONFIG>(ns));
    s.print("============{}============\n", ns);
    MQ_TRY_VOID(print_properties(s, ns, r.body));
  }
  return {};
}

Result<> update_config(Session& s, const Options& o) {
  const std::string body = o.get("k") + "=" + o.get("v") + "\n";
  for (const std::string& ns : s.namesrvs()) {
    MQ_TRY(const auto r, s.ask_plain<RequestCode::UPDATE_NAMESRV_CONFIG>(ns, {}, body));
    s.show_remark(ns, r.remark);
  }
  s.print("update name server config success!{}\n{} : {}\n", o.has("n") ? list_text(s.namesrvs()) : "", o.get("k"), o.get("v"));
  return {};
}

template <RequestCode C, class Count>
Result<> change_write_perm(Session& s, const Options& o, std::string_view verb, Count count) {
  const std::string broker = o.get("b");
  for (const std::string& ns : s.namesrvs()) {
    const auto r = s.ask_plain<C>(ns, {broker});
    if (r) {
      s.print("{} write perm of broker[{}] in name server[{}] OK, {}\n", verb, broker, ns, count(r->header).value_or(0));
    } else {
      s.print("{} write perm of broker[{}] in name server[{}] Failed\n", verb, broker, ns);
      fmt::print(stderr, "{}\n", r.error().message());
    }
  }
  return {};
}

Result<> wipe(Session& s, const Options& o) {
  return change_write_perm<RequestCode::WIPE_WRITE_PERM_OF_BROKER>(s, o, "wipe", [](const auto& h) { return h.wipeTopicCount; });
}

Result<> add(Session& s, const Options& o) {
  return change_write_perm<RequestCode::ADD_WRITE_PERM_OF_BROKER>(s, o, "add", [](const auto& h) { return h.addTopicCount; });
}

Result<> put_kv(Session& s, const Options& o) {
  for (const std::string& ns : s.namesrvs()) MQ_TRY_VOID(s.ask_plain<RequestCode::PUT_KV_CONFIG>(ns, {o.get("s"), o.get("k"), o.get("v")}));
  s.write("create or update kv config to namespace success.\n");
  return {};
}

Result<> delete_kv(Session& s, const Options& o) {
  for (const std::string& ns : s.namesrvs()) MQ_TRY_VOID(s.ask_plain<RequestCode::DELETE_KV_CONFIG>(ns, {o.get("s"), o.get("k")}));
  s.write("delete kv config from namespace success.\n");
  return {};
}

}  // namespace

void add_namesrv_commands(std::vector<Command>& to) {
  const OptionSpec key{"k", "key", true, true, "config key"};
  const OptionSpec value{"v", "value", true, true, "config value"};
  const OptionSpec name_space{"s", "namespace", true, true, "set the namespace"};
  const OptionSpec broker{"b", "brokerName", true, true, "broker name"};
  to.push_back({"getNamesrvConfig", "GetNamesrvConfigCommand", "Get configs of name server.", {}, get_config, {}, extra::kJson});
  to.push_back({"updateNamesrvConfig", "UpdateNamesrvConfigCommand", "Update configs of name server.", {key, value}, update_config});
  to.push_back({"wipeWritePerm", "WipeWritePermSubCommand", "Wipe write perm of broker in all name server you defined in the -n param.", {broker}, wipe});
  to.push_back({"addWritePerm", "AddWritePermSubCommand", "Add write perm of broker in all name server you defined in the -n param.", {broker}, add});
  to.push_back({"updateKvConfig", "UpdateKvConfigCommand", "Create or update KV config.", {name_space, key, value}, put_kv});
  to.push_back({"deleteKvConfig", "DeleteKvConfigCommand", "Delete KV config.", {name_space, key}, delete_kv});
}

}  // namespace mq::admin
