#include "simulations.h"

#include "cluster_sim.h"
#include "delivery_sim.h"

namespace mq::sim {

const std::vector<Simulation>& simulations() {
  static const std::vector<Simulation> all = {
      {"store", 70, [](uint64_t seed, bool trace) { return run_store(seed, trace); }},
      {"delivery", 0, [](uint64_t seed, bool trace) { return run_delivery(seed, trace); }},
      {"cluster", 30, [](uint64_t seed, bool trace) { return run_cluster(seed, trace); }},
  };
  return all;
}

}  // namespace mq::sim
