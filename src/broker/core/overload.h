// What a broker says that has too much to do. Clients and operators look for these words. Source: spec semantics 21.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace mq::broker {

/// Something that must not grow is full.
inline constexpr std::string_view kOverloadRemark = "[OVERLOAD]system busy, start flow control for a while";

/// A request waited too long; `stuck`: for a write that has not come back.
inline std::string waited_too_long(bool stuck, int64_t waited_ms, size_t waiting) {
  return fmt::format("[{}]broker busy, start flow control for a while, period in queue: {}ms, size of queue: {}",
                     stuck ? "PCBUSY_CLEAN_QUEUE" : "TIMEOUT_CLEAN_QUEUE", waited_ms, waiting);
}

}  // namespace mq::broker
