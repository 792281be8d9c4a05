// updateAclConfig, deleteAclConfig, updateGlobalWhiteAddr, clusterAclConfigVersion, getAclConfig (ACL 1.0, 4.6 to 5.3.2). Source: spec mqadmin 8.3.
#include <fmt/format.h>

#include "admin/command.h"
#include "admin/java_text.h"
#include "admin/output.h"
#include "base/split.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

/// The broker of -b, or every broker of -c.
Result<std::vector<std::string>> targets(Session& s, const Options& o) {
  if (o.has("b")) return std::vector<std::string>{o.get("b")};
  return s.all_brokers(o.get("c"));
}

std::string or_null(const Options& o, std::string_view letter) { return o.has(letter) ? "'" + o.get(letter) + "'" : "'null'"; }
std::string list_or_null(const Options& o, std::string_view letter) {
  return o.has(letter) ? fmt::format("[{}]", fmt::join(split(o.get(letter), ","), ", ")) : "null";
}

Result<> update_account(Session& s, const Options& o) {
  const wire::PlainAccountHeader h{.accessKey = o.get("a"), .secretKey = o.find("s"), .whiteRemoteAddress = o.find("w"), .admin = o.is_true("m"),
                                   .defaultTopicPerm = o.find("i"), .defaultGroupPerm = o.find("u"), .topicPerms = o.find("t"), .groupPerms = o.find("g")};
  MQ_TRY(const auto addrs, targets(s, o));
  for (const std::string& addr : addrs) {
    MQ_TRY_VOID(s.ask_plain<RequestCode::UPDATE_AND_CREATE_ACL_CONFIG>(addr, h));
    s.print("create or update plain access config to {} success.\n", addr);
  }
  s.print("PlainAccessConfig{{accessKey='{}', whiteRemoteAddress={}, admin={}, defaultTopicPerm={}, defaultGroupPerm={}, topicPerms={}, groupPerms={}}}", o.get("a"),
          or_null(o, "w"), h.admin, or_null(o, "i"), or_null(o, "u"), list_or_null(o, "t"), list_or_null(o, "g"));
  return {};
}

Result<> delete_account(Session& s, const Options& o) {
  MQ_TRY(const auto addrs, targets(s, o));
  for (const std::string& addr : addrs) {
    MQ_TRY_VOID(s.ask_plain<RequestCode::DELETE_ACL_CONFIG>(addr, {o.get("a")}));
    s.print("delete plain access config account from {} success.\n", addr);
  }
  s.print("account's accessKey is:{}", o.get("a"));
  return {};
}

Result<> update_white_addresses(Session& s, const Options& o) {
  MQ_TRY(const auto addrs, targets(s, o));
  for (const std::string& addr : addrs) {
    MQ_TRY_VOID(s.ask_plain<RequestCode::UPDATE_GLOBAL_WHITE_ADDRS_CONFIG>(addr, {o.get("g"), o.find("p")}));
    s.print("update global white remote addresses to {} success.\n", addr);
  }
  return {};
}

void version_row(Session& s, std::string_view a, std::string_view b, std::string_view c, std::string_view d, std::string_view e, std::string_view f) {
  s.print("{}  {}  {}  {}  {}  {}\n", pad(a, 16), pad(b, 22), pad(c, 22), pad(d, 20), pad(e, 22), pad(f, 22));
}

Result<> versions(Session& s, const Options& o) {
  std::vector<std::string> addrs{o.get("b")};
  if (!o.has("b")) {
    MQ_TRY(addrs, s.masters(o.get("c")));
    version_row(s, "#Cluster Name", "#Broker Name", "#Broker Addr", "#AclFilePath", "#AclConfigVersionNum", "#AclLastUpdateTime");
  }
  for (const std::string& addr : addrs) {
    MQ_TRY(const auto r, s.ask_plain<RequestCode::GET_BROKER_CLUSTER_ACL_INFO>(addr));
    MQ_TRY(const Json files, parse_json(r.header.allAclFileVersion.value_or("{}")));
    for (const auto& [path, version] : files.members()) {
      s.record(Json::object()
                   .add("cluster", r.header.clusterName.value_or(""))
                   .add("brokerName", r.header.brokerName.value_or(""))
                   .add("addr", r.header.brokerAddr.value_or(""))
                   .add("file", path)
                   .add("version", version));
      version_row(s, r.header.clusterName.value_or("null"), r.header.brokerName.value_or("null"), r.header.brokerAddr.value_or("null"), path.as_string(),
                  version["counter"].as_string("0"), date_seconds(version["timestamp"].as_int()));
    }
  }
  s.write(o.has("b") ? "get broker's plain access config version success.\n" : "get cluster's plain access config version success.\n");
  return {};
}

Result<> accounts(Session& s, const Options& o) {
  std::vector<std::string> addrs{o.get("b")};
  if (!o.has("b")) {
    MQ_TRY(addrs, s.masters(o.get("c")));
  }
  for (const std::string& addr : addrs) {
    MQ_TRY(const auto r, s.ask_plain<RequestCode::GET_BROKER_CLUSTER_ACL_CONFIG>(addr));
    MQ_TRY(const Json body, parse_json(r.body));
    s.record(Json::object().add("addr", addr).add("config", body));
    const auto text = [](const Json& value) {
      if (!value.is_array()) return value.as_string();
      std::vector<std::string> words;
      for (const Json& item : value.items()) words.push_back(item.as_string());
      return list_text(words);
    };
    s.print("\n{:<20}: {}\n\naccounts:\n", "globalWhiteRemoteAddresses", text(body["globalWhiteAddrs"]));
    for (const Json& account : body["plainAccessConfigs"].items()) {
      for (const char* key : {"accessKey", "secretKey", "whiteRemoteAddress", "admin", "defaultTopicPerm", "defaultGroupPerm", "topicPerms", "groupPerms"}) {
        s.print("{:<1} {:<18}: {}\n", "", key, text(account[key]));
      }
      s.write("\n");
    }
  }
  return {};
}

OptionSpec broker(std::string_view help) { return {"b", "brokerAddr", true, true, help, 1}; }
OptionSpec cluster(std::string_view help) { return {"c", "clusterName", true, true, help, 1}; }

}  // namespace

void add_plain_acl_commands(std::vector<Command>& to) {
  to.push_back({"updateAclConfig", "UpdateAccessConfigSubCommand", "Update acl config yaml file in broker",
                {broker("update acl config file to which broker"), cluster("update acl config file to which cluster"),
                 {"a", "accessKey", true, true, "set accessKey in acl config file"}, {"s", "secretKey", true, true, "set secretKey in acl config file"},
                 {"w", "whiteRemoteAddress", true, false, "set white ip Address for account in acl config file"},
                 {"i", "defaultTopicPerm", true, false, "set default topicPerm in acl config file"},
                 {"u", "defaultGroupPerm", true, false, "set default GroupPerm in acl config file"},
                 {"t", "topicPerms", true, false, "set topicPerms list,eg: topicA=DENY,topicD=SUB"},
                 {"g", "groupPerms", true, false, "set groupPerms list,eg: groupD=DENY,groupD=SUB"}, {"m", "admin", true, false, "set admin flag in acl config file"}},
                update_account});
  to.push_back({"deleteAclConfig", "DeleteAccessConfigSubCommand", "Delete Acl Config Account in broker",
                {broker("delete acl config account from which broker"), cluster("delete acl config account from which cluster"),
                 {"a", "accessKey", true, true, "set accessKey in acl config file for deleting which account"}},
                delete_account});
  to.push_back({"updateGlobalWhiteAddr", "UpdateGlobalWhiteAddrSubCommand", "Update global white address for acl Config File in broker",
                {broker("update global white address to which broker"), cluster("update global white address to which cluster"),
                 {"g", "globalWhiteRemoteAddresses", true, true, "set globalWhiteRemoteAddress list,eg: 10.10.103.*,192.168.0.*"},
                 {"p", "aclFileFullPath", true, false, "update global white address of specified acl file,eg: /xxx/plain_test.yml"}},
                update_white_addresses});
  to.push_back({"clusterAclConfigVersion", "ClusterAclConfigVersionListSubCommand", "List all of acl config version information in cluster",
                {broker("query acl config version for which broker"), cluster("query acl config version for specified cluster")}, versions, {}, extra::kJson});
  to.push_back({"getAclConfig", "GetAccessConfigSubCommand", "List all of acl config information in cluster",
                {broker("query acl config version for which broker"), cluster("query acl config version for specified cluster")}, accounts, {}, extra::kJson});
}

}  // namespace mq::admin
