// createUser to copyUser, createAcl to copyAcl (ACL 2.0). Source: spec mqadmin 8.2.
#include <fmt/format.h>

#include "admin/command.h"
#include "admin/java_text.h"
#include "admin/output.h"
#include "base/split.h"
#include "base/text.h"
#include "wire/bodies/auth.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

/// Runs `change` at the broker of -b or at every broker of -c, and says so: "create user to ADDR success."
template <class F>
Result<> at_each(Session& s, const Options& o, std::string_view what, F change) {
  std::vector<std::string> addrs{o.get("b")};
  if (!o.has("b")) {
    MQ_TRY(addrs, s.all_brokers(o.get("c")));
  }
  for (const std::string& addr : addrs) {
    MQ_TRY_VOID(change(addr));
    s.print("{} to {} success.\n", what, addr);
  }
  return {};
}

/// The broker of -b, or the masters of -c.
Result<std::vector<std::string>> sources(Session& s, const Options& o, std::string_view java_class) {
  if (o.has("b")) return std::vector<std::string>{o.get("b")};
  MQ_TRY(auto addrs, s.masters(o.get("c")));
  if (addrs.empty()) return fail(Errc::kNotFound, fmt::format("{} command failed, there is no broker in cluster.", java_class));
  return addrs;
}

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> words;
  for (const std::string_view piece : split(text, ",")) if (const auto word = trim(piece); !word.empty()) words.emplace_back(word);
  return words;
}

// ---- users -------------------------------------------------------------------------------------------------------

std::string or_null(const std::string& text) { return text.empty() ? "null" : text; }

void print_users(Session& s, const std::vector<wire::UserInfo>& users) {
  const auto row = [&s](std::string_view a, std::string_view b, std::string_view c, std::string_view d) {
    s.print("{}  {}  {}  {}\n", pad(a, 16), pad(b, 22), pad(c, 22), pad(d, 22));
  };
  row("#UserName", "#Password", "#UserType", "#UserStatus");
  for (const wire::UserInfo& u : users) {
    s.record(to_json(u));
    row(or_null(u.username), or_null(u.password), or_null(u.userType), or_null(u.userStatus));
  }
}

Result<> create_user(Session& s, const Options& o) {
  const std::string body = to_text(to_json(wire::UserInfo{o.get("u"), o.get("p"), o.get("t"), ""}));
  return at_each(s, o, "create user", [&](const std::string& addr) { return s.ask_plain<RequestCode::AUTH_CREATE_USER>(addr, {o.get("u")}, body); });
}

Result<> update_user(Session& s, const Options& o) {
  const std::string body = to_text(to_json(wire::UserInfo{o.get("u"), o.get("p"), o.get("t"), o.get("s")}));
  return at_each(s, o, "update user", [&](const std::string& addr) { return s.ask_plain<RequestCode::AUTH_UPDATE_USER>(addr, {o.get("u")}, body); });
}

Result<> delete_user(Session& s, const Options& o) {
  return at_each(s, o, "delete user", [&](const std::string& addr) { return s.ask_plain<RequestCode::AUTH_DELETE_USER>(addr, {o.get("u")}); });
}

/// Nothing when there is no such user.
Result<std::vector<wire::UserInfo>> user_at(Session& s, const std::string& addr, const std::optional<std::string>& name) {
  MQ_TRY(const auto answer, s.ask_plain<RequestCode::AUTH_GET_USER>(addr, {name}));
  if (answer.body.empty()) return std::vector<wire::UserInfo>{};
  MQ_TRY(auto user, wire::parse_user_info(answer.body));
  return std::vector{std::move(user)};
}

Result<std::vector<wire::UserInfo>> users_at(Session& s, const std::string& addr, const std::optional<std::string>& filter) {
  MQ_TRY(const auto answer, s.ask_plain<RequestCode::AUTH_LIST_USER>(addr, {filter}));
  return wire::parse_user_infos(answer.body);
}

Result<> get_user(Session& s, const Options& o) {
  MQ_TRY(const auto addrs, sources(s, o, "GetUserSubCommand"));
  for (const std::string& addr : addrs) {
    MQ_TRY(const auto user, user_at(s, addr, o.find("u")));
    if (user.empty()) continue;
    print_users(s, user);
    break;
  }
  return {};
}

Result<> list_users(Session& s, const Options& o) {
  MQ_TRY(const auto addrs, sources(s, o, "ListUserSubCommand"));
  for (const std::string& addr : addrs) {
    MQ_TRY(const auto users, users_at(s, addr, o.find("f")));
    if (users.empty()) continue;
    print_users(s, users);
    if (!o.has("b")) s.print("get user from {} success.\n", addr);
    break;
  }
  return {};
}

Result<> copy_users(Session& s, const Options& o) {
  const std::string from = o.get("f"), to = o.get("t");
  std::vector<wire::UserInfo> users;
  if (const auto names = list_of(o.get("u")); !names.empty()) {
    for (const std::string& name : names) {
      MQ_TRY(const auto user, user_at(s, from, name));
      users.insert(users.end(), user.begin(), user.end());
    }
  } else {
    MQ_TRY(users, users_at(s, from, {}));
  }
  for (const wire::UserInfo& user : users) {
    const std::string body = to_text(to_json(user));
    MQ_TRY(const auto known, user_at(s, to, user.username));
    if (known.empty()) MQ_TRY_VOID(s.ask_plain<RequestCode::AUTH_CREATE_USER>(to, {user.username}, body));
    else MQ_TRY_VOID(s.ask_plain<RequestCode::AUTH_UPDATE_USER>(to, {user.username}, body));
    s.print("copy user of {} from {} to {} success.\n", user.username, from, to);
  }
  return {};
}

// ---- policies ----------------------------------------------------------------------------------------------------

std::string list_or_null(const std::vector<std::string>& words) { return words.empty() ? "null" : list_text(words); }

void print_acls(Session& s, const std::vector<wire::AclInfo>& acls) {
  const auto row = [&s](std::string_view a, std::string_view b, std::string_view c, std::string_view d, std::string_view e, std::string_view f) {
    s.print("{}  {}  {}  {}  {}  {}\n", pad(a, 16), pad(b, 10), pad(c, 22), pad(d, 20), pad(e, 24), pad(f, 10));
  };
  row("#Subject", "#PolicyType", "#Resource", "#Actions", "#SourceIp", "#Decision");
  for (const wire::AclInfo& acl : acls) {
    s.record(to_json(acl));
    if (acl.policies.empty()) row(acl.subject, "", "", "", "", "");
    for (const wire::PolicyInfo& policy : acl.policies) {
      for (const wire::PolicyEntryInfo& e : policy.entries) {
        row(acl.subject, or_null(policy.policyType), e.resource, list_or_null(e.actions), list_or_null(e.sourceIps), or_null(e.decision));
      }
    }
  }
}

std::string acl_body(const Options& o) {
  wire::AclInfo acl{o.get("s"), {{"", {}}}};
  for (std::string& resource : list_of(o.get("r"))) {
    acl.policies[0].entries.push_back({std::move(resource), list_of(o.get("a")), list_of(o.get("i")), o.get("d")});
  }
  return to_text(to_json(acl));
}

Result<> create_acl(Session& s, const Options& o) {
  return at_each(s, o, "create acl", [&](const std::string& addr) { return s.ask_plain<RequestCode::AUTH_CREATE_ACL>(addr, {o.get("s")}, acl_body(o)); });
}

Result<> update_acl(Session& s, const Options& o) {
  return at_each(s, o, "update acl", [&](const std::string& addr) { return s.ask_plain<RequestCode::AUTH_UPDATE_ACL>(addr, {o.get("s")}, acl_body(o)); });
}

Result<> delete_acl(Session& s, const Options& o) {
  return at_each(s, o, "delete acl", [&](const std::string& addr) { return s.ask_plain<RequestCode::AUTH_DELETE_ACL>(addr, {o.get("s"), {}, o.find("r")}); });
}

/// Nothing when the subject has none.
Result<std::vector<wire::AclInfo>> acl_at(Session& s, const std::string& addr, const std::optional<std::string>& subject) {
  MQ_TRY(const auto answer, s.ask_plain<RequestCode::AUTH_GET_ACL>(addr, {subject}));
  if (answer.body.empty()) return std::vector<wire::AclInfo>{};
  MQ_TRY(auto acl, wire::parse_acl_info(answer.body));
  return std::vector{std::move(acl)};
}

Result<std::vector<wire::AclInfo>> acls_at(Session& s, const std::string& addr, const std::optional<std::string>& subject,
                                           const std::optional<std::string>& resource) {
  MQ_TRY(const auto answer, s.ask_plain<RequestCode::AUTH_LIST_ACL>(addr, {subject, resource}));
  return wire::parse_acl_infos(answer.body);
}

Result<> get_acl(Session& s, const Options& o) {
  MQ_TRY(const auto addrs, sources(s, o, "GetAclSubCommand"));
  for (const std::string& addr : addrs) {
    MQ_TRY(const auto acl, acl_at(s, addr, o.find("s")));
    if (!acl.empty()) print_acls(s, acl);
  }
  return {};
}

Result<> list_acls(Session& s, const Options& o) {
  MQ_TRY(const auto addrs, sources(s, o, "ListAclSubCommand"));
  for (const std::string& addr : addrs) {
    MQ_TRY(const auto acls, acls_at(s, addr, o.find("s"), o.find("r")));
    if (!acls.empty()) print_acls(s, acls);
  }
  return {};
}

Result<> copy_acls(Session& s, const Options& o) {
  const std::string from = o.get("f"), to = o.get("t");
  std::vector<wire::AclInfo> acls;
  if (const auto subjects = list_of(o.get("s")); !subjects.empty()) {
    for (const std::string& subject : subjects) {
      MQ_TRY(const auto acl, acl_at(s, from, subject));
      acls.insert(acls.end(), acl.begin(), acl.end());
    }
  } else {
    MQ_TRY(acls, acls_at(s, from, {}, {}));
  }
  for (const wire::AclInfo& acl : acls) {
    const std::string body = to_text(to_json(acl));
    MQ_TRY(const auto known, acl_at(s, to, acl.subject));
    if (known.empty()) MQ_TRY_VOID(s.ask_plain<RequestCode::AUTH_CREATE_ACL>(to, {acl.subject}, body));
    else MQ_TRY_VOID(s.ask_plain<RequestCode::AUTH_UPDATE_ACL>(to, {acl.subject}, body));
    s.print("copy acl of {} from {} to {} success.\n", acl.subject, from, to);
  }
  return {};
}

OptionSpec cluster_or(std::string_view letter, std::string_view help) {
  return {letter, letter == "c" ? "clusterName" : "brokerAddr", true, true, help, 1};
}

}  // namespace

void add_auth_commands(std::vector<Command>& to) {
  to.push_back({"createUser", "CreateUserSubCommand", "Create user to cluster.",
                {cluster_or("c", "create user to which cluster"), cluster_or("b", "create user to which broker"),
                 {"u", "username", true, true, "the username of user to create."}, {"p", "password", true, true, "the password of user to create"},
                 {"t", "userType", true, false, "the userType of user to create"}},
                create_user});
  to.push_back({"updateUser", "UpdateUserSubCommand", "Update user to cluster.",
                {cluster_or("c", "update user to which cluster"), cluster_or("b", "update user to which broker"),
                 {"u", "username", true, true, "the username of user to update."}, {"p", "password", true, true, "the password of user to update", 2},
                 {"t", "userType", true, true, "the userType of user to update", 2}, {"s", "userStatus", true, true, "the userStatus of user to update", 2}},
                update_user});
  to.push_back({"deleteUser", "DeleteUserSubCommand", "Delete user from cluster.",
                {cluster_or("c", "delete acl from which cluster"), cluster_or("b", "delete user from which broker"),
                 {"u", "username", true, true, "the username of user to delete."}},
                delete_user});
  to.push_back({"getUser", "GetUserSubCommand", "Get user from cluster.",
                {cluster_or("b", "get user for which broker"), cluster_or("c", "get user for specified cluster"),
                 {"u", "username", true, false, "the username of user to get"}},
                get_user, {}, extra::kJson});
  to.push_back({"listUser", "ListUserSubCommand", "List user from cluster.",
                {cluster_or("b", "list user for which broker"), cluster_or("c", "list user for specified cluster"),
                 {"f", "filter", true, false, "the filter to list users"}},
                list_users, {}, extra::kJson});
  to.push_back({"copyUser", "CopyUsersSubCommand", "Copy user to cluster.",
                {{"f", "fromBroker", true, true, "the source broker that the users copy from"}, {"t", "toBroker", true, true, "the target broker that the users copy to"},
                 {"u", "usernames", true, false, "the username list of user to copy."}},
                copy_users});
  to.push_back({"createAcl", "CreateAclSubCommand", "Create acl to cluster.",
                {cluster_or("c", "create acl to which cluster"), cluster_or("b", "create acl to which broker"),
                 {"s", "subject", true, true, "the subject of acl to create."}, {"r", "resources", true, true, "the resources of acl to create"},
                 {"a", "actions", true, true, "the actions of acl to create"}, {"i", "sourceIp", true, false, "the sourceIps of acl to create"},
                 {"d", "decision", true, true, "the decision of acl to create"}},
                create_acl});
  to.push_back({"updateAcl", "UpdateAclSubCommand", "Update acl to cluster.",
                {cluster_or("c", "update acl to which cluster"), cluster_or("b", "update acl to which broker"),
                 {"s", "subject", true, true, "the subject of acl to update."}, {"r", "resources", true, true, "the resources of acl to update"},
                 {"a", "actions", true, true, "the actions of acl to update"}, {"d", "decision", true, true, "the decision of acl to update"},
                 {"i", "sourceIp", true, false, "the sourceIps of acl to update"}},
                update_acl});
  to.push_back({"deleteAcl", "DeleteAclSubCommand", "Delete acl from cluster.",
                {cluster_or("c", "delete acl from which cluster"), cluster_or("b", "delete acl from which broker"),
                 {"s", "subject", true, true, "the subject of acl to delete."}, {"r", "resources", true, false, "the resources of acl to delete"}},
                delete_acl});
  to.push_back({"getAcl", "GetAclSubCommand", "Get acl from cluster.",
                {cluster_or("b", "get acl for which broker"), cluster_or("c", "get acl for specified cluster"),
                 {"s", "subject", true, false, "the subject of acl to get"}},
                get_acl, {}, extra::kJson});
  to.push_back({"listAcl", "ListAclSubCommand", "List acl from cluster.",
                {cluster_or("b", "list acl for which broker."), cluster_or("c", "list acl for specified cluster."),
                 {"s", "subject", true, false, "the subject of acl to filter."}, {"r", "resource", true, false, "the resource of acl to filter."}},
                list_acls, {}, extra::kJson});
  to.push_back({"copyAcl", "CopyAclsSubCommand", "Copy acl to cluster.",
                {{"f", "fromBroker", true, true, "the source broker that the acls copy from"}, {"t", "toBroker", true, true, "the target broker that the acls copy to"},
                 {"s", "subjects", true, false, "the subject list of acl to copy."}},
                copy_acls});
}

}  // namespace mq::admin
