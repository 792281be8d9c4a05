#include "base/numbers.h"

#include <charconv>
#include <cmath>

namespace mq {

std::optional<int64_t> parse_int64(std::string_view t) noexcept {
  if (t.size() > 1 && t[0] == '+' && t[1] != '-') t.remove_prefix(1);
  int64_t v = 0;
  const auto [end, ec] = std::from_chars(t.data(), t.data() + t.size(), v);
  if (ec != std::errc() || end != t.data() + t.size() || t.empty()) return std::nullopt;
  return v;
}

std::optional<double> parse_double(std::string_view t) noexcept {
  if (t.size() > 1 && t[0] == '+' && t[1] != '-') t.remove_prefix(1);
  double v = 0;
  const auto [end, ec] = std::from_chars(t.data(), t.data() + t.size(), v);
  if (ec != std::errc() || end != t.data() + t.size() || t.empty()) return std::nullopt;
  return v;
}

std::string java_double_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  char text[32];
  const auto [end, ec] = std::to_chars(text, text + sizeof text, std::fabs(value), std::chars_format::scientific);
  (void)ec;
  const std::string_view s(text, static_cast<size_t>(end - text));
  const size_t e = s.find('e');
  std::string digits;
  for (char c : s.substr(0, e)) if (c != '.') digits += c;
  int exponent = 0;
  std::string_view number = s.substr(e + 1);
  if (number.starts_with('+')) number.remove_prefix(1);
  std::from_chars(number.data(), number.data() + number.size(), exponent);
  const std::string sign = value < 0 ? "-" : "";
  if (exponent < -3 || exponent >= 7) {
    return sign + digits.substr(0, 1) + "." + (digits.size() > 1 ? digits.substr(1) : "0") + "E" + std::to_string(exponent);
  }
  if (exponent < 0) return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto point = static_cast<size_t>(exponent + 1);
  if (digits.size() < point) digits.resize(point, '0');
  return sign + digits.substr(0, point) + "." + (digits.size() > point ? digits.substr(point) : "0");
}

}  // namespace mq
