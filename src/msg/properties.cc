#include "msg/properties.h"

#include "msg/utf8.h"

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

int32_t java_hash(std::string_view utf8) noexcept {
  uint32_t h = 0;
  size_t bad = 0;
  while (!utf8.empty()) {
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
