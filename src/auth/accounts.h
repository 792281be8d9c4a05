// The users and policies of a server (ACL 2.0): an immutable table, swapped on change, and its file.
#pragma once

#include <map>
#include <memory>

#include "auth/policy.h"
#include "base/badges.h"
#include "env/file.h"

namespace mq::auth {

/// A user with its policies. Immutable once in a table.
struct Account {
  User user;
  Acl acl;        // empty: none
  Rules rules;    // of acl
};
/// By name, in the order in which lists are answered. Badge: published, a snapshot.
using AccountTable = std::map<std::string, std::shared_ptr<const Account>, std::less<>>;
/// Null when there is no such user.
inline const Account* find(const AccountTable& table, std::string_view name) noexcept {
  const auto at = table.find(name);
  return at == table.end() ? nullptr : at->second.get();
}

/// Reads are for any thread. Changes are for one thread at a time; each is in the file before it counts. The file is JSON, mode 0600, with
/// a .bak: {"acls":[AclInfo..],"users":[UserInfo..]}. RocketMQ keeps the same in two RocksDB folders, which are not read.
class Accounts {
 public:
  Accounts(env::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  /// A damaged file is kept aside; without a readable one there are no users. Entries that make no sense are left out and named.
  void load();
  std::shared_ptr<const AccountTable> table() const noexcept { return table_.get(); }
  const std::string& path() const noexcept { return path_; }

  // Errors: kRefused with RocketMQ's remark (code 16), others when the file cannot be written.
  Result<> create_user(const wire::UserInfo& info);
  Result<> update_user(const wire::UserInfo& info);
  /// With its policies. An unknown name is fine.
  Result<> delete_user(std::string_view name);
  /// Creates the policies of a user or merges into them.
  Result<> put_acl(std::string_view user, const Acl& acl);
  /// `resource` null: all of them.
  Result<> delete_acl(std::string_view user, PolicyType type, const Resource* resource);

 private:
  /// Writes the file, then publishes.
  Result<> replace(AccountTable table);
  Result<> put(const AccountTable& table, User user, Acl acl);

  env::FileSystem& fs_;
  const std::string path_;
  Published<AccountTable> table_;   // badge: published
};

/// "User:alice" -> "alice". Empty data() for what is no user.
std::string_view user_of_subject(std::string_view subject) noexcept;
inline std::string subject_of(std::string_view user) { return "User:" + std::string(user); }

}  // namespace mq::auth
