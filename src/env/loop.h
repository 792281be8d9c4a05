// Loops: the only threads. A posix loop is a thread around epoll; a simulated one is stepped by the scheduler.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/function.h"
#include "env/clock.h"
#include "env/file.h"
#include "env/net.h"

namespace mq::env {

using TimerId = uint64_t;   // 0 is no timer

class Loop {
 public:
  virtual ~Loop() = default;
  virtual const std::string& name() const noexcept = 0;
  virtual Clock& clock() noexcept = 0;
  virtual Net& net() noexcept = 0;

  /// Runs the task on this loop, in order of posting. Any thread. False when the loop's queue (65,536 tasks) is full or
  /// the loop has stopped: the caller must have an answer ready.
  [[nodiscard]] virtual bool post(Task task) noexcept = 0;
  /// True on the loop's own thread (in simulation: while the loop is being stepped).
  virtual bool here() const noexcept = 0;

  // Loop thread only.
  /// Runs the task once after `delay_ms` (not before; 0 = next turn).
  virtual TimerId after(int64_t delay_ms, Task task) = 0;
  virtual void cancel(TimerId id) noexcept = 0;
  /// Adds a hook that runs at the end of every turn in which something happened, after all its events and before the
  /// turn's output is sent; in order of adding. For work gathered over a turn (the append). Never removed.
  virtual void at_turn_end(Task hook) = 0;
  // Any thread.
  /// When it has work its thread gets a core soon, before threads that compute: it asks for short slices of time (Linux 6.12 and
  /// later; others give them as ever). A hint.
  virtual void be_prompt() noexcept {}
};

/// Everything non-deterministic, in one place. Made once by main() or by a test.
class Env {
 public:
  virtual ~Env() = default;
  virtual Clock& clock() noexcept = 0;
  virtual Rng& rng() noexcept = 0;
  virtual FileSystem& fs() noexcept = 0;
  /// A new loop, running. It ends with stop_loop or the Env. Not from a loop thread.
  virtual Loop& start_loop(const std::string& name) = 0;
  /// Runs what is posted, drops timers, closes its connections, ends the thread. Not from the loop itself.
  virtual void stop_loop(Loop& loop) = 0;
  /// Posts the task and waits until it has run; on the loop's own thread it runs at once. Start, stop and tests only.
  virtual void run_on(Loop& loop, Task task) = 0;
};

/// The real world: threads, epoll, c-ares, the file system.
std::unique_ptr<Env> make_posix_env();

/// Repeats `task` on `loop` every `period_ms`, first after `first_ms`, until the object dies. The owner lives on the loop.
class Periodic {
 public:
  Periodic() = default;
  Periodic(Loop& loop, int64_t first_ms, int64_t period_ms, UniqueFunction<void()> task);
  ~Periodic() { stop(); }
  Periodic(Periodic&&) noexcept = default;
  Periodic& operator=(Periodic&&) noexcept = default;
  void stop() noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mq::env
