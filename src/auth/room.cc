#include "auth/room.h"

#include "base/log.h"
#include "base/text.h"
#include "wire/signature.h"

namespace mq::auth {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {

Logger log("auth");
constexpr std::string_view kOff = "Access control is off here: no authenticationMetadataProvider is configured.";
constexpr std::string_view kTryLater = "An system error occurred, please try again later.";
constexpr std::string_view kBlankName = "The username is blank";

bool contains(std::string_view text, std::string_view part) { return is_blank(part) || text.find(part) != std::string_view::npos; }

/// RocketMQ's code for a failed change.
Answer refuse(remoting::Responder responder, const Error& error) {
  if (error.code() == Errc::kRefused) return responder.refuse(ResponseCode::NO_PERMISSION, error.message());
  return responder.refuse(ResponseCode::SYSTEM_ERROR, kTryLater);
}

}  // namespace

Result<bool> Room::is_mere_user(const Request& request) const {
  const std::string_view name = request.frame().ext.find(wire::kAccessKey);
  if (name.empty()) return false;   // access control may be off
  const auto table = accounts_.table();
  const Account* account = find(*table, name);
  if (!account) return fail(Errc::kNotFound, "User:" + std::string(name) + " is not found");
  return !account->user.super;
}

Answer Room::change(Request& request, std::string what, UniqueFunction<Result<>()> change) {
  const std::string_view user = request.frame().ext.find(wire::kAccessKey);
  what += " by " + (user.empty() ? std::string() : subject_of(user) + " at ") + request.session().peer_text();
  auto task = [responder = request.responder(), what = std::move(what), change = std::move(change)]() mutable {
    const Result<> done = change();
    if (done) log.info("{}", what);
    else log.warn("not done: {}: {}", what, done.error().message());
    env::Loop& loop = responder.session().loop();
    auto answer = [responder = std::move(responder), done]() mutable { (void)(done ? responder.ok() : refuse(responder, done.error())); };
    if (!loop.post(std::move(answer))) log.error("an answer is lost, the loop's queue is full: {}", what);
  };
  if (!writer_.post(std::move(task))) return request.refuse(ResponseCode::SYSTEM_BUSY, kTryLater);
  return request.later();
}

// ---- users -------------------------------------------------------------------------------------------------------

Answer Room::create_user(const wire::UserHeader& h, Request& request) {
  if (!config_.managed()) return request.refuse(ResponseCode::SYSTEM_ERROR, kOff);
  if (h.username.value_or("").empty()) return request.refuse(ResponseCode::INVALID_PARAMETER, kBlankName);
  auto info = wire::parse_user_info(request.body_text());
  if (!info || request.body().empty()) return request.refuse(ResponseCode::SYSTEM_ERROR, "The body names no user");
  info->username = *h.username;
  if (is_super_type(info->userType).value_or(false)) {
    const auto mere = is_mere_user(request);
    if (!mere) return request.refuse(ResponseCode::SYSTEM_ERROR, mere.error().message());
    if (*mere) return request.refuse(ResponseCode::SYSTEM_ERROR, "The super user can only be create by super user");
  }
  std::string what = "user " + *h.username + " is created";
  return change(request, std::move(what), [this, info = std::move(*info)] { return accounts_.create_user(info); });
}

Answer Room::update_user(const wire::UserHeader& h, Request& request) {
  if (!config_.managed()) return request.refuse(ResponseCode::SYSTEM_ERROR, kOff);
  if (h.username.value_or("").empty()) return request.refuse(ResponseCode::INVALID_PARAMETER, kBlankName);
  auto info = wire::parse_user_info(request.body_text());
  if (!info || request.body().empty()) return request.refuse(ResponseCode::SYSTEM_ERROR, "The body names no user");
  info->username = *h.username;
  const auto mere = is_mere_user(request);
  if (!mere) return request.refuse(ResponseCode::SYSTEM_ERROR, mere.error().message());
  if (*mere && is_super_type(info->userType).value_or(false)) {
    return request.refuse(ResponseCode::SYSTEM_ERROR, "The super user can only be update by super user");
  }
  std::string what = "user " + *h.username + " is changed";
  return change(request, std::move(what), [this, info = std::move(*info), mere = *mere]() -> Result<> {
    const auto table = accounts_.table();
    const Account* old = find(*table, info.username);
    if (mere && old && old->user.super) return fail(Errc::kRefused, "The super user can only be update by super user");
    return accounts_.update_user(info);
  });
}

Answer Room::delete_user(const wire::UserHeader& h, Request& request) {
  if (!config_.managed()) return request.refuse(ResponseCode::SYSTEM_ERROR, kOff);
  const auto mere = is_mere_user(request);
  if (!mere) return request.refuse(ResponseCode::SYSTEM_ERROR, mere.error().message());
  const std::string name = h.username.value_or("");
  return change(request, "user " + name + " is deleted", [this, name, mere = *mere]() -> Result<> {
    const auto table = accounts_.table();
    const Account* old = find(*table, name);
    if (mere && old && old->user.super) return fail(Errc::kRefused, "The super user can only be update by super user");
    return accounts_.delete_user(name);
  });
}

Answer Room::get_user(const wire::UserHeader& h, Request& request) {
  if (!config_.managed()) return request.refuse(ResponseCode::SYSTEM_ERROR, kOff);
  if (is_blank(h.username.value_or(""))) return request.refuse(ResponseCode::INVALID_PARAMETER, kBlankName);
  const auto table = accounts_.table();
  const Account* account = find(*table, *h.username);
  return account ? request.ok_body(to_text(to_json(user_info(account->user)))) : request.ok();
}

Answer Room::list_users(const wire::ListUsersHeader& h, Request& request) {
  if (!config_.managed()) return request.refuse(ResponseCode::SYSTEM_ERROR, kOff);
  Json list = Json::array();
  const auto table = accounts_.table();
  for (const auto& [name, account] : *table) if (contains(name, h.filter.value_or(""))) list.push(to_json(user_info(account->user)));
  return list.size() ? request.ok_body(to_text(list)) : request.ok();
}

// ---- policies ----------------------------------------------------------------------------------------------------

Answer Room::put_acl(const wire::SubjectHeader& h, Request& request) {
  if (!config_.managed()) return request.refuse(ResponseCode::SYSTEM_ERROR, kOff);
  const auto info = wire::parse_acl_info(request.body_text());
  if (!info || info->policies.empty()) return request.refuse(ResponseCode::SYSTEM_ERROR, "The body of acl is null");
  std::string_view user = user_of_subject(info->subject);
  if (!user.data()) user = user_of_subject(h.subject ? std::string_view(*h.subject) : std::string_view());
  if (!user.data()) return request.refuse(ResponseCode::SYSTEM_ERROR, kTryLater);
  auto acl = acl_from(*info);
  if (!acl) return refuse(request.responder(), acl.error());
  std::string what = "policies of " + subject_of(user) + " are set";
  return change(request, std::move(what), [this, user = std::string(user), acl = std::move(*acl)] { return accounts_.put_acl(user, acl); });
}

Answer Room::delete_acl(const wire::DeleteAclHeader& h, Request& request) {
  if (!config_.managed()) return request.refuse(ResponseCode::SYSTEM_ERROR, kOff);
  const std::string_view user = user_of_subject(h.subject ? std::string_view(*h.subject) : std::string_view());
  if (!user.data()) return request.refuse(ResponseCode::NO_PERMISSION, "The subject is null.");
  const std::string text = h.resource.value_or("");
  auto resource = Resource::parse(text);
  // RocketMQ would delete all policies of the user for a resource that it cannot read.
  if (!resource && !is_blank(text)) return request.refuse(ResponseCode::NO_PERMISSION, "The resource is null.");
  const PolicyType type = policy_type_from(h.policyType.value_or("")).value_or(PolicyType::kCustom);
  std::string what = "policies of " + subject_of(user) + (resource ? " about " + text : std::string()) + " are deleted";
  return change(request, std::move(what), [this, user = std::string(user), type, resource = std::move(resource)] {
    return accounts_.delete_acl(user, type, resource ? &*resource : nullptr);
  });
}

Answer Room::get_acl(const wire::SubjectHeader& h, Request& request) {
  if (!config_.managed()) return request.refuse(ResponseCode::SYSTEM_ERROR, kOff);
  const std::string_view user = user_of_subject(h.subject ? std::string_view(*h.subject) : std::string_view());
  if (!user.data()) return request.refuse(ResponseCode::SYSTEM_ERROR, "The subject is null.");
  const auto table = accounts_.table();
  const Account* account = find(*table, user);
  if (!account) return request.refuse(ResponseCode::NO_PERMISSION, "The subject is not exist.");
  return account->acl.empty() ? request.ok() : request.ok_body(to_text(to_json(acl_info(subject_of(user), account->acl))));
}

Answer Room::list_acls(const wire::ListAclsHeader& h, Request& request) {
  if (!config_.managed()) return request.refuse(ResponseCode::SYSTEM_ERROR, kOff);
  const std::string by_resource = h.resourceFilter.value_or("");
  Json list = Json::array();
  const auto table = accounts_.table();
  for (const auto& [name, account] : *table) {
    const std::string subject = subject_of(name);
    if (account->acl.empty() || !contains(subject, h.subjectFilter.value_or(""))) continue;
    wire::AclInfo info = acl_info(subject, account->acl);
    // QUIRK: a resource filter that is part of the subject's name filters nothing.
    if (!is_blank(by_resource) && subject.find(by_resource) == std::string::npos) {
      for (wire::PolicyInfo& p : info.policies) std::erase_if(p.entries, [&](const auto& e) { return !contains(e.resource, by_resource); });
      std::erase_if(info.policies, [](const auto& p) { return p.entries.empty(); });
    }
    if (!info.policies.empty()) list.push(to_json(info));
  }
  return list.size() ? request.ok_body(to_text(list)) : request.ok();
}

}  // namespace mq::auth
