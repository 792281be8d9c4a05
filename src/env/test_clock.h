// For tests: a clock that stands until it is told.
#pragma once

#include "env/clock.h"

namespace mq::env {

struct HandClock final : Clock {
  explicit HandClock(int64_t start_ms = 0) : us(start_ms * 1000) {}
  int64_t now_ms() noexcept override { return us / 1000; }
  int64_t mono_us() noexcept override { return us; }
  void pass_ms(int64_t ms) noexcept { us += ms * 1000; }

  int64_t us;
};

}  // namespace mq::env
