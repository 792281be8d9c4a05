#include "broker/admin/meters.h"

#include <ctime>

#include "base/numbers.h"
#include "base/time_text.h"

namespace mq::broker {

namespace {

constexpr size_t kKept = 601;

int64_t local_day(int64_t ms) {
  const std::tm t = local_time(ms);
  return (t.tm_year + 1900LL) * 400 + t.tm_yday;
}

}  // namespace

void StoreMeters::sample(const store::StoreStats& s, int64_t now_ms) {
  MutexLock lock(mu_);
  samples_.push_back({now_ms, s.put_total, s.get_found, s.get_miss, s.get_transferred});
  if (samples_.size() > kKept) samples_.pop_front();
  const int64_t today = local_day(now_ms);
  if (today != day_number_) {
    if (day_number_ >= 0) {
      day_.put_yesterday = day_.put_today;
      day_.get_yesterday = day_.get_today;
      day_.put_today = s.put_total;
      day_.get_today = s.get_transferred;
    }
    day_number_ = today;
  }
}

int64_t StoreMeters::value(const Sample& s, What what) noexcept {
  switch (what) {
    case What::kPut: return s.put;
    case What::kGetFound: return s.found;
    case What::kGetMiss: return s.miss;
    case What::kGetTotal: return s.found + s.miss;
    case What::kGetTransferred: return s.transferred;
  }
  return 0;
}

double StoreMeters::rate(What what, size_t seconds) const {
  if (samples_.size() < 2) return 0;
  const Sample& last = samples_.back();
  const Sample& first = samples_[samples_.size() > seconds ? samples_.size() - 1 - seconds : 0];
  const int64_t ms = last.at_ms - first.at_ms;
  return ms > 0 ? static_cast<double>(value(last, what) - value(first, what)) * 1000.0 / static_cast<double>(ms) : 0;
}

std::string StoreMeters::rates(What what) const {
  MutexLock lock(mu_);
  return java_double_text(rate(what, 10)) + " " + java_double_text(rate(what, 60)) + " " + java_double_text(rate(what, 600));
}

double StoreMeters::rate_over(What what, size_t seconds) const {
  MutexLock lock(mu_);
  return rate(what, seconds);
}

StoreMeters::Day StoreMeters::day() const {
  MutexLock lock(mu_);
  return day_;
}

}  // namespace mq::broker
