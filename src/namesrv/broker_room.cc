#include "namesrv/broker_room.h"

#include "base/crc32.h"
#include "base/log.h"
#include "msg/names.h"

namespace mq::namesrv {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {
Logger log("route");
}

ChannelId NamesrvState::channel_of(const remoting::SessionRef& session) {
  ChannelId& id = channels[session.get()];
  if (id != 0) return id;
  id = ++next_channel;
  sessions[id] = session;
  session->on_close([this, key = session.get(), channel = id] {
    channels.erase(key);
    sessions.erase(channel);
    tables.channel_closed(channel);
  });
  return id;
}

Answer BrokerRoom::register_broker(const wire::RegisterBrokerHeader& h, Request& request) {
  if (h.bodyCrc32 != 0 && h.bodyCrc32 != crc31(request.body())) return request.answer(ResponseCode::SYSTEM_ERROR, wire::RegisterBrokerResponseHeader{}, "crc32 not match");
  auto body = wire::decode_register_body(request.body_text(), request.frame().version);
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  Registration r;
  r.broker = {h.clusterName, h.brokerAddr, h.brokerName, h.brokerId};
  r.ha_addr = h.haServerAddr;
  r.timeout_ms = h.heartbeatTimeoutMillis;
  r.enable_acting_master = h.enableActingMaster;
  if (const auto zone = request.frame().ext.find("__ZONE_NAME"); zone.data()) r.zone_name = std::string(zone);
  r.body = std::move(*body);
  r.channel = s_.channel_of(request.session_ref());
  const Registered result = s_.tables.register_broker(r, s_.env.clock().mono_ms());
  send_min_id_changes();
  if (!result.accepted) return request.answer(ResponseCode::SYSTEM_ERROR, wire::RegisterBrokerResponseHeader{}, "register broker failed");
  wire::RegisterBrokerResponseHeader header;
  header.haServerAddr = result.ha_addr;
  header.masterAddr = result.master_addr;
  std::string order;
  if (s_.config.returnOrderTopicConfigToBroker()) {
    if (const auto table = s_.kv.list(kOrderTopicNamespace)) order = to_text(to_json(*table));
  }
  return request.ok(header, order);
}

Answer BrokerRoom::unregister_broker(const wire::UnregisterBrokerHeader& h, Request& request) {
  const auto channel = s_.channels.find(&request.session());
  s_.tables.unregister_broker({h.clusterName, h.brokerAddr, h.brokerName, h.brokerId}, channel == s_.channels.end() ? 0 : channel->second);
  log.info("broker {} at {} has said goodbye", h.brokerName, h.brokerAddr);
  send_min_id_changes();
  return request.ok();
}

Answer BrokerRoom::register_topic(const wire::TopicHeader& h, Request& request) {
  const auto route = wire::topic_route_from(request.body_text());
  if (!route) return request.refuse(ResponseCode::SYSTEM_ERROR, route.error().message());
  s_.tables.register_topic(h.topic, route->queueDatas);
  return request.ok();
}

Answer BrokerRoom::data_version(const wire::QueryDataVersionHeader& h, Request& request) {
  const auto asked = parse_json(request.body_text());
  const auto known = s_.tables.data_version(h.clusterName, h.brokerAddr);
  wire::QueryDataVersionResponseHeader header;
  header.changed = !known || !asked || !(wire::data_version_from(*asked) == *known);
  s_.tables.touch(h.clusterName, h.brokerAddr, s_.env.clock().mono_ms());
  return request.ok(header, known ? to_text(to_json(*known)) : std::string());
}

Answer BrokerRoom::members(const wire::BrokerMemberGroupHeader& h, Request& request) {
  Json addrs = Json::object();
  for (const auto& [id, addr] : s_.tables.members(h.brokerName)) addrs.add(id, addr);
  Json group = Json::object().add("brokerAddrs", std::move(addrs)).add("brokerName", h.brokerName).add("cluster", h.clusterName);
  // QUIRK: Java leaves the text of an unset response in the remark of this success.
  return request.answer(ResponseCode::SUCCESS, wire::NoHeader{}, "not set any response code",
                        as_bytes(to_text(Json::object().add("brokerMemberGroup", std::move(group)))));
}

Answer BrokerRoom::heartbeat(const wire::BrokerHeartbeatHeader& h, Request& request) {
  s_.tables.touch(h.clusterName, h.brokerAddr, s_.env.clock().mono_ms());
  return request.ok();
}

void BrokerRoom::send_min_id_changes() {
  constexpr int32_t kNotifyMinBrokerIdChange = 905;
  for (const MinIdChange& change : s_.tables.take_min_id_changes()) {
    for (const auto& [channel, session] : s_.sessions) {
      if (!session->open()) continue;
      const wire::FrameHead head{.code = kNotifyMinBrokerIdChange, .opaque = session->next_opaque(), .flag = wire::kFlagOneway};
      wire::FrameWriter w(session->connection().out(), head, true);
      w.field("minBrokerId", change.min_id);
      w.field("minBrokerAddr", std::string_view(change.min_addr));
      if (change.offline_addr) w.field("offlineBrokerAddr", std::string_view(*change.offline_addr));
      if (change.ha_addr) w.field("haBrokerAddr", std::string_view(*change.ha_addr));
      w.finish();
    }
  }
}

}  // namespace mq::namesrv
