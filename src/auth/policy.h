// Users, resources, policies of ACL 2.0 and which of a user's rules decides about a request. Pure. Source: spec semantics 28.2 to 28.5.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/address_range.h"
#include "wire/bodies/auth.h"

namespace mq::auth {

enum class Action : uint8_t { kUnknown, kAll, kAny, kPub, kSub, kCreate, kUpdate, kDelete, kGet, kList };
using ActionSet = uint16_t;   // a bit for each
constexpr ActionSet bit(Action a) noexcept { return static_cast<ActionSet>(1u << static_cast<unsigned>(a)); }
template <class... A>
constexpr ActionSet actions(A... a) noexcept { return static_cast<ActionSet>((bit(a) | ...)); }
std::string_view to_string(Action a) noexcept;
/// "Pub,Sub".
std::string actions_text(ActionSet set);

enum class ResourceType : uint8_t { kUnknown, kAny, kCluster, kNamespace, kTopic, kGroup };
std::string_view to_string(ResourceType t) noexcept;
/// "Topic:name" as refusals name it; a name with data() == nullptr is "null".
std::string resource_text(ResourceType type, std::string_view name);

enum class Pattern : uint8_t { kLiteral, kPrefixed, kAny };   // the more specific comes first

/// What a policy is about: one name, all names with a beginning, all of a type, everything.
struct Resource {
  ResourceType type = ResourceType::kAny;
  Pattern pattern = Pattern::kAny;
  std::string name;   // without the star of a prefix

  /// "*", "Topic:*", "Topic:abc*", "Topic:abc"; nullopt for an unknown type. QUIRK: a prefix ends at the first star.
  static std::optional<Resource> parse(std::string_view text);
  std::string text() const;
  bool matches(ResourceType of, std::string_view named) const noexcept;
  bool operator==(const Resource&) const = default;
};

struct Entry {
  Resource resource;
  std::vector<Action> actions;   // as given
  std::vector<std::string> source_ips;
  bool deny = false;
};
enum class PolicyType : uint8_t { kCustom, kDefault };
struct Policy {
  PolicyType type = PolicyType::kCustom;
  std::vector<Entry> entries;
};
using Acl = std::vector<Policy>;

/// Checks what a request gives. Errors: kRefused with the remark that RocketMQ answers (code 16).
Result<Acl> acl_from(const wire::AclInfo& info);
wire::AclInfo acl_info(std::string_view subject, const Acl& acl);
/// Entry-wise: the same resource in the same kind of policy is replaced, others are added.
void merge(Acl& acl, const Acl& with);
/// Removes the entries of a resource; empty policies go.
void remove_resource(Acl& acl, PolicyType type, const Resource& resource);
std::optional<PolicyType> policy_type_from(std::string_view text) noexcept;

struct User {
  std::string name;
  std::string password;   // in clear: it is the key of signatures
  bool super = false;
  bool enabled = true;
};
wire::UserInfo user_info(const User& u);
/// Words without regard to case. Empty or unknown: nullopt.
std::optional<bool> is_super_type(std::string_view text) noexcept;
std::optional<bool> is_enabled_status(std::string_view text) noexcept;

/// The entries of one user, made ready for decisions.
class Rules {
 public:
  Rules() = default;
  explicit Rules(const Acl& acl);

  struct Decision {
    bool allowed = false;
    bool matched = false;      // false: no entry speaks about this
  };
  /// Entries of the Custom policy that match resource, one of the actions and the address; if there are none, those of Default. The most
  /// specific of them decides: a type before "*"; a name, then the longest prefix, then all names. QUIRK: of two entries about the same
  /// the one that allows.
  Decision decide(ResourceType type, std::string_view name, ActionSet any_of, const Host& from) const noexcept;
  /// For the operator: which entry decided, or which came nearest and why it does not fit.
  std::string explain(ResourceType type, std::string_view name, ActionSet any_of, const Host& from) const;

 private:
  struct Rule {
    Entry entry;
    ActionSet actions;
    std::vector<AddressRange> sources;   // empty: any
    bool from_anywhere_else(const Host& from) const noexcept;
    bool acts(ActionSet any_of) const noexcept;
    std::string text() const;
  };
  static const Rule* first(const std::vector<Rule>& rules, ResourceType type, std::string_view name, ActionSet any_of, const Host& from) noexcept;
  const Rule* deciding(ResourceType type, std::string_view name, ActionSet any_of, const Host& from) const noexcept;

  std::vector<Rule> custom_, default_;   // in order of precedence
};

}  // namespace mq::auth
