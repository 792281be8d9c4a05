#include "broker/assign/assign_room.h"

#include <fmt/format.h>

#include "base/log.h"
#include "broker/meta/json_file.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {
Logger log("assign");
}

std::string AssignRoom::path() const { return broker_.store.root_dir() + "/config/messageRequestMode.json"; }

void AssignRoom::load() {
  const Json file = load_json_file(broker_.env.fs(), path());
  MutexLock lock(mu_);
  for (const auto& [topic, groups] : file["messageRequestModeMap"].members()) {
    for (const auto& [group, mode] : groups.members()) {
      modes_[{topic.as_string(), group.as_string()}] = {mode["mode"].as_string() == "POP", static_cast<int32_t>(mode["popShareQueueNum"].as_int())};
    }
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

Answer AssignRoom::set_mode(const wire::NoHeader&, Request& request) {
  const auto body = parse_json(request.body_text());
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  const std::string topic = (*body)["topic"].as_string(), group = (*body)["consumerGroup"].as_string();
  if (topic.starts_with("%RETRY%")) return request.refuse(ResponseCode::NO_PERMISSION, "retry topic is not allowed to set mode");
  if (!meta_.topics.find(topic)) return request.refuse(ResponseCode::TOPIC_NOT_EXIST, fmt::format("topic[{}] not exist", topic));
  if (!meta_.groups.find_or_create(group)) return request.refuse(ResponseCode::SUBSCRIPTION_GROUP_NOT_EXIST, "subscription group does not exist");
  const Mode mode{(*body)["mode"].as_string() == "POP", static_cast<int32_t>((*body)["popShareQueueNum"].as_int())};
  {
    MutexLock lock(mu_);
    modes_[{topic, group}] = mode;
  }
  log.info("group {} gets topic {} by {}, as set by {}", group, topic, mode.pop ? "POP" : "PULL", request.session().peer_text());
  const bool posted = broker_.ctl->post([this] {
    if (auto r = save_json_file(broker_.env.fs(), path(), to_json()); !r) {
      log.error("messageRequestMode.json cannot be written, the change is lost with a restart: {}", r.error().message());
    }
  });
  if (!posted) log.error("messageRequestMode.json is not written: the control loop's queue is full");
  return request.ok();
}

}  // namespace mq::broker
