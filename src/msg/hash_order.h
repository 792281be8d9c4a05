// The order of Java's hash maps, which its answers and texts show.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "msg/properties.h"

namespace mq {

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

}  // namespace mq
