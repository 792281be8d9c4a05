#include "ops/pulse.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace mq::ops {

bool loops_respond(std::span<env::Loop* const> loops, int64_t timeout_ms) {
  struct Count {
    std::mutex mu;
    std::condition_variable all;
    size_t missing;   // badge: guarded by mu
  };
  const auto count = std::make_shared<Count>();   // a late loop must not find it gone
  count->missing = loops.size();
  for (env::Loop* loop : loops) {
    const bool posted = loop->post([count] {
      const std::lock_guard lock(count->mu);
      if (--count->missing == 0) count->all.notify_one();
    });
    if (!posted) return false;
  }
  std::unique_lock lock(count->mu);
  return count->all.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return count->missing == 0; });
}

}  // namespace mq::ops
