#include "msg/properties.h"

namespace mq {

bool PropertyReader::next(std::string_view& name, std::string_view& value) noexcept {
  while (!rest_.empty()) {
    const size_t end = rest_.find('\2');
    const std::string_view pair = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    const size_t split = pair.find('\1');
    if (split == std::string_view::npos || split == 0 || split + 1 == pair.size()) continue;
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

namespace {

/// One code point off the front of malformed or well-formed UTF-8; what is malformed gives U+FFFD, as new String(bytes,
/// UTF_8) does: one for each maximal part that could have begun a character.
char32_t next_code_point(std::string_view& t) noexcept {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(t[i]); };
  const unsigned char lead = at(0);
  size_t more = 0;
  char32_t c = lead;
  unsigned char low = 0x80, high = 0xBF;   // what the second byte may be
  if (lead < 0x80) {
    more = 0;
  } else if (lead >= 0xC2 && lead <= 0xDF) {
    more = 1, c = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    more = 2, c = lead & 0x0F;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    more = 3, c = lead & 0x07;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    t.remove_prefix(1);
    return 0xFFFD;
  }
  size_t i = 1;
  for (; i <= more && i < t.size() && at(i) >= low && at(i) <= high; ++i) {
    c = c << 6 | (at(i) & 0x3F);
    low = 0x80, high = 0xBF;
  }
  t.remove_prefix(i);
  return i == more + 1 ? c : 0xFFFD;
}

}  // namespace

int32_t java_hash(std::string_view utf8) noexcept {
  uint32_t h = 0;
  while (!utf8.empty()) {
    const char32_t c = next_code_point(utf8);
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
