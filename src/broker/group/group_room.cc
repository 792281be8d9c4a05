#include "broker/group/group_room.h"

#include "base/log.h"
#include "broker/core/answer_later.h"
#include "broker/meta/attributes.h"
#include "wire/bodies/shape.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {
Logger log("group");
}

Result<wire::SubscriptionGroupConfig> GroupRoom::settled(wire::SubscriptionGroupConfig config) const {
  const auto old = meta_.groups.find(config.groupName);
  MQ_TRY(config.attributes, apply_attribute_changes(AttributesOf::kGroup, old == nullptr, old ? old->attributes : Attributes{}, config.attributes));
  return config;
}

void GroupRoom::put(const wire::SubscriptionGroupConfig& config, const Request& request) {
  meta_.groups.put(config);
  log.info("group {} is set by {}", config.groupName, request.session().peer_text());
}

Answer GroupRoom::answer_when_kept(Request& request) {
  return answer_after(broker_, request, [this]() -> Result<> {
    say_unless(meta_.groups.file().persist_changes(), "subscriptionGroup.json");
    return {};
  });
}

/// QUIRK: group names are not checked here (5.3.3).
Answer GroupRoom::put(const wire::NoHeader&, Request& request) {
  const auto body = wire::parse_body(request.body_text(), wire::kGroupShape);
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  const auto config = settled(wire::group_config_from(*body));
  if (!config) return request.refuse(ResponseCode::SYSTEM_ERROR, config.error().message());
  put(*config, request);
  return answer_when_kept(request);
}

Answer GroupRoom::put_list(const wire::NoHeader&, Request& request) {
  const auto body = wire::parse_body(request.body_text(), wire::kGroupListShape);
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  std::vector<wire::SubscriptionGroupConfig> all;
  for (const Json& j : (*body)["groupConfigList"].items()) {
    auto config = settled(wire::group_config_from(j));
    if (!config) return request.refuse(ResponseCode::SYSTEM_ERROR, config.error().message());
    all.push_back(std::move(*config));
  }
  for (const auto& config : all) put(config, request);
  return answer_when_kept(request);
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
  return answer_when_kept(request);
}

Answer GroupRoom::get(const wire::GroupHeader& h, Request& request) {
  const auto config = meta_.groups.find_or_create(h.group);
  if (!config) return request.refuse(ResponseCode::SUBSCRIPTION_GROUP_NOT_EXIST, "No group in this broker");
  return request.ok_body(to_text(to_json(*config)));
}

}  // namespace mq::broker
