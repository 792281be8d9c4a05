// Users and policies as they travel (ACL 2.0): names and resources are text. Source: spec protocol 9.3.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace mq::wire {

/// An empty member is null: left out, and on the way in "not given".
struct UserInfo {
  std::string username;
  std::string password;
  std::string userType;     // Super, Normal
  std::string userStatus;   // enable, disable
  bool operator==(const UserInfo&) const = default;
};
Json to_json(const UserInfo& u);
UserInfo user_info_from(const Json& j);

struct PolicyEntryInfo {
  std::string resource;              // "*", "Topic:*", "Topic:abc*", "Topic:abc"
  std::vector<std::string> actions;
  std::vector<std::string> sourceIps;
  std::string decision;              // Allow, Deny
  bool operator==(const PolicyEntryInfo&) const = default;
};
struct PolicyInfo {
  std::string policyType;            // Custom, Default
  std::vector<PolicyEntryInfo> entries;
  bool operator==(const PolicyInfo&) const = default;
};
struct AclInfo {
  std::string subject;               // "User:alice"
  std::vector<PolicyInfo> policies;
  bool operator==(const AclInfo&) const = default;
};
Json to_json(const AclInfo& a);
AclInfo acl_info_from(const Json& j);

/// A body of one, of several; an empty body is an empty value. Errors: kCorrupt.
Result<UserInfo> parse_user_info(std::string_view body);
Result<std::vector<UserInfo>> parse_user_infos(std::string_view body);
Result<AclInfo> parse_acl_info(std::string_view body);
Result<std::vector<AclInfo>> parse_acl_infos(std::string_view body);

}  // namespace mq::wire
