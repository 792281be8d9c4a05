// Times as text and broken into fields, local and UTC. Times are milliseconds since the epoch.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

namespace mq {

std::tm local_time(int64_t ms);
std::tm utc_time(int64_t ms);
/// `format` as of strftime; its result is at most 63 characters.
std::string time_text(const std::tm& fields, const char* format);
/// The part of a time below its second, 0..999.
int64_t millis_of(int64_t ms) noexcept;
/// "yyyy-MM-dd HH:mm:ss,SSS" in local time, as Java's timeMillisToHumanString2 and its logs.
std::string local_time_text(int64_t ms);

}  // namespace mq
