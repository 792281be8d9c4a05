// The real world: system clocks, getrandom, the file system and loops on threads.
#include <sys/random.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <ctime>
#include <mutex>

#include "env/posix_file_system.h"
#include "env/posix_loop.h"

namespace mq::env {
namespace {

class PosixClock final : public Clock {
 public:
  int64_t now_ms() noexcept override { return read_us(CLOCK_REALTIME) / 1000; }
  int64_t mono_us() noexcept override { return read_us(CLOCK_MONOTONIC); }

 private:
  static int64_t read_us(clockid_t id) noexcept {
    timespec t;
    ::clock_gettime(id, &t);
    return t.tv_sec * 1'000'000LL + t.tv_nsec / 1000;
  }
};

/// SplitMix64 over a shared counter with a start from the system: good enough for spreading load, not for secrets.
class PosixRng final : public Rng {
 public:
  PosixRng() noexcept {
    uint64_t seed = 0;
    if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) {
      seed = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    }
    state_.store(seed, std::memory_order_relaxed);
  }
  uint64_t next() noexcept override {
    constexpr uint64_t kStep = 0x9e3779b97f4a7c15;
    uint64_t z = state_.fetch_add(kStep, std::memory_order_relaxed) + kStep;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  std::atomic<uint64_t> state_{0};   // badge: published
};

/// A broker with many clients and files needs more descriptors than the usual soft limit of 1024.
void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

class PosixEnv final : public Env {
 public:
  PosixEnv() : fs_(make_posix_file_system()) {
    std::signal(SIGPIPE, SIG_IGN);   // our sends say MSG_NOSIGNAL; this covers pipes and libraries
    raise_descriptor_limit();
  }
  ~PosixEnv() override {
    for (auto& loop : loops_) loop->stop();   // all before any is destroyed: they may post to each other to the end
  }

  Clock& clock() noexcept override { return clock_; }
  Rng& rng() noexcept override { return rng_; }
  FileSystem& fs() noexcept override { return *fs_; }

  Loop& start_loop(const std::string& name) override {
    std::lock_guard lock(mu_);
    loops_.push_back(std::make_unique<PosixLoop>(name, clock_));
    return *loops_.back();
  }
  void stop_loop(Loop& loop) override { static_cast<PosixLoop&>(loop).stop(); }

  void run_on(Loop& loop, Task task) override {
    if (loop.here() || static_cast<PosixLoop&>(loop).stopped()) return task();
    std::mutex mu;
    std::condition_variable ran;
    bool done = false;
    const auto job = [&] {
      task();
      std::lock_guard lock(mu);
      done = true;
      ran.notify_one();   // under the lock: the waiter destroys `ran` as soon as it may
    };
    while (!loop.post(job)) {
      if (static_cast<PosixLoop&>(loop).stopped()) return task();
      timespec pause{0, 1'000'000};
      ::nanosleep(&pause, nullptr);   // its queue is full
    }
    std::unique_lock lock(mu);
    ran.wait(lock, [&] { return done; });
  }

 private:
  PosixClock clock_;
  PosixRng rng_;
  std::unique_ptr<FileSystem> fs_;
  std::mutex mu_;
  std::vector<std::unique_ptr<PosixLoop>> loops_;   // badge: guarded by mu_; stopped ones stay, so that posts to them fail
};

}  // namespace

std::unique_ptr<Env> make_posix_env() { return std::make_unique<PosixEnv>(); }

}  // namespace mq::env
