#include "auth/accounts.h"

#include "base/log.h"
#include "base/text.h"
#include "env/json_file.h"

namespace mq::auth {

namespace {

Logger log("auth");

Failure refused(std::string remark) { return fail(Errc::kRefused, std::move(remark)); }

std::shared_ptr<const Account> account_of(User user, Acl acl) {
  Rules rules(acl);
  return std::make_shared<const Account>(Account{std::move(user), std::move(acl), std::move(rules)});
}

Json to_json(const AccountTable& table) {
  Json users = Json::array(), acls = Json::array();
  for (const auto& [name, account] : table) {
    users.push(to_json(user_info(account->user)));
    if (!account->acl.empty()) acls.push(to_json(acl_info(subject_of(name), account->acl)));
  }
  return Json::object().add("acls", std::move(acls)).add("users", std::move(users));
}

}  // namespace

std::string_view user_of_subject(std::string_view subject) noexcept {
  constexpr std::string_view kPrefix = "user:";
  if (subject.size() < kPrefix.size()) return {};
  for (size_t i = 0; i < kPrefix.size(); ++i) if ((subject[i] | 0x20) != (kPrefix[i] | 0x20)) return {};
  return subject.substr(kPrefix.size());
}

void Accounts::load() {
  const Json file = env::load_json_file(fs_, path_);
  AccountTable table;
  std::map<std::string, Acl, std::less<>> acls;
  for (const Json& j : file["acls"].items()) {
    const wire::AclInfo info = wire::acl_info_from(j);
    auto acl = acl_from(info);
    if (acl) acls.insert_or_assign(std::string(user_of_subject(info.subject)), std::move(*acl));
    else log.error("{}: the policies of {} are left out: {}", path_, info.subject, acl.error().message());
  }
  for (const Json& j : file["users"].items()) {
    const wire::UserInfo info = wire::user_info_from(j);
    if (is_blank(info.username) || info.password.empty()) {
      log.error("{}: a user without a name or password is left out ({})", path_, info.username);
      continue;
    }
    // What cannot be read gives less, not more.
    User user{info.username, info.password, is_super_type(info.userType).value_or(false), is_enabled_status(info.userStatus).value_or(false)};
    const auto acl = acls.find(info.username);
    table.insert_or_assign(info.username, account_of(std::move(user), acl == acls.end() ? Acl{} : std::move(acl->second)));
  }
  table_.set(std::move(table));
}

Result<> Accounts::replace(AccountTable table) {
  if (auto saved = env::save_json_file(fs_, path_, to_json(table), env::Open::kCreatePrivate); !saved) {
    log.error("{} cannot be written, the change of users or policies is not made: {}", path_, saved.error().message());
    return fail(std::move(saved).error());
  }
  table_.set(std::move(table));
  return {};
}

Result<> Accounts::put(const AccountTable& table, User user, Acl acl) {
  AccountTable changed = table;
  std::string name = user.name;
  changed.insert_or_assign(std::move(name), account_of(std::move(user), std::move(acl)));
  return replace(std::move(changed));
}

Result<> Accounts::create_user(const wire::UserInfo& info) {
  const auto now = table();
  if (is_blank(info.username)) return refused("username can not be blank");
  if (is_blank(info.password)) return refused("password can not be blank");
  if (now->contains(info.username)) return refused("The user is existed");
  return put(*now, {info.username, info.password, is_super_type(info.userType).value_or(false), is_enabled_status(info.userStatus).value_or(true)}, {});
}

Result<> Accounts::update_user(const wire::UserInfo& info) {
  const auto now = table();
  if (is_blank(info.username)) return refused("username can not be blank");
  const auto old = now->find(info.username);
  if (old == now->end()) return refused("The user is not exist");
  User user = old->second->user;
  if (!is_blank(info.password)) user.password = info.password;
  user.super = is_super_type(info.userType).value_or(user.super);
  user.enabled = is_enabled_status(info.userStatus).value_or(user.enabled);
  return put(*now, std::move(user), old->second->acl);
}

Result<> Accounts::delete_user(std::string_view name) {
  if (is_blank(name)) return refused("username can not be blank");
  AccountTable changed = *table();
  const auto at = changed.find(name);
  if (at == changed.end()) return {};
  changed.erase(at);
  return replace(std::move(changed));
}

Result<> Accounts::put_acl(std::string_view user, const Acl& acl) {
  const auto now = table();
  const auto old = now->find(user);
  if (old == now->end()) return refused("The subject of " + subject_of(user) + " is not exist.");
  Acl merged = old->second->acl;
  if (merged.empty()) merged = acl;   // QUIRK: as given, also with one resource twice
  else merge(merged, acl);
  return put(*now, old->second->user, std::move(merged));
}

Result<> Accounts::delete_acl(std::string_view user, PolicyType type, const Resource* resource) {
  const auto now = table();
  const auto old = now->find(user);
  if (old == now->end()) return refused("The subject is not exist.");
  if (old->second->acl.empty()) return refused("The acl is not exist.");
  Acl rest;
  if (resource) {
    rest = old->second->acl;
    remove_resource(rest, type, *resource);
  }
  return put(*now, old->second->user, std::move(rest));
}

}  // namespace mq::auth
