#include "auth/policy.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/text.h"

namespace mq::auth {

namespace {

constexpr std::array<std::string_view, 10> kActions{"Unknown", "All", "Any", "Pub", "Sub", "Create", "Update", "Delete", "Get", "List"};
constexpr std::array<std::string_view, 6> kTypes{"Unknown", "Any", "Cluster", "Namespace", "Topic", "Group"};

template <class E, size_t N>
std::optional<E> by_name(const std::array<std::string_view, N>& names, std::string_view word) noexcept {
  for (size_t i = 0; i < N; ++i) if (equal_ignoring_case(names[i], word)) return static_cast<E>(i);
  return std::nullopt;
}

Failure refused(std::string remark) { return fail(Errc::kRefused, std::move(remark)); }

Result<Entry> entry_from(const wire::PolicyEntryInfo& info) {
  auto resource = Resource::parse(info.resource);
  if (!resource) return refused("The resource is null.");
  Entry e{.resource = std::move(*resource), .actions = {}, .source_ips = info.sourceIps};
  for (const std::string& word : info.actions) if (const auto a = by_name<Action>(kActions, word)) e.actions.push_back(*a);
  if (e.actions.empty()) return refused("The actions is empty.");
  if (std::ranges::find(e.actions, Action::kAny) != e.actions.end()) return refused("The actions can not be Any.");
  for (const std::string& ip : e.source_ips) {
    if (trim(ip, " \t\r\n\f\v").empty()) return refused("The source ip is empty.");
    if (!AddressRange::parse(ip)) return refused("The source ip is invalid.");
  }
  if (!equal_ignoring_case(info.decision, "Allow") && !equal_ignoring_case(info.decision, "Deny")) return refused("The decision is null or illegal.");
  e.deny = equal_ignoring_case(info.decision, "Deny");
  return e;
}

Policy* policy_of(Acl& acl, PolicyType type) {
  const auto at = std::ranges::find(acl, type, &Policy::type);
  return at == acl.end() ? nullptr : &*at;
}

}  // namespace

std::string_view to_string(Action a) noexcept { return kActions[static_cast<size_t>(a)]; }
std::string_view to_string(ResourceType t) noexcept { return kTypes[static_cast<size_t>(t)]; }

std::string actions_text(ActionSet set) {
  std::string text;
  for (size_t i = 0; i < kActions.size(); ++i) {
    if (!(set & bit(static_cast<Action>(i)))) continue;
    if (!text.empty()) text += ',';
    text += kActions[i];
  }
  return text;
}

std::string resource_text(ResourceType type, std::string_view name) {
  return std::string(to_string(type)).append(":").append(name.data() ? name : "null");
}

// ---- Resource ----------------------------------------------------------------------------------------------------

std::optional<Resource> Resource::parse(std::string_view text) {
  if (is_blank(text)) return std::nullopt;
  if (text == "*") return Resource{};
  const size_t colon = text.find(':');
  const auto type = by_name<ResourceType>(kTypes, text.substr(0, colon));
  if (!type) return std::nullopt;
  if (*type == ResourceType::kAny) return Resource{};
  const std::string_view name = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (name == "*") return Resource{*type, Pattern::kAny, ""};
  if (name.ends_with('*')) return Resource{*type, Pattern::kPrefixed, std::string(name.substr(0, name.find('*')))};
  return Resource{*type, Pattern::kLiteral, std::string(name)};
}

std::string Resource::text() const {
  if (type == ResourceType::kAny) return "*";
  return std::string(to_string(type)) + ":" + (pattern == Pattern::kAny ? "*" : pattern == Pattern::kPrefixed ? name + "*" : name);
}

bool Resource::matches(ResourceType of, std::string_view named) const noexcept {
  if (type == ResourceType::kAny) return true;
  if (type != of) return false;
  if (pattern == Pattern::kAny) return true;
  if (!named.data()) return false;
  return pattern == Pattern::kPrefixed ? named.starts_with(name) : named == name;
}

// ---- Acl ---------------------------------------------------------------------------------------------------------

Result<Acl> acl_from(const wire::AclInfo& info) {
  Acl acl;
  for (const wire::PolicyInfo& p : info.policies) {
    if (p.entries.empty()) continue;
    Policy policy{policy_type_from(p.policyType).value_or(PolicyType::kCustom), {}};
    for (const wire::PolicyEntryInfo& e : p.entries) {
      MQ_TRY(Entry entry, entry_from(e));
      policy.entries.push_back(std::move(entry));
    }
    acl.push_back(std::move(policy));
  }
  if (acl.empty()) return refused("The policies is empty.");
  return acl;
}

wire::AclInfo acl_info(std::string_view subject, const Acl& acl) {
  wire::AclInfo info{std::string(subject), {}};
  for (const Policy& p : acl) {
    wire::PolicyInfo policy{p.type == PolicyType::kCustom ? "Custom" : "Default", {}};
    for (const Entry& e : p.entries) {
      wire::PolicyEntryInfo& entry = policy.entries.emplace_back();
      entry.resource = e.resource.text();
      for (const Action a : e.actions) entry.actions.emplace_back(to_string(a));
      entry.sourceIps = e.source_ips;
      entry.decision = e.deny ? "Deny" : "Allow";
    }
    info.policies.push_back(std::move(policy));
  }
  return info;
}

void merge(Acl& acl, const Acl& with) {
  for (const Policy& added : with) {
    Policy* policy = policy_of(acl, added.type);
    if (!policy) {
      acl.push_back(added);
      continue;
    }
    for (const Entry& entry : added.entries) {
      const auto old = std::ranges::find(policy->entries, entry.resource, &Entry::resource);
      if (old == policy->entries.end()) policy->entries.push_back(entry);
      else *old = entry;
    }
  }
}

void remove_resource(Acl& acl, PolicyType type, const Resource& resource) {
  Policy* policy = policy_of(acl, type);
  if (!policy) return;
  const auto at = std::ranges::find(policy->entries, resource, &Entry::resource);
  if (at != policy->entries.end()) policy->entries.erase(at);
  std::erase_if(acl, [](const Policy& p) { return p.entries.empty(); });
}

std::optional<PolicyType> policy_type_from(std::string_view text) noexcept {
  if (equal_ignoring_case(text, "Custom")) return PolicyType::kCustom;
  if (equal_ignoring_case(text, "Default")) return PolicyType::kDefault;
  return std::nullopt;
}

// ---- User --------------------------------------------------------------------------------------------------------

wire::UserInfo user_info(const User& u) { return {u.name, u.password, u.super ? "Super" : "Normal", u.enabled ? "enable" : "disable"}; }

std::optional<bool> is_super_type(std::string_view text) noexcept {
  if (equal_ignoring_case(text, "Super")) return true;
  if (equal_ignoring_case(text, "Normal")) return false;
  return std::nullopt;
}

std::optional<bool> is_enabled_status(std::string_view text) noexcept {
  if (equal_ignoring_case(text, "enable")) return true;
  if (equal_ignoring_case(text, "disable")) return false;
  return std::nullopt;
}

// ---- Rules -------------------------------------------------------------------------------------------------------

Rules::Rules(const Acl& acl) {
  const auto ready = [&acl](PolicyType type) {
    std::vector<Rule> rules;
    const auto policy = std::ranges::find(acl, type, &Policy::type);
    if (policy == acl.end()) return rules;
    for (const Entry& e : policy->entries) {
      Rule& r = rules.emplace_back(Rule{e, 0, {}});
      for (const Action a : e.actions) r.actions |= bit(a);
      for (const std::string& ip : e.source_ips) if (auto range = AddressRange::parse(ip)) r.sources.push_back(*range);
    }
    const auto rank = [](const Rule& r) {
      const Resource& of = r.entry.resource;
      const auto longest_first = of.pattern == Pattern::kPrefixed ? -static_cast<std::ptrdiff_t>(of.name.size()) : 0;
      return std::tuple(of.type == ResourceType::kAny, of.pattern, longest_first, r.entry.deny);
    };
    std::ranges::stable_sort(rules, {}, rank);
    return rules;
  };
  custom_ = ready(PolicyType::kCustom);
  default_ = ready(PolicyType::kDefault);
}

bool Rules::Rule::acts(ActionSet any_of) const noexcept { return actions & (any_of | bit(Action::kAll)); }

bool Rules::Rule::from_anywhere_else(const Host& from) const noexcept {
  // Addresses that cannot be read (a file edited by hand) match nobody.
  return !entry.source_ips.empty() && std::ranges::none_of(sources, [&](const AddressRange& r) { return r.contains(from); });
}

std::string Rules::Rule::text() const {
  std::string t = entry.resource.text() + " [" + actions_text(actions) + "]";
  for (const std::string& ip : entry.source_ips) t += " " + ip;
  return t + (entry.deny ? " Deny" : " Allow");
}

const Rules::Rule* Rules::first(const std::vector<Rule>& rules, ResourceType type, std::string_view name, ActionSet any_of, const Host& from) noexcept {
  for (const Rule& r : rules) {
    if (r.entry.resource.matches(type, name) && r.acts(any_of) && !r.from_anywhere_else(from)) return &r;
  }
  return nullptr;
}

const Rules::Rule* Rules::deciding(ResourceType type, std::string_view name, ActionSet any_of, const Host& from) const noexcept {
  const Rule* r = first(custom_, type, name, any_of, from);
  return r ? r : first(default_, type, name, any_of, from);
}

Rules::Decision Rules::decide(ResourceType type, std::string_view name, ActionSet any_of, const Host& from) const noexcept {
  const Rule* r = deciding(type, name, any_of, from);
  return {r && !r->entry.deny, r != nullptr};
}

std::string Rules::explain(ResourceType type, std::string_view name, ActionSet any_of, const Host& from) const {
  if (const Rule* r = deciding(type, name, any_of, from)) return "decided by entry " + r->text();
  if (custom_.empty() && default_.empty()) return "the user has no policy";
  for (const auto* rules : {&custom_, &default_}) {
    for (const Rule& r : *rules) {
      if (!r.entry.resource.matches(type, name)) continue;
      return "entry " + r.text() + (r.acts(any_of) ? " is for other source addresses" : " has none of the actions " + actions_text(any_of));
    }
  }
  return "none of the user's " + std::to_string(custom_.size() + default_.size()) + " entries names this resource";
}

}  // namespace mq::auth
