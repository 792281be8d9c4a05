// StringHash: tables by name that are asked with a string_view.
#pragma once

#include <functional>
#include <string_view>

namespace mq {

/// For std::unordered_map<std::string, V, StringHash, std::equal_to<>>. Not noexcept on purpose: libstdc++ then keeps each
/// name's hash beside it, and a look-up need not hash the names it passes in a bucket (a tenth of an io loop's time with
/// 10,000 topics).
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};

}  // namespace mq
