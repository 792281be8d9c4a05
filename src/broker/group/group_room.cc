#include "broker/group/group_room.h"

#include "base/log.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {
Logger log("group");
}

/// No attribute of a group is known; the names come signed.
std::string GroupRoom::check(const wire::SubscriptionGroupConfig& config) {
  if (config.attributes.empty()) return {};
  const std::string& key = config.attributes.begin()->first;
  return "unsupported key: " + key.substr(key.starts_with('+') || key.starts_with('-') ? 1 : 0);
}

/// QUIRK: group names are not checked here (5.3.3).
Answer GroupRoom::put(const wire::NoHeader&, Request& request) {
  if (request.body().empty()) return request.ok();
  const auto body = parse_json(request.body_text());
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  const wire::SubscriptionGroupConfig config = wire::group_config_from(*body);
  if (const std::string bad = check(config); !bad.empty()) return request.refuse(ResponseCode::SYSTEM_ERROR, bad);
  meta_.groups.put(config);
  log.info("group {} is set by {}", config.groupName, request.session().peer_text());
  return request.ok();
}

Answer GroupRoom::put_list(const wire::NoHeader&, Request& request) {
  const auto body = parse_json(request.body_text());
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  std::vector<wire::SubscriptionGroupConfig> all;
  for (const Json& j : (*body)["groupConfigList"].items()) all.push_back(wire::group_config_from(j));
  for (const auto& config : all) {
    if (const std::string bad = check(config); !bad.empty()) return request.refuse(ResponseCode::SYSTEM_ERROR, bad);
  }
  for (const auto& config : all) {
    meta_.groups.put(config);
    log.info("group {} is set by {}", config.groupName, request.session().peer_text());
  }
  return request.ok();
}

Answer GroupRoom::get_all(const wire::NoHeader&, Request& request) {
  const wire::SubscriptionGroupTable table = meta_.groups.table();
  wire::GetAllGroupResponseHeader header;
  const wire::ExtFields& ext = request.frame().ext;
  const bool by_pages = ext.find("groupSeq").data() || ext.find("maxGroupNum").data() || ext.find("dataVersion").data();
  if (by_pages) header.totalGroupNum = static_cast<int32_t>(table.subscriptionGroupTable.size());
  return request.ok(header, to_text(to_json(table)));
}

Answer GroupRoom::remove(const wire::DeleteGroupHeader& h, Request& request) {
  meta_.groups.remove(h.groupName);
  if (h.cleanOffset || h.removeOffset) meta_.offsets.remove_group(h.groupName);
  log.info("group {} is deleted by {}", h.groupName, request.session().peer_text());
  return request.ok();
}

Answer GroupRoom::get(const wire::GroupHeader& h, Request& request) {
  const auto config = meta_.groups.find_or_create(h.group);
  if (!config) return request.refuse(ResponseCode::SUBSCRIPTION_GROUP_NOT_EXIST, "No group in this broker");
  return request.ok_body(to_text(to_json(*config)));
}

}  // namespace mq::broker
