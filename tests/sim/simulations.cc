#include "simulations.h"

namespace mq::sim {

const std::vector<Simulation>& simulations() {
  static const std::vector<Simulation> all = {
      {"store", 100, [](uint64_t seed, bool trace) { return run_store(seed, trace); }},
  };
  return all;
}

}  // namespace mq::sim
