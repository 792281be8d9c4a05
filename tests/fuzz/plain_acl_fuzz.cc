// plain_acl.yml (ACL 1.0) and its address patterns: a file that is taken, changed and written is taken again and has the account.
#include "auth/plain_acl.h"
#include "base/yaml.h"
#include "fuzz.h"

using namespace mq;
using namespace mq::auth;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input in(data, size);
  const std::string pattern(in.line());
  const fuzz::Exact yaml(in.rest());
  if (const auto white = WhiteAddress::parse(pattern)) {
    (void)white->matches(*Host::parse("10.1.2.3", 0));
    (void)white->matches(*Host::parse("fe80::1", 0));
  }
  const auto file = parse_plain_acl(yaml.text());
  if (!file) return 0;
  const PlainAccountChange change{.access_key = "fuzzing1", .secret_key = "secret77", .topics = std::vector<std::string>{"t=PUB"}};
  MQ_CHECK(check_change(change));
  const auto changed = parse_plain_acl(to_yaml(with_account(file->content, change, 7)));
  // Text that YAML cannot carry (control characters) may be lost on the way; then the change is refused, never half made.
  if (!changed) return 0;
  MQ_CHECK(has_account(changed->content, "fuzzing1") && !has_account(without_account(changed->content, "fuzzing1", 8), "fuzzing1"));
  return 0;
}
