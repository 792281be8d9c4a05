#include "admin/java_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <ctime>

#include "base/time_text.h"

namespace mq::admin {

namespace {

/// Digits of the shortest decimal form and the place of the point: value = 0.d1d2d3... * 10^exponent.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

Decimal shortest(double value) {
  char text[32];
  const auto [end, ec] = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  (void)ec;
  Decimal d;
  const std::string_view s(text, static_cast<size_t>(end - text));
  const size_t e = s.find('e');
  for (char c : s.substr(0, e)) if (c != '.') d.digits += c;
  int exponent = 0;
  std::string_view number = s.substr(e + 1);
  if (number.starts_with('+')) number.remove_prefix(1);
  std::from_chars(number.data(), number.data() + number.size(), exponent);
  d.exponent = exponent + 1;
  return d;
}

size_t columns(std::string_view s) {
  return static_cast<size_t>(std::count_if(s.begin(), s.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string fixed(double value, int digits) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  const bool negative = std::signbit(value);
  Decimal d = shortest(std::fabs(value));
  std::string whole = d.exponent > 0 ? d.digits.substr(0, static_cast<size_t>(d.exponent)) : "";
  if (d.exponent > 0) whole.resize(static_cast<size_t>(d.exponent), '0');
  std::string rest = d.exponent > 0 ? (d.digits.size() > static_cast<size_t>(d.exponent) ? d.digits.substr(static_cast<size_t>(d.exponent)) : "")
                                    : std::string(static_cast<size_t>(-d.exponent), '0') + d.digits;
  rest.resize(std::max(rest.size(), static_cast<size_t>(digits) + 1), '0');
  const bool up = rest[static_cast<size_t>(digits)] >= '5';
  std::string all = (whole.empty() ? "0" : whole) + rest.substr(0, static_cast<size_t>(digits));
  if (up) {
    size_t i = all.size();
    while (i > 0 && all[i - 1] == '9') all[--i] = '0';
    if (i == 0) all.insert(0, 1, '1');
    else ++all[i - 1];
  }
  if (digits > 0) all.insert(all.size() - static_cast<size_t>(digits), 1, '.');
  return negative ? "-" + all : all;
}

std::string date_seconds(int64_t ms) {
  return time_text(local_time(ms), "%Y-%m-%d %H:%M:%S");
}

std::string date_millis(int64_t ms) { return local_time_text(ms); }

Json in_hash_order(Json value, int32_t levels) {
  if (levels <= 0) return value;
  if (value.is_array()) for (Json& item : value.items()) item = in_hash_order(std::move(item), levels);
  if (!value.is_object()) return value;
  for (auto& [key, member] : value.members()) member = in_hash_order(std::move(member), levels - 1);
  hash_order_by(value.members(), [](const Json::Member& m) { return java_hash(m.first.as_string()); });
  return value;
}

std::string pad(std::string_view text, size_t width) {
  std::string out(text);
  if (const size_t n = columns(text); n < width) out.append(width - n, ' ');
  return out;
}

std::string pad_left(std::string_view text, size_t width) {
  const size_t n = columns(text);
  return n < width ? std::string(width - n, ' ') + std::string(text) : std::string(text);
}

std::string cut(std::string_view text, size_t width) {
  size_t i = 0;
  for (size_t n = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 && n++ == width) break;
  }
  return std::string(text.substr(0, i));
}

Result<int64_t> parse_time(const std::string& text) {
  int64_t ms = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (ec == std::errc() && end == text.data() + text.size()) return ms;
  tm t{};
  int millis = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%d#%d:%d:%d:%d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec, &millis) != 7) {
    return fail(Errc::kInvalid, "\"" + text + "\" is not a time: give milliseconds or yyyy-MM-dd#HH:mm:ss:SSS");
  }
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  t.tm_isdst = -1;
  return static_cast<int64_t>(mktime(&t)) * 1000 + millis;
}

int32_t queue_hash(const wire::MessageQueue& q) noexcept {
  auto h = static_cast<uint32_t>(31 + java_hash(q.brokerName));
  h = 31 * h + static_cast<uint32_t>(q.queueId);
  return static_cast<int32_t>(31 * h + static_cast<uint32_t>(java_hash(q.topic)));
}

std::string queue_text(const wire::MessageQueue& q) {
  return fmt::format("MessageQueue [topic={}, brokerName={}, queueId={}]", q.topic, q.brokerName, q.queueId);
}

}  // namespace mq::admin
