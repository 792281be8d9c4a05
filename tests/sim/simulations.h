// The list of simulations that sim_test runs.
#pragma once

#include <vector>

#include "store_sim.h"

namespace mq::sim {

struct Simulation {
  const char* name;
  int percent;   // of --seeds: dear ones get fewer; 0: runs only by its name (--only)
  Outcome (*run)(uint64_t seed, bool trace);
};

const std::vector<Simulation>& simulations();

}  // namespace mq::sim
