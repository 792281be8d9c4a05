// Patterns of addresses in plain_acl.yml (ACL 1.0). Source: spec semantics 27.4.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "msg/host.h"

namespace mq::auth {

/// One pattern: "*"; "10.1.2.3"; "10.1.2.{3,4}"; "10.1.2.3,10.1.2.4"; "10.1.*.*", "10.1.2-9.*", "10.1.2.3-9"; the same for IPv6 with a star
/// only at the end. Blank matches nobody. QUIRK: the first part with a star or a range decides, parts behind it say nothing.
class WhiteAddress {
 public:
  WhiteAddress() = default;
  /// Errors: kInvalid in RocketMQ's words.
  static Result<WhiteAddress> parse(std::string_view text);
  bool matches(const Host& from) const noexcept;

 private:
  struct Range {
    Host head;                 // the bytes before the number count ...
    size_t at = 0;             // ... which stands here
    uint32_t first = 0, last = 0;
  };
  static Result<Range> parse_range(std::string_view text);

  bool everybody_ = false;
  std::vector<Host> hosts_;    // port 0
  std::vector<Range> ranges_;
};

}  // namespace mq::auth
