// A machine of the simulated world: its disk and clock, and the processes that ran on it one after the other.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "env/sim.h"
#include "env/sim_disk.h"
#include "env/sim_fs.h"
#include "env/sim_loop.h"
#include "env/sim_scheduler.h"

namespace mq::env {

class SimFabric;
class SimMachineImpl;

class SimClock final : public Clock {
 public:
  explicit SimClock(SimMachineImpl& machine) : machine_(machine) {}
  int64_t now_ms() noexcept override;
  int64_t mono_us() noexcept override;

 private:
  SimMachineImpl& machine_;
};

/// The Env of one process life. Dead after a crash: every call on it or on anything it made is then a no-op or fails,
/// only run_on() still runs its task, since its callers count on that. Kept until the world ends.
class SimProcess final : public Env {
 public:
  explicit SimProcess(SimMachineImpl& machine);

  Clock& clock() noexcept override { return clock_; }
  Rng& rng() noexcept override;
  FileSystem& fs() noexcept override { return fs_; }
  Loop& start_loop(const std::string& name) override;
  void stop_loop(Loop& loop) override;
  void run_on(Loop& loop, Task task) override;

  SimMachineImpl& machine() noexcept { return machine_; }
  const SimMachineImpl& machine() const noexcept { return machine_; }
  bool alive() const noexcept { return alive_; }
  void die();
  void drop_everything();

  int turns_under_way = 0;   // of its loops; what they use is dropped only when it is 0

 private:
  SimMachineImpl& machine_;
  SimClock clock_;
  SimFs fs_;
  bool alive_ = true;
  std::vector<std::unique_ptr<SimLoop>> loops_;
};

class SimMachineImpl final : public SimMachine {
 public:
  SimMachineImpl(SimScheduler& scheduler, SimFabric& fabric, int index, std::string name);
  ~SimMachineImpl() override;

  const std::string& name() const noexcept override { return name_; }
  const std::string& address() const noexcept override { return address_; }
  Env& env() override;
  bool alive() const noexcept override { return process_ && process_->alive(); }
  void crash(Crash how) override;
  void crash_at_disk_op(int64_t operations, Crash how) override;
  int64_t disk_ops() const noexcept override { return disk_ops_; }
  SimFaults& faults() noexcept override { return faults_; }
  const SimFaults& faults() const noexcept { return faults_; }
  void flip_bit(const std::string& path, int64_t offset, int bit) override;
  void set_wall_skew_ms(int64_t ms) noexcept override { wall_skew_ms_ = ms; }

  SimScheduler& scheduler() const noexcept { return scheduler_; }
  SimFabric& fabric() noexcept { return fabric_; }
  SimDisk& disk() noexcept { return disk_; }
  SimRng& rng() noexcept { return rng_; }
  int index() const noexcept { return index_; }
  bool powered_off() const noexcept { return powered_off_; }
  int64_t wall_skew_ms() const noexcept { return wall_skew_ms_; }
  uint16_t next_ephemeral_port() noexcept;

  /// What happens to a disk operation: it runs, or the machine dies just before or just after it.
  enum class Fate : uint8_t { kRun, kDieBefore, kDieAfter };
  Fate next_disk_op() noexcept;
  Crash planned_crash() const noexcept { return planned_crash_; }
  std::set<std::string>& locks() noexcept { return locks_; }

 private:
  SimScheduler& scheduler_;
  SimFabric& fabric_;
  const int index_;
  const std::string name_;
  const std::string address_;
  SimRng rng_;                       // of the machine's disk and of Env::rng()
  SimDisk disk_;
  SimFaults faults_;
  int64_t wall_skew_ms_ = 0;
  bool powered_off_ = false;
  uint16_t last_port_ = 32'767;
  int64_t disk_ops_ = 0;
  int64_t die_at_disk_op_ = -1;
  Crash planned_crash_ = Crash::kProcess;
  std::set<std::string> locks_;      // paths locked by the live process
  SimProcess* process_ = nullptr;    // the latest one
  std::vector<std::unique_ptr<SimProcess>> processes_;
};

}  // namespace mq::env
