// How much memory this process may count on: the machine's, or its control group's limit when that is smaller.
#pragma once

#include <cstdint>

namespace mq::store {

int64_t memory_size() noexcept;

}  // namespace mq::store
