// Which resources a request touches and what it does to them (ACL 2.0). Source: spec semantics 28.4.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "auth/policy.h"
#include "wire/frame.h"

namespace mq::auth {

struct Need {
  ResourceType type;
  std::string_view name;    // into the frame, or into Needs::kept; data() == nullptr: the field is missing
  ActionSet any_of;
};

/// Reused from request to request.
struct Needs {
  std::vector<Need> list;          // each must be granted
  std::deque<std::string> kept;    // names that came in a body
};

/// Fills `out`. No extFields, or a code that RocketMQ's table does not know: nothing is needed. QUIRK: so any user may send UPDATE_BROKER_CONFIG
/// and other codes whose headers name no resource. `cluster` is the name of this server's cluster.
///
/// Errors: kInvalid for a body that cannot be read.
Result<> find_needs(const wire::Frame& frame, std::string_view cluster, Needs& out);

}  // namespace mq::auth
