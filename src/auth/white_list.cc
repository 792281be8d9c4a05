#include "auth/white_list.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/split.h"
#include "base/text.h"

namespace mq::auth {

namespace {

Failure malformed(std::string_view text) { return fail(Errc::kInvalid, "NetAddress examine Exception netAddress is " + std::string(text)); }

constexpr std::string_view kBlanks = " \t";

/// "n-m" or "*" within 0 to `max`.
std::optional<std::pair<uint32_t, uint32_t>> numbers(std::string_view part, uint32_t max, int base) noexcept {
  if (part == "*") return std::pair{0u, max};
  const size_t dash = part.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  uint32_t first = 0, last = 0;
  const std::string_view a = part.substr(0, dash), b = part.substr(dash + 1);
  const auto [a_end, a_error] = std::from_chars(a.data(), a.data() + a.size(), first, base);
  const auto [b_end, b_error] = std::from_chars(b.data(), b.data() + b.size(), last, base);
  const bool read = a_error == std::errc() && b_error == std::errc() && a_end == a.data() + a.size() && b_end == b.data() + b.size();
  return read && first <= last && last <= max ? std::optional(std::pair{first, last}) : std::nullopt;
}

}  // namespace

Result<WhiteAddress::Range> WhiteAddress::parse_range(std::string_view text) {
  Range range;
  if (text.find(':') == std::string_view::npos) {
    const std::vector<std::string_view> parts = split(text, ".");
    if (parts.size() > 4) return malformed(text);
    for (size_t i = 1; i < parts.size(); ++i) {
      const auto limits = numbers(trim(parts[i], kBlanks), 255, 10);
      if (!limits) continue;
      std::string head;
      for (size_t j = 0; j < i; ++j) head.append(trim(parts[j], kBlanks)).append(".");
      for (size_t j = i; j < 4; ++j) head += j == 3 ? "0" : "0.";
      auto host = Host::parse(head, 0);
      if (!host) return malformed(text);
      range = {*host, i, limits->first, limits->second};
      return range;
    }
    return malformed(text);
  }
  // The number is the last group, or the one before a star at the end.
  const size_t last_colon = text.rfind(':');
  const bool starred = text.find('-') != std::string_view::npos && text.ends_with('*');
  const size_t colon = starred ? text.rfind(':', last_colon - 1) : last_colon;
  if (colon == std::string_view::npos || (starred && last_colon == 0)) return malformed(text);
  const std::string_view part = trim(starred ? text.substr(colon + 1, last_colon - colon - 1) : text.substr(colon + 1), kBlanks);
  const auto limits = numbers(part, 0xffff, 16);
  auto host = Host::parse(std::string(text.substr(0, colon)) + (starred ? ":0:0" : ":0"), 0);
  if (!limits || !host || !host->v6()) return malformed(text);
  range = {*host, starred ? size_t{12} : size_t{14}, limits->first, limits->second};
  return range;
}

Result<WhiteAddress> WhiteAddress::parse(std::string_view text) {
  WhiteAddress w;
  text = trim(text, kBlanks);
  if (text.empty()) return w;
  if (text == "*" || text == "*.*.*.*" || text == "*:*:*:*:*:*:*:*") {
    w.everybody_ = true;
    return w;
  }
  std::vector<std::string> one;
  if (text.ends_with('}')) {
    const size_t open = text.rfind('{');
    if (open == std::string_view::npos || open == 0 || (text[open - 1] != '.' && text[open - 1] != ':')) return malformed(text);
    for (const std::string_view last : split(text.substr(open + 1, text.size() - open - 2), ",")) one.push_back(std::string(text.substr(0, open)).append(trim(last, kBlanks)));
  } else if (text.find(',') != std::string_view::npos) {
    for (const std::string_view address : split(text, ",")) one.emplace_back(trim(address, kBlanks));
  } else if (text.find_first_of("*-") != std::string_view::npos) {
    MQ_TRY(Range range, parse_range(text));
    w.ranges_.push_back(range);
    return w;
  } else {
    one.emplace_back(text);
  }
  for (const std::string& address : one) {
    auto host = Host::parse(address, 0);
    if (!host) return malformed(address);
    w.hosts_.push_back(*host);
  }
  return w;
}

bool WhiteAddress::matches(const Host& from) const noexcept {
  if (everybody_) return true;
  const auto same = [&](const Host& h) { return h.len == from.len && h.ip == from.ip; };
  if (std::ranges::any_of(hosts_, same)) return true;
  return std::ranges::any_of(ranges_, [&](const Range& r) {
    if (r.head.len != from.len || !std::equal(r.head.ip.begin(), r.head.ip.begin() + static_cast<std::ptrdiff_t>(r.at), from.ip.begin())) return false;
    const uint32_t number = from.v6() ? load_be<uint16_t>(from.ip.data() + r.at) : static_cast<uint32_t>(from.ip[r.at]);
    return r.first <= number && number <= r.last;
  });
}

}  // namespace mq::auth
