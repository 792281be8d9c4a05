#include "admin/track.h"

#include <fmt/format.h>

#include <algorithm>

#include "admin/consumer_look_ups.h"
#include "admin/java_text.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

struct Track {
  std::string type = "UNKNOWN";
  std::string why = "null";
};

/// Has the group's offset passed the message? Compared on the broker that stored it.
Result<bool> consumed(Session& s, const std::string& group, const Message& m) {
  MQ_TRY(const wire::ConsumeStats stats, consume_stats_of(s, group, ""));
  MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
  for (const auto& [q, o] : stats.offsetTable) {
    if (q.topic != m.view.m.topic || q.queueId != m.view.m.queueId) continue;
    const auto broker = info.brokerAddrTable.find(q.brokerName);
    if (broker == info.brokerAddrTable.end() || !broker->second.brokerAddrs.contains(0)) continue;
    if (broker->second.brokerAddrs.at(0) == m.view.m.storeHost.to_string() && o.consumerOffset > m.view.m.queueOffset) return true;
  }
  return false;
}

Track track_of(Session& s, const std::string& group, const Message& m) {
  Track t;
  const auto route = s.route("%RETRY%" + group);
  if (!route) {
    t.why = route.error().message();
    return t;
  }
  const auto brokers = Session::brokers_of(*route);
  if (brokers.empty()) return t;
  const auto r = s.call<RequestCode::GET_CONSUMER_CONNECTION_LIST>(brokers.front().second, {group});
  if (!r) {
    t.why = r.error().message();
    return t;
  }
  if (r->code == 206) return {"NOT_ONLINE", fmt::format("CODE:206 DESC:{}", r->remark)};
  const auto connection = wire::consumer_connection_from(r->body);
  if (!r->ok() || !connection) {
    t.why = fmt::format("CODE:{} DESC:{}", r->code, r->remark);
    return t;
  }
  if (connection->consumeType == "CONSUME_ACTIVELY") return {"PULL", "null"};
  if (connection->messageModel == "BROADCASTING") return {"CONSUME_BROADCASTING", "null"};
  const auto is_consumed = consumed(s, group, m);
  if (!is_consumed) {
    t.why = is_consumed.error().message();
    return t;
  }
  if (!*is_consumed) return {"NOT_CONSUME_YET", "null"};
  const auto subscription = connection->subscriptionTable.find(std::string(m.view.m.topic));
  if (subscription == connection->subscriptionTable.end()) return {"CONSUMED", "null"};
  // Java looks at the tags alone: a message whose tag is in none of them was filtered.
  const auto& tags = subscription->second.tagsSet;
  const std::string tag = m.property(prop::kTags);
  const bool passes = tags.empty() || tags.contains(tag) || tags.contains("*");
  return {passes ? "CONSUMED" : "CONSUMED_BUT_FILTERED", "null"};
}

}  // namespace

Result<> print_tracks(Session& s, const Message& m, std::string_view after_each) {
  MQ_TRY(const auto route, s.route(std::string(m.view.m.topic)));
  MQ_TRY(auto groups, consumers_of(s, std::string(m.view.m.topic), route));
  if (groups.empty()) {
    s.write("\n\nWARN: No Consumer");
    return {};
  }
  hash_order(groups, [](const std::string& g) { return std::string_view(g); });
  s.write("\n\n");
  Json tracks = Json::array();
  for (const std::string& g : groups) {
    const Track t = track_of(s, g, m);
    s.print("MessageTrack [consumerGroup={}, trackType={}, exceptionDesc={}]{}", g, t.type, t.why, after_each);
    tracks.push(Json::object().add("consumerGroup", g).add("trackType", t.type).add("exceptionDesc", t.why));
  }
  s.add_to_record("tracks", std::move(tracks));
  return {};
}

}  // namespace mq::admin
