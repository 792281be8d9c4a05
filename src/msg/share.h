// How queues are shared out among the clients of a group: Java's AllocateMessageQueueAveragely.
#pragma once

#include <algorithm>
#include <cstddef>

namespace mq {

struct Share {
  size_t from = 0, count = 0;
};

/// The part of `items` that falls to taker `index` of `takers`; the parts are neighbours, and the first ones are larger by one.
inline Share average_share(size_t items, size_t takers, size_t index) noexcept {
  const size_t rest = items % takers;
  const bool one_more = rest > 0 && index < rest;
  const size_t size = items <= takers ? 1 : items / takers + (one_more ? 1 : 0);
  const size_t from = std::min(one_more ? index * size : index * size + rest, items);
  return {from, std::min(size, items - from)};
}

}  // namespace mq
