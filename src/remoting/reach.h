// Whether something can be connected to from here.
#pragma once

#include "env/loop.h"

namespace mq::remoting {

struct Reached {
  bool same_machine = false;   // both ends of the connection have one address
};
/// Connects on `loop` and closes at once. Blocks; not from a loop. Errors: as Net::connect; kTimeout when the loop does not answer.
Result<Reached> try_connect(env::Env& env, env::Loop& loop, const env::Endpoint& to, int64_t timeout_ms);

}  // namespace mq::remoting
