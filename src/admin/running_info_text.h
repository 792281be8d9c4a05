// What a consumer tells of itself (GET_CONSUMER_RUNNING_INFO) as Java prints and judges it. `info` is the parsed body.
// Source: spec mqadmin 5.5.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/json.h"

namespace mq::admin {

std::string running_info_text(const Json& info);
/// Does it have its messages pushed?
bool is_push_consumer(const Json& info);
/// True when all clients have subscribed to the same; judged only when the first of them is a push consumer that runs for two minutes.
bool same_subscriptions(const std::map<std::string, Json>& clients, int64_t now_ms);
/// A line for each queue that is not locked, not given back or not consumed for a minute; "" when all is well.
std::string queue_complaints(const std::string& client_id, const Json& info, int64_t now_ms);

}  // namespace mq::admin
