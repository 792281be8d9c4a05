// How full the disk may be, in percent, as a broker takes its configuration: within bounds, whatever is written. Source: spec storage 3.7.
#pragma once

#include <algorithm>

namespace mq::store {

template <class T>
constexpr T max_used_space_ratio(T configured) noexcept { return std::clamp<T>(configured, 10, 95); }        // diskMaxUsedSpaceRatio
template <class T>
constexpr T clean_forcibly_ratio(T configured) noexcept { return std::clamp<T>(configured, 30, 85); }        // diskSpaceCleanForciblyRatio
template <class T>
constexpr T warning_level_ratio(T configured) noexcept { return std::clamp<T>(configured, 35, 90); }         // diskSpaceWarningLevelRatio

}  // namespace mq::store
