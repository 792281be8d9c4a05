// The posix loop: a thread around epoll. One turn is: wait, due timers, ready sockets, posted tasks, turn hooks, one
// send per socket that has output, closes. Everything inside is reused from turn to turn.
#pragma once

#include <atomic>
#include <condition_variable>
#include <thread>
#include <vector>

#include "base/badges.h"
#include "base/byte_buffer.h"
#include "env/loop.h"
#include "env/timer_heap.h"

namespace mq::env {

class PosixConnection;
class PosixNet;

/// Something whose file descriptor a loop watches.
class Pollable {
 public:
  virtual ~Pollable() = default;
  /// `events` as epoll reports them. May come once more after unwatch() in the same turn: the object must know.
  virtual void on_events(uint32_t events) noexcept = 0;
};

class PosixLoop final : public Loop {
 public:
  static constexpr size_t kMaxTasks = 65'536;
  static constexpr size_t kRecvBytes = 256 << 10;   // one recv per readable socket and turn
  static constexpr size_t kRestBytes = 64 << 10;    // longer rests are received in place, not copied in front

  /// Starts the thread.
  PosixLoop(std::string name, Clock& clock);
  ~PosixLoop() override;

  const std::string& name() const noexcept override { return name_; }
  Clock& clock() noexcept override { return clock_; }
  Net& net() noexcept override;
  bool post(Task task) noexcept override;
  bool here() const noexcept override { return current_ == this; }
  TimerId after(int64_t delay_ms, Task task) override;
  void cancel(TimerId id) noexcept override;
  void at_turn_end(Task hook) override;
  void be_prompt() noexcept override;

  /// Ends the thread and waits for it. Later posts fail, timers and connections are gone. Not on the loop.
  void stop();
  bool stopped() const noexcept { return stopped_.load(std::memory_order_acquire); }

  // For the net of this loop; loop thread only.
  Result<> watch(int fd, uint32_t events, Pollable& p);
  void rewatch(int fd, uint32_t events, Pollable& p) noexcept;
  void unwatch(int fd) noexcept;
  /// Keeps an object that is no longer watched until this turn's events are through.
  void retire(std::unique_ptr<Pollable> p);
  void adopt(std::unique_ptr<PosixConnection> c);
  void mark_dirty(PosixConnection& c) { dirty_.push_back(&c); }     // flush() at the end of the turn
  void mark_waiting(PosixConnection& c) {                           // its rest is to be handed over again
    waiting_.push_back(&c);
    carry_ = true;
  }
  void mark_dead(PosixConnection& c) { dead_.push_back(&c); }       // on_close and delete at the end of the turn
  /// kRestBytes + kRecvBytes of scratch for input.
  std::byte* input() noexcept { return input_.get(); }
  /// Scratch for what a filter makes of the input.
  ByteBuffer& plain() noexcept { return plain_; }
  int64_t turn_ms() const noexcept { return turn_us_ / 1000; }      // mono_ms at the start of this turn

 private:
  void run();
  void turn();
  int wait_ms() noexcept;
  void redeliver();
  bool run_posted();
  void flush_outputs();
  void bury();
  void shut_down();
  void forget(PosixConnection& c);

  static constinit thread_local const PosixLoop* current_;

  const std::string name_;
  Clock& clock_;
  int epoll_ = -1;
  int wake_ = -1;   // eventfd, watched edge-triggered: it never needs to be read

  // Badge: owned by this loop.
  std::unique_ptr<std::byte[]> input_;
  ByteBuffer plain_;
  std::unique_ptr<PosixNet> net_;
  TimerHeap timers_;
  std::vector<Task> hooks_;
  std::vector<Task> tasks_;                           // being run
  std::vector<std::unique_ptr<PosixConnection>> connections_;
  std::vector<PosixConnection*> dirty_, dead_, waiting_, redelivering_;
  std::vector<std::unique_ptr<Pollable>> retired_, burying_;
  int64_t turn_us_ = 0;
  bool carry_ = false;                                // the next turn must not wait: there is work already

  Mutex mu_;
  std::vector<Task> inbox_ GUARDED_BY(mu_);           // badge: guarded
  bool closed_ GUARDED_BY(mu_) = false;               // badge: guarded; nothing more is taken
  std::atomic<bool> pending_{false};                  // badge: published; inbox_ has something
  std::atomic<bool> sleeping_{false};                 // badge: published; the loop waits or is about to
  std::atomic<bool> stopping_{false};                 // badge: published
  std::atomic<bool> stopped_{false};                  // badge: published
  std::thread thread_;
};

}  // namespace mq::env
