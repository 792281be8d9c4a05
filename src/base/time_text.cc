#include "base/time_text.h"

#include <fmt/format.h>

namespace mq {
namespace {

time_t seconds_of(int64_t ms) noexcept { return (ms - millis_of(ms)) / 1000; }

}  // namespace

int64_t millis_of(int64_t ms) noexcept { return (ms % 1000 + 1000) % 1000; }

std::tm local_time(int64_t ms) {
  const time_t seconds = seconds_of(ms);
  std::tm fields{};
  localtime_r(&seconds, &fields);
  return fields;
}

std::tm utc_time(int64_t ms) {
  const time_t seconds = seconds_of(ms);
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  return fields;
}

std::string time_text(const std::tm& fields, const char* format) {
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &fields)};
}

std::string local_time_text(int64_t ms) { return fmt::format("{},{:03}", time_text(local_time(ms), "%Y-%m-%d %H:%M:%S"), millis_of(ms)); }

}  // namespace mq
