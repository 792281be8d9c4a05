// What several commands write about a topic: its configuration at a broker, its order list at the NameServers.
#pragma once

#include "admin/session.h"
#include "msg/types.h"
#include "wire/bodies/topic_config.h"

namespace mq::admin {

/// PermName.isValid: a topic's, or a broker's.
inline bool is_valid_perm(int32_t perm) noexcept { return perm >= 0 && perm < perm::kPriority; }

/// What a request that puts a topic's configuration says of it, but for its attributes.
wire::CreateTopicHeader create_topic_header(const wire::TopicConfig& config);
/// The names of its attributes are signed. Errors: as Java words a broker's refusal.
Result<> create_topic(Session& s, const std::string& addr, const wire::TopicConfig& config);
/// "broker-a:4;broker-b:4", at every NameServer.
Result<> put_order_conf(Session& s, const std::string& topic, const std::string& conf);

}  // namespace mq::admin
