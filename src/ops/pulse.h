// Whether loops still turn.
#pragma once

#include <cstdint>
#include <span>

#include "env/loop.h"

namespace mq::ops {

/// Posts to each loop and waits until all have run it. False after `timeout_ms`, or when a loop's queue is full. Not from one of them.
bool loops_respond(std::span<env::Loop* const> loops, int64_t timeout_ms);

}  // namespace mq::ops
