// One simulated run of a cluster: a Broker (and NameServers), a producer and a consumer on machines of their own.
#pragma once

#include "store_sim.h"

namespace mq::sim {

/// The broker dies and comes back, connections are cut, the network is parted; then all is healed and everything that was
/// acknowledged must be there, once and dense, for a consumer that begins anew.
Outcome run_cluster(uint64_t seed, bool trace, Sabotage sabotage = Sabotage::kNone);

}  // namespace mq::sim
