#include "auth/plain_acl.h"

#include <algorithm>

#include "base/split.h"
#include "base/text.h"
#include "base/yaml.h"

namespace mq::auth {

namespace {

constexpr size_t kMinKey = 6;   // keys are longer

Failure invalid(std::string text) { return fail(Errc::kInvalid, std::move(text)); }

/// "name=PERMS"; empty pieces do not count.
std::optional<std::pair<std::string_view, std::string_view>> resource_perms(std::string_view text) {
  std::vector<std::string_view> items = split(text, "=");
  std::erase_if(items, [](std::string_view t) { return t.empty(); });
  if (items.size() != 2) return std::nullopt;
  return std::pair{trim(items[0]), trim(items[1])};
}

Result<> read_perms(const Json& list, std::string_view kind, std::map<std::string, Perms, std::less<>>& into) {
  for (const Json& item : list.items()) {
    const std::string text = item.as_string();
    const auto pair = resource_perms(text);
    if (!pair) return invalid("Parse resource permission failed for " + std::string(kind) + ":" + text);
    into.insert_or_assign(std::string(pair->first), parse_perms(pair->second));
  }
  return {};
}

Result<PlainAccount> account_from(const Json& j) {
  PlainAccount a;
  a.access_key = j["accessKey"].as_string();
  a.secret_key = j["secretKey"].as_string();
  if (a.access_key.size() <= kMinKey || a.secret_key.size() <= kMinKey) {
    return invalid("The accessKey=" + a.access_key + " and secretKey=****** cannot be null and length should longer than 6");
  }
  MQ_TRY(a.white, WhiteAddress::parse(j["whiteRemoteAddress"].as_string()));
  a.admin = j["admin"].as_bool();
  a.default_topic = parse_perms(j["defaultTopicPerm"].as_string());
  a.default_group = parse_perms(j["defaultGroupPerm"].as_string());
  MQ_TRY_VOID(read_perms(j["topicPerms"], "topic", a.topics));
  MQ_TRY_VOID(read_perms(j["groupPerms"], "group", a.groups));
  return a;
}

Result<> check_perms(const std::vector<std::string>& list) {
  for (const std::string& text : list) {
    const auto pair = resource_perms(text);
    if (!pair) return invalid("Parse Resource format error for " + text + ".\nThe expected resource format is 'Res=Perm'. For example: topicA=SUB");
    if (pair->second != "DENY" && parse_perms(pair->second) == kPermDeny) {
      return invalid("Parse resource permission error for " + text + ".\nThe expected permissions are 'SUB' or 'PUB' or 'SUB|PUB' or 'PUB|SUB'.");
    }
  }
  return {};
}

Json list_of(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& t : texts) list.push(t);
  return list;
}

Json next_version(Json content, int64_t now_ms) {
  int64_t counter = 0;
  if (const Json& versions = content["dataVersion"]; !versions.items().empty()) counter = versions.items()[0]["counter"].as_int();
  content.set("dataVersion", Json::array().push(Json::object().add("counter", counter + 1).add("timestamp", now_ms)));
  return content;
}

Json object_of(Json content) { return content.is_object() ? std::move(content) : Json::object(); }

}  // namespace

Perms parse_perms(std::string_view text) noexcept {
  text = trim(text);
  if (text == "PUB") return kPermPub;
  if (text == "SUB") return kPermSub;
  if (text == "PUB|SUB" || text == "SUB|PUB") return kPermPub | kPermSub;
  return kPermDeny;
}

Result<PlainFile> parse_plain_acl(std::string_view yaml) {
  PlainFile f;
  MQ_TRY(f.content, parse_yaml(yaml));
  if (f.content.is_null()) return f;
  if (!f.content.is_object()) return fail(Errc::kCorrupt, "not a map of globalWhiteRemoteAddresses and accounts");
  for (const Json& address : f.content["globalWhiteRemoteAddresses"].items()) {
    MQ_TRY(WhiteAddress white, WhiteAddress::parse(address.as_string()));
    f.white.push_back(std::move(white));
  }
  for (const Json& j : f.content["accounts"].items()) {
    MQ_TRY(PlainAccount account, account_from(j));
    f.accounts.push_back(std::move(account));
  }
  if (const Json& versions = f.content["dataVersion"]; !versions.items().empty()) {
    f.version = versions.items()[0]["counter"].as_int();
    f.changed_ms = versions.items()[0]["timestamp"].as_int();
  }
  return f;
}

Result<> check_change(const PlainAccountChange& c) {
  if (c.access_key.size() <= kMinKey || c.secret_key.size() <= kMinKey) {
    return invalid("The accessKey=" + c.access_key + " and secretKey=****** cannot be null and length should longer than 6");
  }
  if (c.white) {
    if (auto white = WhiteAddress::parse(*c.white); !white) return fail(std::move(white).error());
  }
  if (c.topics) MQ_TRY_VOID(check_perms(*c.topics));
  if (c.groups) MQ_TRY_VOID(check_perms(*c.groups));
  return {};
}

bool has_account(const Json& content, std::string_view access_key) {
  return std::ranges::any_of(content["accounts"].items(), [&](const Json& a) { return a["accessKey"].as_string() == access_key; });
}

Json with_account(Json content, const PlainAccountChange& c, int64_t now_ms) {
  content = object_of(std::move(content));
  Json accounts = Json::array(), account = Json::object();
  for (const Json& a : content["accounts"].items()) {
    if (a["accessKey"].as_string() == c.access_key) account = a;
    else accounts.push(a);
  }
  account.set("accessKey", c.access_key);
  account.set("secretKey", c.secret_key);
  if (c.white) account.set("whiteRemoteAddress", *c.white);
  account.set("admin", c.admin);
  if (!c.default_topic.empty()) account.set("defaultTopicPerm", c.default_topic);
  if (!c.default_group.empty()) account.set("defaultGroupPerm", c.default_group);
  if (c.topics) account.set("topicPerms", list_of(*c.topics));
  if (c.groups) account.set("groupPerms", list_of(*c.groups));
  accounts.push(std::move(account));
  content.set("accounts", std::move(accounts));
  return next_version(std::move(content), now_ms);
}

Json without_account(Json content, std::string_view access_key, int64_t now_ms) {
  content = object_of(std::move(content));
  Json accounts = Json::array();
  for (const Json& a : content["accounts"].items()) if (a["accessKey"].as_string() != access_key) accounts.push(a);
  content.set("accounts", std::move(accounts));
  return next_version(std::move(content), now_ms);
}

Json with_white_addresses(Json content, const std::vector<std::string>& addresses, int64_t now_ms) {
  content = object_of(std::move(content));
  content.set("globalWhiteRemoteAddresses", list_of(addresses));
  return next_version(std::move(content), now_ms);
}

}  // namespace mq::auth
