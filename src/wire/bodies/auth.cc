#include "wire/bodies/auth.h"

namespace mq::wire {

namespace {

void add_text(Json& to, std::string_view key, const std::string& text) {
  if (!text.empty()) to.add(key, text);
}

void add_texts(Json& to, std::string_view key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  Json list = Json::array();
  for (const std::string& t : texts) list.push(t);
  to.add(key, std::move(list));
}

std::vector<std::string> texts_of(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& t : list.items()) texts.push_back(t.as_string());
  return texts;
}

template <class T, class F>
Result<T> parse_one(std::string_view body, F from) {
  if (body.empty()) return T{};
  MQ_TRY(const Json j, parse_json(body));
  return from(j);
}

template <class T, class F>
Result<std::vector<T>> parse_list(std::string_view body, F from) {
  std::vector<T> list;
  if (body.empty()) return list;
  MQ_TRY(const Json j, parse_json(body));
  for (const Json& item : j.items()) list.push_back(from(item));
  return list;
}

}  // namespace

Json to_json(const UserInfo& u) {
  Json j = Json::object();
  add_text(j, "password", u.password);
  add_text(j, "userStatus", u.userStatus);
  add_text(j, "userType", u.userType);
  add_text(j, "username", u.username);
  return j;
}

UserInfo user_info_from(const Json& j) {
  return {j["username"].as_string(), j["password"].as_string(), j["userType"].as_string(), j["userStatus"].as_string()};
}

Json to_json(const AclInfo& a) {
  Json policies = Json::array();
  for (const PolicyInfo& p : a.policies) {
    Json entries = Json::array();
    for (const PolicyEntryInfo& e : p.entries) {
      Json entry = Json::object();
      add_texts(entry, "actions", e.actions);
      add_text(entry, "decision", e.decision);
      add_text(entry, "resource", e.resource);
      add_texts(entry, "sourceIps", e.sourceIps);
      entries.push(std::move(entry));
    }
    Json policy = Json::object();
    if (!p.entries.empty()) policy.add("entries", std::move(entries));
    add_text(policy, "policyType", p.policyType);
    policies.push(std::move(policy));
  }
  Json j = Json::object();
  if (!a.policies.empty()) j.add("policies", std::move(policies));
  add_text(j, "subject", a.subject);
  return j;
}

AclInfo acl_info_from(const Json& j) {
  AclInfo acl{j["subject"].as_string(), {}};
  for (const Json& p : j["policies"].items()) {
    PolicyInfo policy{p["policyType"].as_string(), {}};
    for (const Json& e : p["entries"].items()) {
      policy.entries.push_back({e["resource"].as_string(), texts_of(e["actions"]), texts_of(e["sourceIps"]), e["decision"].as_string()});
    }
    acl.policies.push_back(std::move(policy));
  }
  return acl;
}

Result<UserInfo> parse_user_info(std::string_view body) { return parse_one<UserInfo>(body, user_info_from); }
Result<std::vector<UserInfo>> parse_user_infos(std::string_view body) { return parse_list<UserInfo>(body, user_info_from); }
Result<AclInfo> parse_acl_info(std::string_view body) { return parse_one<AclInfo>(body, acl_info_from); }
Result<std::vector<AclInfo>> parse_acl_infos(std::string_view body) { return parse_list<AclInfo>(body, acl_info_from); }

}  // namespace mq::wire
