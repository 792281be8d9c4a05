// The one thread of the simulated world: what is due, what can run, and which of it runs next.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/function.h"
#include "env/sim_rng.h"

namespace mq::env {

class SimLoop;

/// Owned by SimWorld. Events wait in a heap by time; when due they make loops runnable; a runnable loop picked by the
/// seed runs one turn. Only when no loop can run does time move, to the next event.
class SimScheduler {
 public:
  explicit SimScheduler(uint64_t seed) : rng_(seed) {}

  SimRng& rng() noexcept { return rng_; }
  int64_t now_us() const noexcept { return now_us_; }
  /// Runs `fire` at `due_us` (at once when that is past), between turns. It must only make something ready.
  void at(int64_t due_us, Task fire);
  void add(SimLoop* loop) { loops_.push_back(loop); }
  void remove(SimLoop* loop);
  /// One turn of a loop or one move of time, not beyond `limit_us`. False when nothing is left before it.
  bool step(int64_t limit_us);
  void advance_to(int64_t us) noexcept { now_us_ = us > now_us_ ? us : now_us_; }
  /// Drops all events; the world ends.
  void clear();

  SimLoop* current() const noexcept { return stack_.empty() ? nullptr : stack_.back(); }
  bool on_stack(const SimLoop* loop) const noexcept;
  void enter(SimLoop* loop) { stack_.push_back(loop); }
  void leave() { stack_.pop_back(); }

  /// Folds what happened into the hash that must be equal for equal seeds.
  void note(uint64_t what, uint64_t a, uint64_t b = 0) noexcept;
  void note_bytes(uint64_t what, ByteView bytes) noexcept;
  uint64_t trace_hash() const noexcept { return hash_; }
  uint64_t steps() const noexcept { return steps_; }
  void set_trace(bool on) noexcept { trace_ = on; }
  template <class... A>
  void trace(fmt::format_string<A...> format, A&&... args) {
    if (trace_) trace_line(fmt::format(format, std::forward<A>(args)...));
  }

 private:
  struct Event {
    int64_t due_us;
    uint64_t seq;   // order of equal times
    Task fire;
  };
  static bool later(const Event& a, const Event& b) noexcept {
    return a.due_us != b.due_us ? a.due_us > b.due_us : a.seq > b.seq;
  }
  void trace_line(const std::string& line) const;

  SimRng rng_;
  int64_t now_us_ = 0;
  uint64_t next_seq_ = 0;
  uint64_t steps_ = 0;
  uint64_t turns_at_this_time_ = 0;
  uint64_t hash_ = 0xcbf29ce484222325ULL;
  bool trace_ = false;
  std::vector<Event> events_;      // a heap
  std::vector<SimLoop*> loops_;    // alive ones, in order of creation
  std::vector<SimLoop*> runnable_; // scratch of step()
  std::vector<SimLoop*> stack_;    // loops whose turn is under way, innermost last
};

}  // namespace mq::env
