// A counter that one thread counts and any thread reads: a plain load, add and store for the writer.
#pragma once

#include <atomic>
#include <cstdint>

namespace mq {

/// Badge: published. add() from its one writer only.
class Counter {
 public:
  void add(int64_t n = 1) noexcept { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

}  // namespace mq
