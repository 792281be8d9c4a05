// What commands ask of controllers. Source: spec mqadmin 8.1.
#pragma once

#include <string>

#include "admin/session.h"

namespace mq::admin {

/// The address of the leader, as one controller of the group knows it. Errors: also when there is none at the moment.
Result<std::string> controller_leader(Session& s, const std::string& controller);

}  // namespace mq::admin
