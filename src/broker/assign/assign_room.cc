#include "broker/assign/assign_room.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "broker/core/overload.h"
#include "broker/meta/json_file.h"
#include "msg/names.h"
#include "wire/bodies/shape.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {
Logger log("assign");
/// POP_MESSAGE has no room yet: a consumer told to POP would wait for ever, one told to PULL consumes. What was set is kept for a broker that can.
constexpr bool kPopIsServed = false;
}  // namespace

std::string AssignRoom::path() const { return broker_.store.root_dir() + "/config/messageRequestMode.json"; }

void AssignRoom::start() {
  broker_.env.run_on(*broker_.ctl, [this] { routes_ = std::make_unique<TopicRoutes>(broker_, namesrvs_); });
  const Json file = load_json_file(broker_.env.fs(), path());
  size_t pops = 0;
  {
    MutexLock lock(mu_);
    for (const auto& [topic, groups] : file["messageRequestModeMap"].members()) {
      for (const auto& [group, mode] : groups.members()) {
        const Mode set{mode["mode"].as_string() == "POP", static_cast<int32_t>(mode["popShareQueueNum"].as_int())};
        modes_[{topic.as_string(), group.as_string()}] = set;
        pops += set.pop;
      }
    }
  }
  const bool by_default = broker_.config.defaultMessageRequestMode() == "POP";
  if (!kPopIsServed && (pops || by_default)) {
    log.warn("{} entries of {}{} say POP: this broker does not serve it yet and lets the groups PULL", pops, path(), by_default ? " and defaultMessageRequestMode" : "");
  }
}

Json AssignRoom::to_json() const {
  Json map = Json::object();
  MutexLock lock(mu_);
  for (const auto& [key, mode] : modes_) {
    const auto& [topic, group] = key;
    if (!map.find(topic)) map.add(topic, Json::object());
    map.members().back().second.add(group, Json::object()
                                               .add("consumerGroup", group)
                                               .add("mode", mode.pop ? "POP" : "PULL")
                                               .add("popShareQueueNum", int64_t{mode.share_queues})
                                               .add("topic", topic));
  }
  return Json::object().add("messageRequestModeMap", std::move(map));
}

void AssignRoom::stop() {
  broker_.env.run_on(*broker_.ctl, [this] { routes_.reset(); });
}

AssignRoom::Mode AssignRoom::mode_of(const std::string& topic, const std::string& group) const {
  {
    MutexLock lock(mu_);
    if (const auto set = modes_.find({topic, group}); set != modes_.end()) return set->second;
  }
  const bool pop = !is_retry_topic(topic) && broker_.config.defaultMessageRequestMode() == "POP";
  return {pop, pop ? broker_.config.defaultPopShareQueueNum() : 0};
}

std::optional<Queues> AssignRoom::assigned(const Question& q, Mode mode, const std::optional<Queues>& all) const {
  if (!all || q.broadcasting || !broker_.config.serverLoadBalancerEnable()) return all;
  std::vector<std::string> clients = meta_.clients.client_ids(q.group);
  if (clients.empty()) return std::nullopt;
  std::sort(clients.begin(), clients.end());
  return mode.pop ? allocate_pop(q.strategy, *all, clients, q.client, mode.share_queues) : allocate(q.strategy, *all, clients, q.client);
}

std::string AssignRoom::answer_body(const Question& q, const std::optional<Queues>& all) const {
  Mode mode = mode_of(q.topic, q.group);
  mode.pop = mode.pop && kPopIsServed;
  const auto mine = assigned(q, mode, all);
  if (!mine) return "{}";
  Json list = Json::array();
  for (const wire::MessageQueue& queue : *mine) {
    list.push(Json::object().add("messageQueue", wire::to_json(queue)).add("mode", mode.pop ? "POP" : "PULL"));
  }
  return to_text(Json::object().add("messageQueueAssignments", std::move(list)));
}

Answer AssignRoom::query(const wire::NoHeader&, Request& request) {
  const auto body = wire::parse_body(request.body_text(), wire::kAssignmentShape);
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  Question q{(*body)["topic"].as_string(), (*body)["consumerGroup"].as_string(), (*body)["clientId"].as_string(), (*body)["strategyName"].as_string(),
             (*body)["messageModel"].as_string() == "BROADCASTING"};
  // A light queue lives on one broker, where its clients ask.
  if (q.topic.starts_with("%LMQ%")) return request.ok_body(answer_body(q, Queues{{q.topic, broker_.broker_name, 0}}));
  const bool posted = broker_.ctl->post([this, q, responder = std::make_shared<remoting::Responder>(request.responder())] {
    if (!routes_) return;
    routes_->queues(q.topic, [this, q, responder](const std::optional<Queues>& all) {
      const bool back = responder->session().loop().post([responder, text = answer_body(q, all)] { (void)responder->ok(wire::NoHeader{}, text); });
      if (!back) log.warn("an answer about the queues of {} is dropped: the io loop's queue is full", q.group);
    });
  });
  if (!posted) return request.refuse(ResponseCode::SYSTEM_BUSY, kOverloadRemark);
  return request.later();
}

Answer AssignRoom::set_mode(const wire::NoHeader&, Request& request) {
  const auto body = wire::parse_body(request.body_text(), wire::kRequestModeShape);
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  const std::string topic = (*body)["topic"].as_string(), group = (*body)["consumerGroup"].as_string();
  if (is_retry_topic(topic)) return request.refuse(ResponseCode::NO_PERMISSION, "retry topic is not allowed to set mode");
  if (!meta_.topics.find(topic)) return request.refuse(ResponseCode::TOPIC_NOT_EXIST, fmt::format("topic[{}] not exist", topic));
  if (!meta_.groups.find_or_create(group)) return request.refuse(ResponseCode::SUBSCRIPTION_GROUP_NOT_EXIST, "subscription group does not exist");
  const Mode mode{(*body)["mode"].as_string() == "POP", static_cast<int32_t>((*body)["popShareQueueNum"].as_int())};
  {
    MutexLock lock(mu_);
    modes_[{topic, group}] = mode;
  }
  log.info("group {} gets topic {} by {}, as set by {}", group, topic, mode.pop ? "POP" : "PULL", request.session().peer_text());
  if (mode.pop && !kPopIsServed) log.warn("this broker does not serve POP yet: group {} goes on to PULL from topic {}", group, topic);
  const bool posted = broker_.ctl->post([this] {
    if (auto r = save_json_file(broker_.env.fs(), path(), to_json()); !r) {
      log.error("messageRequestMode.json cannot be written, the change is lost with a restart: {}", r.error().message());
    }
  });
  if (!posted) log.error("messageRequestMode.json is not written: the control loop's queue is full");
  return request.ok();
}

}  // namespace mq::broker
