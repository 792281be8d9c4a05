// Small questions about text, asked the same way everywhere.
#pragma once

#include <algorithm>
#include <string_view>

namespace mq {

/// Nothing but white space within a line or at its end.
inline bool is_blank(std::string_view text) noexcept { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// Without the blanks at both ends.
inline std::string_view trim(std::string_view text, std::string_view blanks = " ") noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// The same but for the case of ASCII letters.
inline bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

}  // namespace mq
