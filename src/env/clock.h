// Time and randomness, the first two things that come in through env.
#pragma once

#include <cstdint>

namespace mq::env {

class Clock {
 public:
  virtual ~Clock() = default;
  /// ms since the epoch; may jump when the system's clock is set. Any thread.
  virtual int64_t now_ms() noexcept = 0;
  /// µs of a clock that never goes back; for durations. Any thread.
  virtual int64_t mono_us() noexcept = 0;
  int64_t mono_ms() noexcept { return mono_us() / 1000; }
};

class Rng {
 public:
  virtual ~Rng() = default;
  /// 64 random bits. Any thread.
  virtual uint64_t next() noexcept = 0;
  /// A number in [0, bound).
  uint64_t below(uint64_t bound) noexcept { return bound ? next() % bound : 0; }
};

}  // namespace mq::env
