// Base64 with padding, as RFC 4648 and fastjson's byte arrays.
#pragma once

#include <string>

#include "base/bytes.h"

namespace mq::wire {

std::string base64(ByteView bytes);

}  // namespace mq::wire
