// AuthConfig: access control as RocketMQ 5.3 names it (spec semantics 28.1). Both servers read it; a Java NameServer has none.
#pragma once

#include "base/options.h"

namespace mq::auth {

/// Created once by main() or a test; read by all threads.
struct AuthConfig : ConfigGroup {
#define MQ_AUTH_OPTION(type_, name_, value_, ...) Option<type_> name_{this, value_, {.name = #name_, __VA_ARGS__, .ours = true}}
  MQ_AUTH_OPTION(bool, authenticationEnabled, false, .doc = "Requests need the signature of a known user.");
  MQ_AUTH_OPTION(std::string, authenticationProvider, "", .doc = "RocketMQ's DefaultAuthenticationProvider; no other can be loaded.");
  MQ_AUTH_OPTION(std::string, authenticationMetadataProvider, "", .doc = "RocketMQ's LocalAuthenticationMetadataProvider: users are kept under config/. Set, or with access control on, requests about users are served.");
  MQ_AUTH_OPTION(std::string, authenticationStrategy, "", .doc = "Class name; the stateful one changes nothing, each request is checked.", .reload = Reload::kIgnored);
  MQ_AUTH_OPTION(std::string, authenticationWhitelist, "", .doc = "Request codes that need no signature, separated by ','.");
  MQ_AUTH_OPTION(std::string, initAuthenticationUser, "", .doc = "{\"username\":\"..\",\"password\":\"..\"}: a Super user, created at start when it is not known.");
  MQ_AUTH_OPTION(std::string, innerClientAuthenticationCredentials, "", .doc = "{\"accessKey\":\"..\",\"secretKey\":\"..\"}: signs this server's own requests; also created as a Super user.");
  MQ_AUTH_OPTION(bool, authorizationEnabled, false, .doc = "Users need a policy for what they do.");
  MQ_AUTH_OPTION(std::string, authorizationProvider, "", .doc = "RocketMQ's DefaultAuthorizationProvider; no other can be loaded.");
  MQ_AUTH_OPTION(std::string, authorizationMetadataProvider, "", .doc = "RocketMQ's LocalAuthorizationMetadataProvider: policies are kept under config/.");
  MQ_AUTH_OPTION(std::string, authorizationStrategy, "", .doc = "Class name; the stateful one changes nothing, each request is checked.", .reload = Reload::kIgnored);
  MQ_AUTH_OPTION(std::string, authorizationWhitelist, "", .doc = "Request codes that need no policy, separated by ','.");
  MQ_AUTH_OPTION(bool, migrateAuthFromV1Enabled, false, .doc = "At start, accounts of plain_acl.yml become users and policies.", .reload = Reload::kIgnored);
  MQ_AUTH_OPTION(int32_t, userCacheMaxNum, 1000, .doc = "Cache of users.", .reload = Reload::kIgnored);
  MQ_AUTH_OPTION(int32_t, userCacheExpiredSecond, 600, .doc = "Its age without use.", .unit = "s", .reload = Reload::kIgnored);
  MQ_AUTH_OPTION(int32_t, userCacheRefreshSecond, 60, .doc = "Its refresh.", .unit = "s", .reload = Reload::kIgnored);
  MQ_AUTH_OPTION(int32_t, aclCacheMaxNum, 1000, .doc = "Cache of policies.", .reload = Reload::kIgnored);
  MQ_AUTH_OPTION(int32_t, aclCacheExpiredSecond, 600, .doc = "Its age without use.", .unit = "s", .reload = Reload::kIgnored);
  MQ_AUTH_OPTION(int32_t, aclCacheRefreshSecond, 60, .doc = "Its refresh.", .unit = "s", .reload = Reload::kIgnored);
  MQ_AUTH_OPTION(int32_t, statefulAuthenticationCacheMaxNum, 10000, .doc = "Results kept by the stateful strategy.", .reload = Reload::kIgnored);
  MQ_AUTH_OPTION(int32_t, statefulAuthenticationCacheExpiredSecond, 60, .doc = "Their age.", .unit = "s", .reload = Reload::kIgnored);
  MQ_AUTH_OPTION(int32_t, statefulAuthorizationCacheMaxNum, 10000, .doc = "Results kept by the stateful strategy.", .reload = Reload::kIgnored);
  MQ_AUTH_OPTION(int32_t, statefulAuthorizationCacheExpiredSecond, 60, .doc = "Their age.", .unit = "s", .reload = Reload::kIgnored);
#undef MQ_AUTH_OPTION

  bool on() const { return authenticationEnabled() || authorizationEnabled(); }
  /// Requests about users and policies are served.
  bool managed() const { return on() || !authenticationMetadataProvider().empty() || !authorizationMetadataProvider().empty(); }
};

/// Keys that no request may change: whoever may update the configuration could let anybody in, or itself do more.
std::vector<std::string> locked_keys(const AuthConfig& config);

}  // namespace mq::auth
