// Numbers, dates and maps as Java prints them. Source: spec mqadmin 1.8, 1.9.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "msg/hash_order.h"
#include "wire/bodies/stats.h"

namespace mq::admin {

/// %.Nf as Java rounds it: the shortest decimal form, half up (0.125 -> "0.13").
std::string fixed(double value, int digits);
/// "yyyy-MM-dd HH:mm:ss" in the local zone.
std::string date_seconds(int64_t ms);
/// "yyyy-MM-dd HH:mm:ss,SSS" in the local zone.
std::string date_millis(int64_t ms);

/// A decimal number of ms or yyyy-MM-dd#HH:mm:ss:SSS in the local zone. Errors: kInvalid.
Result<int64_t> parse_time(const std::string& text);

/// MessageQueue.hashCode().
int32_t queue_hash(const wire::MessageQueue& q) noexcept;
/// MessageQueue.toString().
std::string queue_text(const wire::MessageQueue& q);

/// Members of the value and of the objects in it, `levels` deep, in the order of Java's HashMap, in which a JSONObject prints them.
Json in_hash_order(Json value, int32_t levels = 100);

/// Left-aligned in `width` columns, never cut. Columns count UTF-8 characters.
std::string pad(std::string_view text, size_t width);
std::string pad_left(std::string_view text, size_t width);
/// The first `width` characters.
std::string cut(std::string_view text, size_t width);

}  // namespace mq::admin
