#include "remoting/request_meter.h"

#include <algorithm>

namespace mq::remoting {

void RequestMeter::Row::add(const Row& other) noexcept {
  for (size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum_us += other.sum_us;
}

int64_t RequestMeter::Row::total() const noexcept {
  int64_t n = 0;
  for (const int64_t c : counts) n += c;
  return n;
}

void RequestMeter::first_of_turn(size_t at, env::Clock& clock) noexcept {
  if (touched_.empty()) started_us_ = clock.mono_us();
  touched_.push_back(at);
}

void RequestMeter::end_turn(env::Clock& clock) noexcept {
  if (touched_.empty()) return;
  const int64_t us = clock.mono_us() - started_us_;
  const size_t bucket = static_cast<size_t>(std::ranges::lower_bound(kBoundsMs, static_cast<double>(us) / 1000) - kBoundsMs.begin());
  for (const size_t at : touched_) {
    const int64_t n = in_turn_[at];
    in_turn_[at] = 0;
    cells_[at].counts[bucket].add(n);
    cells_[at].sum_us.add(n * us);
  }
  touched_.clear();
}

RequestMeter::Row RequestMeter::row(size_t code) const noexcept {
  Row r;
  const Cell& c = cells_[std::min(code, kCodes)];
  for (size_t i = 0; i < r.counts.size(); ++i) r.counts[i] = c.counts[i].value();
  r.sum_us = c.sum_us.value();
  return r;
}

}  // namespace mq::remoting
