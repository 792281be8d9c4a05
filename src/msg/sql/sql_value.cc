#include "msg/sql/sql_value.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace mq::sql {

namespace {

template <class T>
std::optional<T> java_integer(std::string_view t) {
  if (t.size() > 1 && t[0] == '+' && t[1] != '-') t.remove_prefix(1);
  T v{};
  const auto [end, ec] = std::from_chars(t.data(), t.data() + t.size(), v);
  if (ec != std::errc() || end != t.data() + t.size()) return std::nullopt;
  return v;
}

template <class T>
int order(const T& a, const T& b) { return a < b ? -1 : b < a ? 1 : 0; }

/// Double.compareTo: NaN is above everything and equal to itself, -0.0 below 0.0.
int order(double a, double b) {
  if (a < b) return -1;
  if (a > b) return 1;
  if (std::isnan(a) || std::isnan(b)) return order(std::isnan(a), std::isnan(b));
  return order(std::signbit(b), std::signbit(a));
}

bool java_bool(std::string_view t) {
  if (t.size() != 4) return false;
  for (size_t i = 0; i < 4; ++i) if ((t[i] | 0x20) != "true"[i]) return false;
  return true;
}

/// `text` as the class of `other`, then in the order text, other.
std::optional<int> compare_text(std::string_view text, const Value& other) {
  if (const auto* b = std::get_if<bool>(&other)) return order(java_bool(text), *b);
  if (const auto* i = std::get_if<int32_t>(&other)) {
    const auto v = java_integer<int32_t>(text);
    return v ? std::optional(order(*v, *i)) : std::nullopt;
  }
  if (const auto* l = std::get_if<int64_t>(&other)) {
    const auto v = java_integer<int64_t>(text);
    return v ? std::optional(order(*v, *l)) : std::nullopt;
  }
  if (const auto* d = std::get_if<double>(&other)) {
    const auto v = java_double(text);
    return v ? std::optional(order(*v, *d)) : std::nullopt;
  }
  return order(text, std::get<std::string_view>(other));
}

std::optional<double> as_double(const Value& v) {
  if (const auto* i = std::get_if<int32_t>(&v)) return *i;
  if (const auto* l = std::get_if<int64_t>(&v)) return static_cast<double>(*l);
  if (const auto* d = std::get_if<double>(&v)) return *d;
  return std::nullopt;
}

std::optional<int64_t> as_long(const Value& v) {
  if (const auto* i = std::get_if<int32_t>(&v)) return *i;
  if (const auto* l = std::get_if<int64_t>(&v)) return *l;
  return std::nullopt;
}

}  // namespace

std::optional<double> java_double(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits == "NaN") return std::nan("");
  if (digits == "Infinity") return negative ? -HUGE_VAL : HUGE_VAL;
  if (digits.starts_with("0x") || digits.starts_with("0X")) return std::nullopt;   // hexadecimal floats are not used
  if (!digits.empty() && std::string_view("dDfF").find(digits.back()) != std::string_view::npos) digits.remove_suffix(1);
  if (digits.empty() || !(digits[0] == '.' || (digits[0] >= '0' && digits[0] <= '9'))) return std::nullopt;
  double v = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), v);
  if (end != digits.data() + digits.size() || ec == std::errc::invalid_argument) return std::nullopt;
  if (ec == std::errc::result_out_of_range) v = std::strtod(std::string(digits).c_str(), nullptr);   // 0 or infinity
  return negative ? -v : v;
}

std::optional<int> compare(const Value& l, const Value& r) {
  const auto* lt = std::get_if<std::string_view>(&l);
  const auto* rt = std::get_if<std::string_view>(&r);
  if (lt) return compare_text(*lt, r);
  if (rt) {
    const auto c = compare_text(*rt, l);
    return c ? std::optional(-*c) : std::nullopt;
  }
  if (l.index() == 1 || r.index() == 1) {
    if (l.index() == r.index()) return order(std::get<bool>(l), std::get<bool>(r));
    return -1;
  }
  if (std::holds_alternative<double>(l) || std::holds_alternative<double>(r)) return order(*as_double(l), *as_double(r));
  return order(*as_long(l), *as_long(r));
}

std::optional<int> compare_ordered(const Value& l, const Value& r) {
  const auto* lt = std::get_if<std::string_view>(&l);
  const auto* rt = std::get_if<std::string_view>(&r);
  if (!lt || !rt) return compare(l, r);
  const auto a = java_double(*lt), b = java_double(*rt);
  if (!a || !b) return std::nullopt;
  return order(*a, *b);
}

}  // namespace mq::sql
