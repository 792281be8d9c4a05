// One simulated run of the store alone: lives of appends, ended by crashes, each followed by a restart and a check.
#pragma once

#include <cstdint>

#include "invariants.h"

namespace mq::sim {

/// A broken promise on purpose, to prove that the invariants notice (tests/sim/sim_test.cc, checker_test.cc).
enum class Sabotage : uint8_t {
  kNone,
  kAcknowledgeEarly,   // the sender believes in an answer before the append
  kLyingSync,          // fsync does nothing and says it did
  kLostWrite,          // some writes do nothing and say they did
  // Bugs in the code under test (store/deliberate_bug.h).
  kBugAcknowledgesBeforeWriting,
  kBugSkipsEntries,
  kBugReorders,
};

/// Switches the bug of a sabotage on while it lives.
class BugOn {
 public:
  explicit BugOn(Sabotage sabotage);
  ~BugOn();

 private:
  int before_ = 0;   // perhaps one that the environment switched on
};

struct Outcome {
  Violations violations;
  uint64_t trace_hash = 0;
  int64_t messages = 0;        // sent
  int64_t acknowledged = 0;
  int lives = 0;
};

Outcome run_store(uint64_t seed, bool trace, Sabotage sabotage = Sabotage::kNone);

}  // namespace mq::sim
