// One simulated run of a cluster: NameServers, a Broker, a producer and a consumer on machines of their own.
#pragma once

#include "store_sim.h"

namespace mq::sim {

/// NameServers and broker die and come back, connections are cut, the network is parted; then all is healed. The routes must
/// be right again (rules 7 and 8, checked all through the run), and everything that was acknowledged must be there, once
/// and dense, for a consumer that begins anew.
Outcome run_cluster(uint64_t seed, bool trace, Sabotage sabotage = Sabotage::kNone);

}  // namespace mq::sim
