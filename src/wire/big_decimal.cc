#include <algorithm>
#include <charconv>

#include "wire/codec_internal.h"

namespace mq::wire::internal {

void append_big_decimal(std::string& out, std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int64_t scale = 0;
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    int32_t exponent = 0;
    std::string_view x = text.substr(e + 1);
    if (x.starts_with('+')) x.remove_prefix(1);
    std::from_chars(x.data(), x.data() + x.size(), exponent);
    scale = -int64_t{exponent};
    text = text.substr(0, e);
  }
  std::string digits;
  if (const size_t point = text.find('.'); point != std::string_view::npos) {
    digits.append(text.substr(0, point)).append(text.substr(point + 1));
    scale += static_cast<int64_t>(text.size() - point - 1);
  } else {
    digits = text;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  const bool zero = digits.empty();
  if (zero) digits = "0";
  if (negative && !zero) out += '-';
  const auto n = static_cast<int64_t>(digits.size());
  const int64_t exponent = n - 1 - scale;
  if (scale >= 0 && exponent >= -6) {
    if (scale == 0) {
      out += digits;
    } else if (n > scale) {
      out.append(digits, 0, static_cast<size_t>(n - scale)).append(".").append(digits, static_cast<size_t>(n - scale));
    } else {
      out.append("0.").append(static_cast<size_t>(scale - n), '0').append(digits);
    }
    return;
  }
  out += digits[0];
  if (n > 1) out.append(".").append(digits, 1);
  if (exponent != 0) out.append(exponent > 0 ? "E+" : "E").append(std::to_string(exponent));
}

}  // namespace mq::wire::internal
