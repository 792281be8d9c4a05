// The simulated world: machines with loops and disks, a network between them, one scheduler, one seed.
//
//   SimWorld world(seed);
//   SimMachine& m = world.machine("broker-a");     // m.env() is an Env for the code under test
//   world.run_for(5000);                           // ms of simulated time
//   m.crash(Crash::kProcess);                      // loops die; what was written stays
//   m.crash(Crash::kPower);                        // unsynced pages are kept, lost or torn by the seed
//
// Time advances only when nothing is runnable. Tasks, deliveries and timers that are due at once run in an order the
// seed picks, except what an interface promises to keep in order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "env/loop.h"

namespace mq::env {

enum class Crash : uint8_t { kProcess, kPower };

struct SimFaults {
  int64_t min_delay_us = 50;          // of a network hop
  int64_t max_delay_us = 3000;
  double connection_cut = 0;          // chance per delivered chunk that the connection breaks
  double write_error = 0;             // chance per write of EIO
  int64_t disk_limit_bytes = 0;       // 0: none; above it writes fail with kDiskFull
};

class SimMachine {
 public:
  virtual ~SimMachine() = default;
  virtual const std::string& name() const noexcept = 0;
  /// The world as the machine's processes see it. After crash() a new Env must be asked for.
  virtual Env& env() = 0;
  /// The machine's loops vanish without running anything more; connections break; the disk obeys `how`.
  /// Objects of the code under test that used the old Env must be destroyed by the caller after this call; their calls
  /// into the dead Env have no effect.
  virtual void crash(Crash how) = 0;
  virtual SimFaults& faults() noexcept = 0;
  /// Flips one bit of a durable file, to test detection.
  virtual void flip_bit(const std::string& path, int64_t offset, int bit) = 0;
};

class SimWorld {
 public:
  explicit SimWorld(uint64_t seed);
  ~SimWorld();
  /// Made at first use; its address is its name (Endpoint.host), also reachable as its numeric address 10.0.0.N.
  SimMachine& machine(const std::string& name);
  /// Cuts or heals the network between two machines; cut connections stall and break after their time-out.
  void cut(const std::string& a, const std::string& b, bool cut);
  /// Runs until `ms` of simulated time have passed or nothing can ever happen.
  void run_for(int64_t ms);
  /// Runs until the condition holds, at most `limit_ms`; false when it never did.
  bool run_until(UniqueFunction<bool()> condition, int64_t limit_ms);
  int64_t now_ms() const;
  Rng& rng();
  /// Writes each step to standard error, to read a failing seed.
  void set_trace(bool on);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mq::env
