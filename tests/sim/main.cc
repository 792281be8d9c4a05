// sim_test [--seeds N] [--first S] [--only NAME] [--trace] [--regressions FILE]
// Runs N seeds from S of every simulation (or of one), and the listed regression seeds. Prints each failing seed with
// what it broke and how to see it again; exits 1 when there was one.
#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "base/log.h"
#include "simulations.h"

// A simulated crash runs no destructors of what the dead process kept alive by itself (sessions, calls under way), just
// as a real one does not. That is no leak worth a report; the modules' own tests look for those.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }

namespace {

struct Arguments {
  uint64_t seeds = 100;
  uint64_t first = 1;
  std::string only;
  std::string regressions;
  bool trace = false;
};

bool parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--trace") {
      arguments.trace = true;
      continue;
    }
    if (++i == argc) return false;
    if (name == "--seeds") arguments.seeds = std::strtoull(argv[i], nullptr, 10);
    else if (name == "--first") arguments.first = std::strtoull(argv[i], nullptr, 10);
    else if (name == "--only") arguments.only = argv[i];
    else if (name == "--regressions") arguments.regressions = argv[i];
    else return false;
  }
  return true;
}

struct Totals {
  uint64_t runs = 0, failed = 0;
  int64_t messages = 0, acknowledged = 0, lives = 0;
};

void run_one(const mq::sim::Simulation& simulation, uint64_t seed, bool trace, Totals& totals) {
  const mq::sim::Outcome outcome = simulation.run(seed, trace);
  ++totals.runs;
  totals.messages += outcome.messages;
  totals.acknowledged += outcome.acknowledged;
  totals.lives += outcome.lives;
  if (outcome.violations.empty()) return;
  ++totals.failed;
  fmt::print("seed {} of {} fails; again: sim_test --only {} --seeds 1 --first {} --trace\n", seed, simulation.name,
             simulation.name, seed);
  for (const std::string& violation : outcome.violations) fmt::print("  {}\n", violation);
  std::fflush(stdout);
}

/// Lines "NAME SEED  # what it found".
std::multimap<std::string, uint64_t> read_regressions(const std::string& path) {
  std::multimap<std::string, uint64_t> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string name;
    uint64_t seed = 0;
    if (words >> name >> seed) out.emplace(name, seed);
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    fmt::print(stderr, "usage: sim_test [--seeds N] [--first S] [--only NAME] [--trace] [--regressions FILE]\n");
    return 2;
  }
  // The code under test complains a lot about its broken disks; that is read with --trace only.
  if (!arguments.trace) mq::start_logging({.level = mq::LogLevel::kOff});
  const auto regressions = read_regressions(arguments.regressions);
  uint64_t failed = 0;
  for (const mq::sim::Simulation& simulation : mq::sim::simulations()) {
    if (arguments.only.empty() ? simulation.percent == 0 : arguments.only != simulation.name) continue;
    const auto start = std::chrono::steady_clock::now();
    Totals totals;
    const auto [from, to] = regressions.equal_range(simulation.name);
    for (auto it = from; it != to; ++it) run_one(simulation, it->second, arguments.trace, totals);
    const uint64_t seeds = (arguments.seeds * static_cast<uint64_t>(simulation.percent) + 99) / 100;
    for (uint64_t i = 0; i < (arguments.only.empty() ? seeds : arguments.seeds); ++i) {
      run_one(simulation, arguments.first + i, arguments.trace, totals);
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    fmt::print("{}: {} runs, {} failed, {} lives, {} messages, {} acknowledged, {:.1f} s\n", simulation.name, totals.runs,
               totals.failed, totals.lives, totals.messages, totals.acknowledged, seconds);
    failed += totals.failed;
  }
  mq::stop_logging();
  return failed == 0 ? 0 : 1;
}
