// UNIQ_KEY for messages whose producer sent none: the layout of Java's MessageClientIDSetter (spec protocol 11.6).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "env/clock.h"
#include "msg/host.h"

namespace mq::broker {

/// 32 (IPv4) or 56 (IPv6) upper-case hex characters: IP, pid, a random word in place of Java's class loader hash, ms since
/// the start of the month, a counter. Owned by one io loop, so the random word differs between loops.
class UniqKeyMaker {
 public:
  UniqKeyMaker(const Host& host, int32_t pid, env::Clock& clock, env::Rng& rng);
  /// The view is valid until the next call.
  std::string_view next() noexcept;

 private:
  env::Clock& clock_;
  std::array<char, 56> text_{};
  size_t prefix_ = 0;        // characters of IP, pid and word
  uint16_t counter_ = 0;
  int64_t month_start_ms_ = 0;
  int64_t month_end_ms_ = 0;
};

}  // namespace mq::broker
