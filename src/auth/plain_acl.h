// ACL 1.0: accounts of plain_acl.yml and of the files under conf/acl. Pure: text in, decisions and text out. Source: spec semantics 27.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/white_list.h"
#include "base/json.h"

namespace mq::auth {

/// Bits of what is owned; kDeny beats the others.
using Perms = uint8_t;
inline constexpr Perms kPermDeny = 1, kPermPub = 4, kPermSub = 8;
/// "PUB", "SUB", "PUB|SUB", "SUB|PUB"; anything else is DENY.
Perms parse_perms(std::string_view text) noexcept;

struct PlainAccount {
  std::string access_key;
  std::string secret_key;
  WhiteAddress white;
  bool admin = false;
  Perms default_topic = kPermDeny;
  Perms default_group = kPermDeny;
  std::map<std::string, Perms, std::less<>> topics, groups;
};

/// One file, made ready. The text is kept as a value, so that a change keeps what it does not know.
struct PlainFile {
  Json content;                       // an object, or null for an empty file
  std::vector<WhiteAddress> white;
  std::vector<PlainAccount> accounts;
  int64_t version = 0;                // counter of its DataVersion ...
  int64_t changed_ms = 0;             // ... and its time
};
/// Errors: what RocketMQ refuses, in its words where it has them; a key shorter than 7 characters, a malformed address or permission.
Result<PlainFile> parse_plain_acl(std::string_view yaml);

/// What request 50 carries; an absent member keeps what the account has.
struct PlainAccountChange {
  std::string access_key;
  std::string secret_key;
  std::optional<std::string> white;
  bool admin = false;
  std::string default_topic, default_group;
  std::optional<std::vector<std::string>> topics, groups;
};
/// Errors: kInvalid with RocketMQ's text, without the secret.
Result<> check_change(const PlainAccountChange& change);
/// The file's content with the account changed or added, with it removed, with other global addresses; each with the next version.
Json with_account(Json content, const PlainAccountChange& change, int64_t now_ms);
Json without_account(Json content, std::string_view access_key, int64_t now_ms);
Json with_white_addresses(Json content, const std::vector<std::string>& addresses, int64_t now_ms);
bool has_account(const Json& content, std::string_view access_key);

}  // namespace mq::auth
