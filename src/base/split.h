// Text cut at separators.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace mq {

/// The pieces between any of the `separators`, empty ones too but for one at the very end. They are views into `text`.
inline std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(separators), text.size());
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return pieces;
}

}  // namespace mq
