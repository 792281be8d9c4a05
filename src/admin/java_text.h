// Numbers, dates and maps as Java prints them. Source: spec mqadmin 1.8, 1.9.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "msg/properties.h"

namespace mq::admin {

/// %.Nf as Java rounds it: the shortest decimal form, half up (0.125 -> "0.13").
std::string fixed(double value, int digits);
/// Double.toString: "0.0", "11.98", "1.0E-5".
std::string java_double(double value);
/// "yyyy-MM-dd HH:mm:ss" in the local zone.
std::string date_seconds(int64_t ms);
/// "yyyy-MM-dd HH:mm:ss,SSS" in the local zone.
std::string date_millis(int64_t ms);

/// Left-aligned in `width` columns, never cut. Columns count UTF-8 characters.
std::string pad(std::string_view text, size_t width);
std::string pad_left(std::string_view text, size_t width);
/// The first `width` characters.
std::string cut(std::string_view text, size_t width);

/// Sorts as a java.util.HashMap or HashSet iterates: by bucket of the spread hash, inside a bucket in the order given.
/// `hash` gives an item's Java hashCode.
template <class T, class Hash>
void hash_order_by(std::vector<T>& items, Hash hash) {
  size_t capacity = 16;
  while (static_cast<double>(items.size()) > 0.75 * static_cast<double>(capacity)) capacity *= 2;
  auto bucket = [&](const T& t) {
    const auto h = static_cast<uint32_t>(hash(t));
    return (h ^ (h >> 16)) & (capacity - 1);
  };
  std::stable_sort(items.begin(), items.end(), [&](const T& a, const T& b) { return bucket(a) < bucket(b); });
}
template <class T, class Key>
void hash_order(std::vector<T>& items, Key key) {
  hash_order_by(items, [&](const T& t) { return java_hash(key(t)); });
}

}  // namespace mq::admin
