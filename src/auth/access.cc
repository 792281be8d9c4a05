#include "auth/access.h"

#include "auth/gate.h"
#include "auth/plain_gate.h"
#include "base/log.h"

namespace mq::auth {

namespace {

Logger log("auth");

/// Two texts of a JSON object; both empty for a blank option.
Result<std::pair<std::string, std::string>> parse_pair(std::string_view key, const std::string& text, std::string_view first, std::string_view second) {
  if (text.find_first_not_of(" \t") == std::string::npos) return std::pair<std::string, std::string>{};
  const auto json = parse_json(text);
  std::pair<std::string, std::string> pair;
  if (json) pair = {(*json)[first].as_string(), (*json)[second].as_string()};
  if (!pair.first.empty() && !pair.second.empty()) return pair;
  return fail(Errc::kInvalid, std::string(key) + " must be {\"" + std::string(first) + "\":\"...\",\"" + std::string(second) + "\":\"...\"}");
}

/// RocketMQ loads any class; here there is one implementation of each.
Result<> check_class(std::string_view key, std::string_view value, std::string_view ours) {
  const std::string_view name = value.substr(value.rfind('.') + 1);
  if (value.empty() || name == ours) return {};
  return fail(Errc::kInvalid, std::string(key) + "=" + std::string(value) + ": Java classes cannot be loaded; leave it out, or name " + std::string(ours));
}

}  // namespace

std::vector<std::string> locked_keys(const AuthConfig& config) {
  std::vector<std::string> keys{"aclEnable"};
  for (const OptionBase* option : config.options()) keys.emplace_back(option->info().name);
  return keys;
}

Result<wire::Credentials> parse_credentials(const std::string& text) {
  MQ_TRY(auto pair, parse_pair("innerClientAuthenticationCredentials", text, "accessKey", "secretKey"));
  return wire::Credentials{std::move(pair.first), std::move(pair.second), {}};
}

Result<> Access::open() {
  MQ_TRY_VOID(check_class("authenticationProvider", config_.authenticationProvider(), "DefaultAuthenticationProvider"));
  MQ_TRY_VOID(check_class("authenticationMetadataProvider", config_.authenticationMetadataProvider(), "LocalAuthenticationMetadataProvider"));
  MQ_TRY_VOID(check_class("authorizationProvider", config_.authorizationProvider(), "DefaultAuthorizationProvider"));
  MQ_TRY_VOID(check_class("authorizationMetadataProvider", config_.authorizationMetadataProvider(), "LocalAuthorizationMetadataProvider"));
  MQ_TRY(credentials_, parse_credentials(config_.innerClientAuthenticationCredentials()));
  MQ_TRY(const auto init, parse_pair("initAuthenticationUser", config_.initAuthenticationUser(), "username", "password"));
  if (plain_ && config_.on()) {
    log.warn("aclEnable and authenticationEnabled or authorizationEnabled are on: plain_acl.yml is not used");
    plain_.reset();
  }
  if (plain_) {
    MQ_TRY_VOID(plain_->load());
    gate_ = std::make_unique<PlainGate>(*plain_);
    log.info("access control of 4.x is on: {} accounts of {} files", plain_->table()->accounts.size(), plain_->table()->versions.size());
  }
  if (!config_.managed()) return {};
  accounts_.load();
  MQ_TRY_VOID(create_configured("initAuthenticationUser", init.first, init.second));
  MQ_TRY_VOID(create_configured("innerClientAuthenticationCredentials", credentials_.access_key, credentials_.secret_key));
  if (!config_.on()) return {};
  gate_ = std::make_unique<Gate>(config_, accounts_, cluster_);
  log.info("access control is on: authentication {}, authorization {}, {} users in {}", config_.authenticationEnabled(), config_.authorizationEnabled(),
           accounts_.table()->size(), accounts_.path());
  if (accounts_.table()->empty()) log.warn("there is no user, so nobody is let in: set initAuthenticationUser and start again");
  if (!config_.authenticationEnabled()) log.warn("authorizationEnabled without authenticationEnabled: nobody checks that clients are who they say they are");
  return {};
}

Result<> Access::create_configured(std::string_view key, const std::string& name, const std::string& password) {
  if (name.empty()) return {};
  const auto table = accounts_.table();
  const Account* known = find(*table, name);
  if (!known) {
    log.info("user {} of {} is created", name, key);
    return accounts_.create_user({name, password, "Super", "enable"});
  }
  if (known->user.password != password) log.warn("user {} of {} has another password by now; that of the configuration is not used for it", name, key);
  return {};
}

void Access::mount(remoting::Router& router, env::Loop& writer) {
  room_ = std::make_unique<Room>(config_, accounts_, writer);
  router.mount(*room_);
  if (gate_) router.set_gate(gate_.get());
}

void Access::mount_plain(remoting::Router& router, env::Loop& writer, PlainRoom::Identity identity) {
  constexpr int64_t kRefreshMs = 5000;
  plain_room_ = std::make_unique<PlainRoom>(plain_ ? &*plain_ : nullptr, writer, std::move(identity));
  router.mount(*plain_room_);
  if (!plain_) return;
  refreshing_ = env::Periodic(writer, kRefreshMs, kRefreshMs, [this] { plain_->refresh(); });
}

}  // namespace mq::auth
