#include "broker/core/uniq_key.h"

#include <ctime>
#include <tuple>
#include <utility>

#include "base/time_text.h"

namespace mq::broker {

namespace {

void put_hex(char* to, uint64_t value, size_t digits) noexcept {
  for (size_t i = digits; i-- > 0; value >>= 4) to[i] = "0123456789ABCDEF"[value & 15];
}

/// The first millisecond of the local month that holds `now_ms`, and of the next one.
std::pair<int64_t, int64_t> month_of(int64_t now_ms) {
  std::tm t = local_time(now_ms);
  t.tm_mday = 1;
  t.tm_hour = t.tm_min = t.tm_sec = 0;
  t.tm_isdst = -1;
  std::tm next = t;
  next.tm_mon += 1;
  return {static_cast<int64_t>(mktime(&t)) * 1000, static_cast<int64_t>(mktime(&next)) * 1000};
}

}  // namespace

UniqKeyMaker::UniqKeyMaker(const Host& host, int32_t pid, env::Clock& clock, env::Rng& rng) : clock_(clock) {
  for (std::byte b : host.ip_bytes()) {
    put_hex(text_.data() + prefix_, static_cast<uint64_t>(b), 2);
    prefix_ += 2;
  }
  put_hex(text_.data() + prefix_, static_cast<uint16_t>(pid), 4);
  put_hex(text_.data() + prefix_ + 4, rng.next() & 0xFFFFFFFF, 8);
  prefix_ += 12;
}

std::string_view UniqKeyMaker::next() noexcept {
  const int64_t now = clock_.now_ms();
  if (now < month_start_ms_ || now >= month_end_ms_) std::tie(month_start_ms_, month_end_ms_) = month_of(now);
  put_hex(text_.data() + prefix_, static_cast<uint64_t>(now - month_start_ms_), 8);
  put_hex(text_.data() + prefix_ + 8, ++counter_, 4);
  return {text_.data(), prefix_ + 12};
}

}  // namespace mq::broker
