// A loop without a thread: queues of tasks, timers and network events, run turn by turn by the scheduler.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "env/loop.h"
#include "env/sim_net.h"

namespace mq::env {

class SimProcess;

/// Owned by its SimProcess until the world ends, so that dead objects may still call it: once `stopped`, every call is
/// a no-op. A turn runs some of what is ready (the seed says how much and in which order; posted tasks stay in order),
/// then the turn-end hooks, then sends the turn's output and reports closed connections.
class SimLoop final : public Loop {
 public:
  SimLoop(SimProcess& process, std::string name);

  const std::string& name() const noexcept override { return name_; }
  Clock& clock() noexcept override;
  Net& net() noexcept override { return net_; }
  bool post(Task task) noexcept override;
  bool here() const noexcept override;
  TimerId after(int64_t delay_ms, Task task) override;
  void cancel(TimerId id) noexcept override;
  void at_turn_end(Task hook) override;

  SimProcess& process() noexcept { return process_; }
  SimScheduler& scheduler() noexcept;
  SimNet& sim_net() noexcept { return net_; }
  bool stopped() const noexcept { return stopped_; }
  /// True when on this loop, or when that no longer matters.
  bool allowed() const noexcept { return stopped_ || here(); }

  /// Something became ready that is not a posted task; runs in an order of the seed.
  void ready(Task task);
  bool can_run();
  void turn();
  /// What stop_loop does: posted tasks run, connections close, timers are dropped.
  void drain_and_stop();
  /// What a crash does: nothing runs any more. drop_everything() follows when no turn of it is under way.
  void kill() noexcept { stopped_ = true; }
  void drop_everything();
  /// Runs the task as if on this loop; for run_on() of a loop that is dead or the current one.
  void run_here(Task& task);

 private:
  bool run_one();

  SimProcess& process_;
  const std::string name_;
  SimNet net_;
  bool stopped_ = false;
  std::deque<Task> posted_;
  std::vector<Task> ready_;
  std::map<TimerId, Task> timers_;
  TimerId last_timer_ = 0;
  std::deque<Task> hooks_;   // a deque: a hook may add another while it runs
  int64_t not_before_us_ = -1;   // a slow loop: it could run, but the seed lets it wait
};

}  // namespace mq::env
