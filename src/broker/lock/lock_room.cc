#include "broker/lock/lock_room.h"

#include "broker/core/overload.h"
#include "wire/bodies/shape.h"

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
  MQ_TRY(const Json j, wire::parse_body(text, wire::kLockShape));
  LockBody body{j["consumerGroup"].as_string(), j["clientId"].as_string(), {}};
  if (body.group.empty() || body.client_id.empty()) return fail(Errc::kInvalid, "consumerGroup and clientId are needed");
  for (const Json& q : j["mqSet"].items()) body.queues.push_back(wire::message_queue_from(q));
  return body;
}

}  // namespace

Answer LockRoom::lock(const wire::NoHeader&, Request& request) {
  const auto body = parse(request.body_text());
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  const auto held = locks_.lock(body->group, body->client_id, body->queues);
  if (!held) return request.refuse(ResponseCode::SYSTEM_BUSY, kOverloadRemark);
  Json granted = Json::array();
  for (const wire::MessageQueue& q : *held) granted.push(to_json(q));
  return request.ok_body(to_text(Json::object().add("lockOKMQSet", std::move(granted))));
}

Answer LockRoom::unlock(const wire::NoHeader&, Request& request) {
  const auto body = parse(request.body_text());
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  // Clients that were refused a queue look again 20 s later, or when they are told that the group has changed.
  if (locks_.unlock(body->group, body->client_id, body->queues)) freed_(body->group);
  return request.ok();
}

}  // namespace mq::broker
