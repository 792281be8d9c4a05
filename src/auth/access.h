// A server's access control, ACL 2.0 or (brokers) ACL 1.0: its users, the gate before its requests, the room that manages them, its own credentials.
#pragma once

#include <memory>
#include <optional>

#include "auth/accounts.h"
#include "auth/checking_gate.h"
#include "auth/config.h"
#include "auth/plain_room.h"
#include "auth/room.h"
#include "wire/signature.h"

namespace mq::auth {

/// Made at start, before the ports open; outlives the router and its servers.
class Access {
 public:
  /// `path`: the file of users and policies. `cluster`: what requests about this server are asked against.
  Access(const AuthConfig& config, env::FileSystem& fs, std::string path, std::string cluster)
      : config_(config), fs_(fs), accounts_(fs, std::move(path)), cluster_(std::move(cluster)) {}

  /// aclEnable: the accounts below `home` decide, unless ACL 2.0 is on. Before open().
  void use_plain_acl(std::string home) { plain_.emplace(fs_, std::move(home)); }
  /// Loads the users, creates those of the configuration. Errors: kInvalid naming the key, kIo when the file cannot be written.
  Result<> open();
  /// Changes run on `writer`.
  void mount(remoting::Router& router, env::Loop& writer);
  /// Requests about plain_acl.yml too, as of this broker; its files are looked at every five seconds on `writer`, until stop().
  void mount_plain(remoting::Router& router, env::Loop& writer, PlainRoom::Identity identity);
  /// On `writer`.
  void stop() { refreshing_.stop(); }
  /// What signs this server's own requests; empty when not configured.
  const wire::Credentials& credentials() const noexcept { return credentials_; }
  int64_t refused() const noexcept { return gate_ ? gate_->refused() : 0; }

 private:
  Result<> create_configured(std::string_view key, const std::string& name, const std::string& password);

  const AuthConfig& config_;
  env::FileSystem& fs_;
  Accounts accounts_;
  const std::string cluster_;
  wire::Credentials credentials_;
  std::unique_ptr<Room> room_;
  std::optional<PlainFiles> plain_;
  std::unique_ptr<PlainRoom> plain_room_;
  std::unique_ptr<CheckingGate> gate_;   // of the accounts or of the files; null: off
  env::Periodic refreshing_;   // badge: owned by the writer
};

/// {"accessKey":"..","secretKey":".."}; blank text is none. Errors: kInvalid naming the key, never its value.
Result<wire::Credentials> parse_credentials(const std::string& text);

}  // namespace mq::auth
