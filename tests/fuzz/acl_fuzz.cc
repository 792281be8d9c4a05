// Policies of ACL 2.0 (bodies of 3006, config/auth.json): the JSON of an acl, decided upon for a topic. What is taken prints and parses to
// itself, and merging an acl into itself changes nothing that decides.
#include "auth/policy.h"
#include "fuzz.h"

namespace {

using namespace mq;
using namespace mq::auth;

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
  const Rules rules(*acl), same(*again);
  for (const ActionSet any_of : {actions(Action::kPub), actions(Action::kSub, Action::kGet)}) {
    const auto a = rules.decide(ResourceType::kTopic, topic, any_of, from), b = same.decide(ResourceType::kTopic, topic, any_of, from);
    MQ_CHECK(a.allowed == b.allowed && a.matched == b.matched && (a.matched || !a.allowed));
    MQ_CHECK(!rules.explain(ResourceType::kTopic, topic, any_of, from).empty());
  }
  Acl merged = *acl;
  merge(merged, *acl);
  for (const Policy& p : *acl) for (const Entry& e : p.entries) remove_resource(merged, p.type, e.resource);
  return 0;
}
