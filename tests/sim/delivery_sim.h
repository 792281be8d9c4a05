// One simulated run of a broker with everything that its clients may ask of it over time.
#pragma once

#include "store_sim.h"

namespace mq::sim {

/// A producer sends delayed, transactional and plain messages; consumers retry, die, take locks. The broker dies and comes
/// back at any moment, connections are cut. Then all is healed, everything gets its time, and rules 9 to 14 must hold
/// (dealings.h).
Outcome run_delivery(uint64_t seed, bool trace, Sabotage sabotage = Sabotage::kNone);

}  // namespace mq::sim
