// WriteGate: whether the store takes records, and if not, why, in words for the refusal.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "base/badges.h"

namespace mq::store {

enum class Closed : uint32_t {
  kNotRunning = 1,      // before start() and from stop() on
  kDiskFull = 2,        // above diskSpaceWarningLevelRatio
  kSyncFailed = 4,      // an fsync failed: what is on disk is unknown; until restart
  kLogWriteFailed = 8,  // a record could not be written; tried again every second
  kQueueWriteFailed = 16,  // ConsumeQueue entries pile up in memory because their files cannot be written
};

/// Any thread. Several reasons may hold at once; each is opened by who closed it.
class WriteGate {
 public:
  WriteGate() { close(Closed::kNotRunning, "the store is not running"); }

  bool open() const noexcept { return closed_.load(std::memory_order_acquire) == 0; }
  bool is_closed_by(Closed why) const noexcept { return closed_.load(std::memory_order_acquire) & static_cast<uint32_t>(why); }
  /// Returns true when that reason is new.
  bool close(Closed why, std::string reason) {
    MutexLock lock(mu_);
    reasons_[why] = std::move(reason);
    return !(closed_.fetch_or(static_cast<uint32_t>(why), std::memory_order_acq_rel) & static_cast<uint32_t>(why));
  }
  /// Returns true when the reason held.
  bool reopen(Closed why) {
    MutexLock lock(mu_);
    reasons_.erase(why);
    return closed_.fetch_and(~static_cast<uint32_t>(why), std::memory_order_acq_rel) & static_cast<uint32_t>(why);
  }
  /// Empty when open.
  std::string reason() const {
    MutexLock lock(mu_);
    std::string text;
    for (const auto& [why, reason] : reasons_) text += (text.empty() ? "" : "; ") + reason;
    return text;
  }

 private:
  std::atomic<uint32_t> closed_{0};                          // badge: published
  mutable Mutex mu_;
  std::map<Closed, std::string> reasons_ GUARDED_BY(mu_);    // badge: guarded
};

}  // namespace mq::store
