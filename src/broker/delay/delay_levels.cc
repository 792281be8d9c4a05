#include "broker/delay/delay_levels.h"

#include <charconv>

namespace mq::broker {

Result<DelayLevels> DelayLevels::parse(std::string_view text) {
  DelayLevels levels;
  while (!text.empty()) {
    const size_t end = text.find(' ');
    const std::string_view entry = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (entry.empty()) continue;
    int64_t number = 0;
    const auto [stop, ec] = std::from_chars(entry.data(), entry.data() + entry.size() - 1, number);
    int64_t unit = 0;
    switch (entry.back()) {
      case 's': unit = 1000; break;
      case 'm': unit = 60'000; break;
      case 'h': unit = 3'600'000; break;
      case 'd': unit = 86'400'000; break;
      default: break;
    }
    if (ec != std::errc() || stop != entry.data() + entry.size() - 1 || unit == 0 || number < 0) {
      return fail(Errc::kInvalid, "messageDelayLevel: \"" + std::string(entry) + "\" is not a number with one of the units s m h d");
    }
    levels.delays_ms_.push_back(number * unit);
  }
  if (levels.delays_ms_.empty()) return fail(Errc::kInvalid, "messageDelayLevel has no entry");
  return levels;
}

}  // namespace mq::broker
