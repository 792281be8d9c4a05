// Which queues a client of a group gets. Pure. Source: spec semantics 17, protocol 5.6.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/bodies/stats.h"

namespace mq::broker {

using Queues = std::vector<wire::MessageQueue>;

/// `queues` and `clients` are sorted. A client that is not among them gets none. nullopt: an unknown strategy (AVG, AVG_BY_CIRCLE are known).
std::optional<Queues> allocate(std::string_view strategy, const Queues& queues, const std::vector<std::string>& clients, std::string_view client);
/// For POP: own queues and those of the next `share` clients; with share <= 0, or all clients but one or more, every queue of each broker at once
/// (queueId -1).
std::optional<Queues> allocate_pop(std::string_view strategy, const Queues& queues, const std::vector<std::string>& clients, std::string_view client,
                                   int32_t share);

}  // namespace mq::broker
