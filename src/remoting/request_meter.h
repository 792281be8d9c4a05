// How many requests of each code a loop has handled, and how long they took: from the first request of the loop's turn to the
// turn's end, when its answers leave. Two clock readings a turn, plain counters for each request. Held pulls and answers that
// wait for the disk count with their first handling only.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "base/counter.h"
#include "env/clock.h"

namespace mq::remoting {

/// Badge: written by its loop, read by any thread.
class RequestMeter {
 public:
  static constexpr std::array<double, 9> kBoundsMs{1, 3, 5, 7, 10, 100, 1000, 2000, 3000};   // RocketMQ's rpc_latency
  static constexpr size_t kCodes = 512;   // larger and negative codes share the last place

  struct Row {
    std::array<int64_t, kBoundsMs.size() + 1> counts{};
    int64_t sum_us = 0;
    void add(const Row& other) noexcept;
    int64_t total() const noexcept;
  };

  void note(int32_t code, env::Clock& clock) noexcept {
    const size_t at = code >= 0 && static_cast<size_t>(code) < kCodes ? static_cast<size_t>(code) : kCodes;
    if (in_turn_[at]++ == 0) [[unlikely]] first_of_turn(at, clock);
  }
  void end_turn(env::Clock& clock) noexcept;
  /// Of the code, or of all others for kCodes.
  Row row(size_t code) const noexcept;

 private:
  struct Cell {
    std::array<Counter, kBoundsMs.size() + 1> counts;
    Counter sum_us;
  };
  void first_of_turn(size_t at, env::Clock& clock) noexcept;

  std::array<uint32_t, kCodes + 1> in_turn_{};
  std::vector<size_t> touched_;
  int64_t started_us_ = 0;
  std::array<Cell, kCodes + 1> cells_{};
};

}  // namespace mq::remoting
