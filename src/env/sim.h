// The simulated world: machines with loops and disks, a network between them, one scheduler, one seed.
//
//   SimWorld world(seed);
//   SimMachine& m = world.machine("broker-a");     // m.env() is an Env for the code under test
//   world.run_for(5000);                           // ms of simulated time
//   m.crash(Crash::kProcess);                      // loops die; what was written stays
//   m.crash(Crash::kPower);                        // unsynced pages are kept, lost or torn by the seed
//
// All in one thread: code under test may take mutexes but must not block on another loop, except through run_on(), which
// steps the world. Everything made from an Env must be destroyed before the world; crash() a machine first, or stop what
// runs on it. Calls that a contract binds to a loop are checked to come from it.
//
// Time advances only when nothing is runnable. Tasks, deliveries and timers that are due at once run in an order the
// seed picks, except what an interface promises to keep in order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "env/loop.h"

namespace mq::env {

enum class Crash : uint8_t { kProcess, kPower };

struct SimFaults {
  int64_t min_delay_us = 50;          // of a network hop
  int64_t max_delay_us = 3000;
  double connection_cut = 0;          // chance per delivered chunk that the connection breaks
  double write_error = 0;             // chance per write of EIO
  double sync_error = 0;              // chance per sync of EIO; as on Linux, a later sync does not make up for it
  double read_error = 0;              // chance per read of EIO
  double open_error = 0;              // chance per opening of a file of EMFILE
  std::string faulty_path;            // only files whose path contains it have the errors above
  int64_t disk_limit_bytes = 0;       // 0: none; above it writes fail with kDiskFull
  double cold_read = 0;               // chance that Mapping::resident() or File::read_cached() says no
  int64_t max_turn_delay_us = 0;      // how long a loop that could run may be kept from it
  // Lies of a broken machine, to prove that a checker notices. Never part of an honest run.
  double lost_write = 0;              // chance per write that it does nothing and reports success
  double lying_sync = 0;              // the same for sync
};

class SimMachine {
 public:
  virtual ~SimMachine() = default;
  virtual const std::string& name() const noexcept = 0;
  virtual const std::string& address() const noexcept = 0;   // "10.0.0.N"
  /// The world as the machine's process sees it. After a crash this starts the next process (and the machine, when it
  /// was without power).
  virtual Env& env() = 0;
  /// False before the first env() and after a crash. What a dead process still says must not be believed.
  virtual bool alive() const noexcept = 0;
  /// The machine's loops vanish without running anything more; connections break; the disk obeys `how`.
  /// Objects of the code under test that used the old Env must be destroyed by the caller after this call; their calls
  /// into the dead Env have no effect.
  virtual void crash(Crash how) = 0;
  /// Crashes at the `operations`-th disk operation from now (write, sync, allocate, truncate, and changes of folders),
  /// before, in the middle or just after it. The call returns an error to the code under test, as do all later ones.
  virtual void crash_at_disk_op(int64_t operations, Crash how) = 0;
  virtual int64_t disk_ops() const noexcept = 0;             // so far
  virtual SimFaults& faults() noexcept = 0;
  /// Flips one bit of a durable file, to test detection.
  virtual void flip_bit(const std::string& path, int64_t offset, int bit) = 0;
  /// Sets this machine's wall clock apart from the world's; may jump at any time.
  virtual void set_wall_skew_ms(int64_t ms) noexcept = 0;
};

class SimWorld {
 public:
  explicit SimWorld(uint64_t seed);
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;
  /// Made at first use; its address is its name (Endpoint.host), also reachable as its numeric address 10.0.0.N.
  SimMachine& machine(const std::string& name);
  /// Cuts or heals the network between two machines; cut connections stall and break after their time-out.
  void cut(const std::string& a, const std::string& b, bool cut);
  /// A further name in the simulated DNS.
  void set_name(const std::string& name, std::vector<std::string> addresses);
  /// While it is silent the simulated DNS does not answer questions about the name.
  void silence_name(const std::string& name, bool silent);
  /// Runs until `ms` of simulated time have passed or nothing can ever happen.
  void run_for(int64_t ms);
  /// Runs until the condition holds, at most `limit_ms`; false when it never did.
  bool run_until(UniqueFunction<bool()> condition, int64_t limit_ms);
  int64_t now_ms() const;
  Rng& rng();
  /// Writes each step to standard error, to read a failing seed.
  void set_trace(bool on);
  /// Equal for equal seeds and programs: a hash over all steps, written and delivered bytes.
  uint64_t trace_hash() const;
  uint64_t steps() const;                // turns run so far

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mq::env
