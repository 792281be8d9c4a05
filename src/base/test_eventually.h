// For tests of what other threads do.
#pragma once

#include <chrono>
#include <thread>

namespace mq {

/// Whether `condition` holds within that time, as far as a busy machine lets it be asked.
template <class Condition>
bool eventually(Condition condition, int limit_ms = 10'000) {
  for (int i = 0; i < limit_ms; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return condition();
}

}  // namespace mq
