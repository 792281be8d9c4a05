// Rates over the last 10, 60 and 600 seconds, and counters at midnight, from samples of the store's totals. Source: spec
// mqadmin 9, protocol 6.5.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/badges.h"
#include "store/store.h"

namespace mq::broker {

/// Sampled once a second by ctl, read by any loop.
class StoreMeters {
 public:
  void sample(const store::StoreStats& stats, int64_t now_ms);

  /// "t10 t60 t600" as Java prints doubles.
  enum class What : uint8_t { kPut, kGetFound, kGetMiss, kGetTotal, kGetTransferred };
  std::string rates(What what) const;
  /// One of them: events a second over the last so many seconds.
  double rate_over(What what, size_t seconds) const;

  struct Day { int64_t put_yesterday = 0, put_today = 0, get_yesterday = 0, get_today = 0; };   // totals at the two midnights
  Day day() const;

 private:
  struct Sample {
    int64_t at_ms = 0;
    int64_t put = 0, found = 0, miss = 0, transferred = 0;
  };
  static int64_t value(const Sample& s, What what) noexcept;
  double rate(What what, size_t seconds) const REQUIRES(mu_);

  mutable Mutex mu_;
  std::deque<Sample> samples_ GUARDED_BY(mu_);   // at most 601, newest last
  Day day_ GUARDED_BY(mu_);
  int64_t day_number_ GUARDED_BY(mu_) = -1;
};

}  // namespace mq::broker
