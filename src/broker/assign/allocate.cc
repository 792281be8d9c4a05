#include "broker/assign/allocate.h"

#include <algorithm>

#include "msg/share.h"

namespace mq::broker {

namespace {

std::optional<size_t> index_of(const std::vector<std::string>& clients, std::string_view client) {
  const auto found = std::find(clients.begin(), clients.end(), client);
  if (found == clients.end()) return std::nullopt;
  return static_cast<size_t>(found - clients.begin());
}

std::optional<Queues> share_of(std::string_view strategy, const Queues& queues, size_t clients, size_t index) {
  Queues mine;
  if (strategy == "AVG") {
    const Share share = average_share(queues.size(), clients, index);
    mine.assign(queues.begin() + static_cast<std::ptrdiff_t>(share.from), queues.begin() + static_cast<std::ptrdiff_t>(share.from + share.count));
  } else if (strategy == "AVG_BY_CIRCLE") {
    for (size_t i = index; i < queues.size(); i += clients) mine.push_back(queues[i]);
  } else {
    return std::nullopt;
  }
  return mine;
}

}  // namespace

std::optional<Queues> allocate(std::string_view strategy, const Queues& queues, const std::vector<std::string>& clients, std::string_view client) {
  const auto index = index_of(clients, client);
  if (!index) return share_of(strategy, {}, 1, 0);
  return share_of(strategy, queues, clients.size(), *index);
}

std::optional<Queues> allocate_pop(std::string_view strategy, const Queues& queues, const std::vector<std::string>& clients, std::string_view client,
                                   int32_t share) {
  Queues mine;
  if (share <= 0 || static_cast<size_t>(share) + 1 >= clients.size()) {
    for (const wire::MessageQueue& q : queues) {
      const wire::MessageQueue all{q.topic, q.brokerName, -1};
      if (std::find(mine.begin(), mine.end(), all) == mine.end()) mine.push_back(all);
    }
    return mine;
  }
  const auto index = index_of(clients, client);
  if (!index || queues.empty()) return mine;
  if (clients.size() > queues.size()) return Queues{queues[*index % queues.size()]};
  for (int32_t i = 0; i <= share; ++i) {
    const auto part = share_of(strategy, queues, clients.size(), (*index + static_cast<size_t>(i)) % clients.size());
    if (!part) return std::nullopt;
    mine.insert(mine.end(), part->begin(), part->end());
  }
  return mine;
}

}  // namespace mq::broker
