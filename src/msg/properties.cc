#include "msg/properties.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/utf8.h"

namespace mq {

bool PropertyReader::next(std::string_view& name, std::string_view& value) noexcept {
  while (!rest_.empty()) {
    size_t split = 0;   // names are short: looking at each character is quicker than a call
    while (split < rest_.size() && rest_[split] != '\1' && rest_[split] != '\2') ++split;
    const size_t end = std::min(rest_.find('\2', split), rest_.size());
    const std::string_view pair = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (split == 0 || split + 1 >= pair.size()) continue;
    name = pair.substr(0, split);
    value = pair.substr(split + 1);
    return true;
  }
  return false;
}

std::string_view find_property(std::string_view properties, std::string_view name) noexcept {
  std::string_view found, n, v;
  for (PropertyReader reader(properties); reader.next(n, v);) {
    if (n == name) found = v;   // a later pair of the same name wins
  }
  return found;
}

void append_property(ByteBuffer& out, size_t start, std::string_view name, std::string_view value) {
  if (out.size() > start && out.data()[out.size() - 1] != std::byte{2}) out.push('\2');
  out.append(name);
  out.push('\1');
  out.append(value);
  out.push('\2');
}

std::string without_property(std::string_view properties, std::string_view name) {
  std::string kept;
  kept.reserve(properties.size());
  while (!properties.empty()) {
    const size_t end = properties.find('\2');
    const size_t size = end == std::string_view::npos ? properties.size() : end + 1;
    const std::string_view pair = properties.substr(0, size);
    // Whatever is not a pair of that name stays byte for byte.
    if (!(pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '\1')) kept.append(pair);
    properties.remove_prefix(size);
  }
  return kept;
}

std::string with_property(std::string_view properties, std::string_view name, std::string_view value) {
  std::string out = without_property(properties, name);
  if (!out.empty() && out.back() != '\x02') out += '\x02';
  return out.append(name).append(1, '\x01').append(value).append(1, '\x02');
}

namespace {

/// 31^8, 31^7, ... 31^0.
constexpr std::array<uint32_t, 9> kPowers = [] {
  std::array<uint32_t, 9> p{};
  p[8] = 1;
  for (size_t i = 8; i-- > 0;) p[i] = p[i + 1] * 31;
  return p;
}();

}  // namespace

int32_t java_hash(std::string_view utf8, int32_t before) noexcept {
  auto h = static_cast<uint32_t>(before);
  // Eight characters at once: one multiplication waits for the step before instead of eight.
  while (utf8.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, utf8.data(), 8);
    if (word & 0x8080808080808080) break;
    const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(utf8[i])) * kPowers[i + 1]; };
    h = h * kPowers[0] + ((at(0) + at(1)) + (at(2) + at(3))) + ((at(4) + at(5)) + (at(6) + at(7)));
    utf8.remove_prefix(8);
  }
  size_t bad = 0;
  while (!utf8.empty()) {
    if (const auto ascii = static_cast<unsigned char>(utf8.front()); ascii < 0x80) [[likely]] {
      h = h * 31 + ascii;
      utf8.remove_prefix(1);
      continue;
    }
    const char32_t c = next_code_point(utf8, bad);
    if (c < 0x10000) {
      h = h * 31 + c;
    } else {
      h = h * 31 + (0xD800 + ((c - 0x10000) >> 10));
      h = h * 31 + (0xDC00 + ((c - 0x10000) & 0x3FF));
    }
  }
  return static_cast<int32_t>(h);
}

}  // namespace mq
