// Numbers from and to text, by Java's rules where they differ from C's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mq {

/// Long.parseLong: an optional sign, digits, nothing else; no overflow.
std::optional<int64_t> parse_int64(std::string_view text) noexcept;
/// A decimal floating-point number without blanks around it.
std::optional<double> parse_double(std::string_view text) noexcept;
/// Double.toString: "0.0", "11.98", "1.0E-5", "1.0E7", "NaN".
std::string java_double_text(double value);

}  // namespace mq
