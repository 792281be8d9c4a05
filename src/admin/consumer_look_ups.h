// What several commands ask about consumer groups. Source: spec mqadmin 2.2.
#pragma once

#include "admin/session.h"

namespace mq::admin {

/// STATS: of every broker of the group's retry topic, else of `topic`. Errors: as Java words them, also when nothing was consumed.
Result<wire::ConsumeStats> consume_stats_of(Session& s, const std::string& group, const std::string& topic);
/// CONN: who is connected, as one broker knows it.
Result<wire::ConsumerConnection> connection_of(Session& s, const std::string& group);
/// As the broker at `addr` knows it, where the group may also have nobody; without one as above.
Result<wire::ConsumerConnection> connection_of(Session& s, const std::string& group, const std::optional<std::string>& addr);
/// Groups that consume a topic, as the first broker of its route knows them.
Result<std::vector<std::string>> consumers_of(Session& s, const std::string& topic, const wire::TopicRouteData& route);
/// RUNINFO: what a client says of itself, JSON.
Result<std::string> running_info_of(Session& s, const std::string& group, const std::string& client_id, bool jstack);
/// The oldest release among the connections; they are not empty.
int32_t oldest_version(const std::vector<wire::ClientConnection>& connections);

}  // namespace mq::admin
