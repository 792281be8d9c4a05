#include "broker/lock/lock_room.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {

struct LockBody {
  std::string group, client_id;
  std::vector<wire::MessageQueue> queues;
};

Result<LockBody> parse(std::string_view text) {
  MQ_TRY(const Json j, parse_json(text));
  LockBody body{j["consumerGroup"].as_string(), j["clientId"].as_string(), {}};
  if (body.group.empty() || body.client_id.empty()) return fail(Errc::kInvalid, "consumerGroup and clientId are needed");
  for (const Json& q : j["mqSet"].items()) body.queues.push_back(wire::message_queue_from(q));
  return body;
}

}  // namespace

Answer LockRoom::lock(const wire::NoHeader&, Request& request) {
  const auto body = parse(request.body_text());
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  const int64_t now = broker_.env.clock().mono_ms();
  Json granted = Json::array();
  {
    MutexLock lock(mu_);
    if (groups_.size() >= kMaxGroups && !groups_.contains(body->group)) {
      return request.refuse(ResponseCode::SYSTEM_BUSY, "[OVERLOAD]system busy, start flow control for a while");
    }
    Queues& queues = groups_[body->group];
    for (const wire::MessageQueue& q : body->queues) {
      Holder& holder = queues[q];
      const bool free = holder.client_id.empty() || now - holder.refreshed_ms > kLifeMs;
      if (!free && holder.client_id != body->client_id) continue;
      holder = {body->client_id, now};
      granted.push(to_json(q));
    }
  }
  return request.ok_body(to_text(Json::object().add("lockOKMQSet", std::move(granted))));
}

Answer LockRoom::unlock(const wire::NoHeader&, Request& request) {
  const auto body = parse(request.body_text());
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  MutexLock lock(mu_);
  const auto group = groups_.find(body->group);
  if (group != groups_.end()) {
    for (const wire::MessageQueue& q : body->queues) {
      const auto it = group->second.find(q);
      if (it != group->second.end() && it->second.client_id == body->client_id) group->second.erase(it);
    }
    if (group->second.empty()) groups_.erase(group);
  }
  return request.ok();
}

bool LockRoom::any_held(const std::string& group) const {
  const int64_t now = broker_.env.clock().mono_ms();
  MutexLock lock(mu_);
  const auto it = groups_.find(group);
  if (it == groups_.end()) return false;
  for (const auto& [queue, holder] : it->second) if (now - holder.refreshed_ms <= kLifeMs) return true;
  return false;
}

}  // namespace mq::broker
