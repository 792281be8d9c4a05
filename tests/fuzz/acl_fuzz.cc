// Policies of ACL 2.0 (bodies of 3006, config/auth.json): the JSON of an acl, decided upon for a topic. What is taken prints and parses to
// itself. An acl that names each resource once decides the same when it is merged into itself, and nothing is left when each is removed.
#include <set>

#include "auth/policy.h"
#include "fuzz.h"

namespace {

using namespace mq;
using namespace mq::auth;

bool names_each_once(const Acl& acl) {
  std::set<PolicyType> types;
  std::set<std::pair<PolicyType, std::string>> resources;
  for (const Policy& p : acl) {
    if (!types.insert(p.type).second) return false;
    for (const Entry& e : p.entries) if (!resources.emplace(p.type, e.resource.text()).second) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input in(data, size);
  const std::string topic(in.line());
  const auto info = wire::parse_acl_info(in.rest());
  if (!info) return 0;
  const auto acl = acl_from(*info);
  if (!acl) return 0;
  const wire::AclInfo shown = acl_info("User:u", *acl);
  const auto again = acl_from(wire::parse_acl_info(to_text(to_json(shown))).value());
  MQ_CHECK(again && acl_info("User:u", *again) == shown);
  const Host from = *Host::parse("10.1.2.3", 0);
  Acl merged = *acl;
  merge(merged, *acl);
  const bool once = names_each_once(*acl);
  const Rules rules(*acl), same(*again), twice(merged);
  for (const ActionSet any_of : {actions(Action::kPub), actions(Action::kSub, Action::kGet)}) {
    const auto decide = [&](const Rules& r) { return r.decide(ResourceType::kTopic, topic, any_of, from); };
    const auto a = decide(rules), b = decide(same), c = decide(twice);
    MQ_CHECK(a.allowed == b.allowed && a.matched == b.matched && (a.matched || !a.allowed));
    MQ_CHECK(!once || (a.allowed == c.allowed && a.matched == c.matched));
    MQ_CHECK(!rules.explain(ResourceType::kTopic, topic, any_of, from).empty());
  }
  for (const Policy& p : *acl) for (const Entry& e : p.entries) remove_resource(merged, p.type, e.resource);
  MQ_CHECK(!once || merged.empty());
  return 0;
}
