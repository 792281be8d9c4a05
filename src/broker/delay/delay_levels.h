// The table of delay levels: messageDelayLevel as text, level -> ms. Source: spec semantics 6, storage 3.10.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mq::broker {

class DelayLevels {
 public:
  /// "1s 5s 10s": blank-separated, units s m h d; level 1 is the first. Errors: kInvalid naming the entry.
  static Result<DelayLevels> parse(std::string_view text);

  int32_t max() const noexcept { return static_cast<int32_t>(delays_ms_.size()); }
  /// Levels above the highest count as the highest.
  int32_t clamp(int32_t level) const noexcept { return level > max() ? max() : level; }
  /// A level that is not in the table counts 1000 ms.
  int64_t delay_ms(int32_t level) const noexcept {
    return level >= 1 && level <= max() ? delays_ms_[static_cast<size_t>(level - 1)] : 1000;
  }

 private:
  std::vector<int64_t> delays_ms_;
};

}  // namespace mq::broker
