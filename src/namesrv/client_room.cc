#include "namesrv/client_room.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "msg/names.h"

namespace mq::namesrv {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {

constexpr int32_t kVersionWithStandardJson = 401;   // V4_9_4

}  // namespace

Answer ClientRoom::route(const wire::GetRouteInfoHeader& h, Request& request) {
  if (s_.config.needWaitForService() && s_.env.clock().mono_ms() - s_.started_ms < int64_t{s_.config.waitSecondsForService()} * 1000) {
    return request.refuse(ResponseCode::SYSTEM_ERROR, "name server not ready");
  }
  const auto zone_mode = request.frame().ext.find("__ZONE_MODE");
  const auto zone = request.frame().ext.find("__ZONE_NAME");
  const bool by_zone = zone_mode.data() && equal_ignoring_case(zone_mode, "true") && !is_blank(zone);
  const bool order = s_.config.orderMessageEnable();
  const bool standard = request.frame().version >= kVersionWithStandardJson || h.acceptStandardJsonOnly.value_or(false);
  const RouteForm form = standard ? RouteForm::kBrowser : RouteForm::kPlain;
  const int64_t now = s_.env.clock().mono_ms();
  const bool retry = is_retry_topic(h.topic);
  const bool foreseen = retry && s_.config.foreseeRetryTopics() && starting_.is_starting(request.session_ref(), now);
  if (!by_zone && !order && !foreseen) {
    if (const std::string* body = s_.cache.find(h.topic, form)) {
      if (!retry) starting_.told(request.session_ref(), h.topic, now);
      return request.ok_body(*body);
    }
  }
  auto route = foreseen ? starting_.foresee(request.session_ref(), h.topic, s_.tables, now) : s_.tables.route(h.topic);
  if (!route) {
    return request.refuse(ResponseCode::TOPIC_NOT_EXIST,
                          fmt::format("No topic route info in name server for the topic: {}{}", h.topic, wire::kFaqTail));
  }
  if (!retry) starting_.told(request.session_ref(), h.topic, now);
  if (order) route->orderTopicConf = s_.kv.get(kOrderTopicNamespace, h.topic);
  if (by_zone) return zoned(std::move(*route), zone, request);
  std::string body = to_text(to_json(*route), {.browser = standard});
  if (order || foreseen) return request.ok_body(body);
  return request.ok_body(s_.cache.put(h.topic, form, std::move(body)));
}

/// Brokers of the zone, and those without a master. QUIRK: encoded in the plain form whatever the client takes.
Answer ClientRoom::zoned(wire::TopicRouteData route, std::string_view zone, Request& request) {
  std::erase_if(route.brokerDatas, [&](const wire::BrokerData& b) {
    const bool keep = !b.brokerAddrs.contains(kMasterId) || (b.zoneName && equal_ignoring_case(*b.zoneName, zone));
    if (keep) return false;
    std::erase_if(route.queueDatas, [&](const wire::QueueData& q) { return q.brokerName == b.brokerName; });
    for (const auto& [id, addr] : b.brokerAddrs) route.filterServerTable.erase(addr);
    return true;
  });
  return request.ok_body(to_text(to_json(route)));
}

Answer ClientRoom::cluster_info(const wire::NoHeader&, Request& request) { return request.ok_body(to_text(to_json(s_.tables.cluster_info()))); }

Answer ClientRoom::wipe(const wire::BrokerNameHeader& h, Request& request) {
  return request.ok(wire::WipeWritePermResponseHeader{s_.tables.wipe_write_perm(h.brokerName)});
}

Answer ClientRoom::add(const wire::BrokerNameHeader& h, Request& request) {
  return request.ok(wire::AddWritePermResponseHeader{s_.tables.add_write_perm(h.brokerName)});
}

Answer ClientRoom::list(const wire::TopicList& topics, bool enabled, Request& request) {
  if (!enabled) return request.refuse(ResponseCode::SYSTEM_ERROR, "disable");
  return request.ok_body(to_text(to_json(topics)));
}

Answer ClientRoom::all_topics(const wire::NoHeader&, Request& request) { return list(s_.tables.all_topics(), s_.config.enableAllTopicList(), request); }

Answer ClientRoom::delete_topic(const wire::DeleteTopicInNamesrvHeader& h, Request& request) {
  s_.tables.delete_topic(h.topic, h.clusterName && !h.clusterName->empty() ? h.clusterName : std::nullopt);
  return request.ok();
}

Answer ClientRoom::topics_of_cluster(const wire::GetTopicsByClusterHeader& h, Request& request) {
  return list(s_.tables.topics_of_cluster(h.cluster), s_.config.enableTopicList(), request);
}

Answer ClientRoom::system_topics(const wire::NoHeader&, Request& request) { return list(s_.tables.system_topics(), true, request); }

Answer ClientRoom::unit_topics(const wire::NoHeader&, Request& request) {
  return list(s_.tables.topics_with([](int32_t f) { return (f & 1) != 0; }), s_.config.enableTopicList(), request);
}

Answer ClientRoom::unit_sub_topics(const wire::NoHeader&, Request& request) {
  return list(s_.tables.topics_with([](int32_t f) { return (f & 2) != 0; }), s_.config.enableTopicList(), request);
}

Answer ClientRoom::unit_sub_not_unit_topics(const wire::NoHeader&, Request& request) {
  return list(s_.tables.topics_with([](int32_t f) { return (f & 3) == 2; }), s_.config.enableTopicList(), request);
}

}  // namespace mq::namesrv
