#include "broker/client/client_room.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "msg/names.h"
#include "msg/sql/sql_expression.h"
#include "wire/bodies/shape.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {
Logger log("client");
}

ClientRoom::ClientRoom(BrokerContext& broker, const Registries& meta) : broker_(broker), meta_(meta), watched_(broker.io_loops.size()) {}

void ClientRoom::start() {
  broker_.env.run_on(*broker_.ctl, [this] {
    scan_ = env::Periodic(*broker_.ctl, kScanMs, kScanMs, [this] {
      for (const remoting::SessionRef& s : meta_.clients.expired(broker_.env.clock().mono_ms(), kExpiryMs)) {
        log.warn("client at {} sent no heartbeat for {} s and is closed", s->peer_text(), kExpiryMs / 1000);
        (void)s->loop().post([s] { s->close(); });
      }
    });
  });
}

void ClientRoom::stop() {
  broker_.env.run_on(*broker_.ctl, [this] { scan_.stop(); });
}

Answer ClientRoom::heartbeat(const wire::NoHeader&, Request& request) {
  auto data = wire::heartbeat_from(request.body_text());
  if (!data) return request.refuse(ResponseCode::SYSTEM_ERROR, data.error().message());
  // A subscription without a version is as new as its heartbeat: otherwise a change of it would never count.
  for (wire::ConsumerData& c : data->consumers) {
    for (wire::SubscriptionData& s : c.subscriptionDataSet) if (s.subVersion == 0) s.subVersion = broker_.env.clock().now_ms();
  }
  watch(request.session_ref());
  const ClientChannel channel{request.session_ref(), data->clientID, request.frame().language, request.frame().version,
                              broker_.env.clock().mono_ms()};
  bool changed = false;
  for (const wire::ConsumerData& c : data->consumers) {
    changed |= fingerprint_changed(c.groupName, data->heartbeatFingerprint);   // QUIRK: without one 0 is stored, so the next one differs
    register_group(c, channel, data->withoutSub);
  }
  for (const std::string& group : data->producerGroups) meta_.clients.register_producer(group, channel);
  wire::HeartbeatResponseHeader header;
  header.IS_SUB_CHANGE = data->heartbeatFingerprint == 0 || changed;
  return request.ok(header);
}

void ClientRoom::register_group(const wire::ConsumerData& data, const ClientChannel& channel, bool without_sub) {
  const auto group = meta_.groups.find_or_create(data.groupName);
  if (!group) return;   // unknown groups are passed over in silence
  const std::string retry_topic = std::string(kRetryPrefix) + data.groupName;
  const bool known = meta_.topics.find(retry_topic) != nullptr;
  meta_.topics.create_internal(retry_topic, group->retryQueueNums, perm::kRead | perm::kWrite, data.unitMode ? 2 : 0);
  const ClientTable::Change change = meta_.clients.register_consumer(data, channel, without_sub);
  if (change.group) notify(data.groupName);
  if (change.differs) {
    log.warn("group {}: {}; what the broker heard of last counts for both, so messages for the other pass it by: give all consumers of the group the same "
             "subscriptions, or each kind a group of its own", data.groupName, meta_.clients.difference(data.groupName));
  }
  if (!known) notify_again(data.groupName);
  if (!without_sub) meta_.filters.register_group(data.groupName, data.subscriptionDataSet);
}

bool ClientRoom::fingerprint_changed(const std::string& group, int32_t fingerprint) {
  MutexLock lock(mu_);
  const auto it = fingerprints_.find(group);
  if (fingerprint == 0) {
    if (it != fingerprints_.end()) fingerprints_.erase(it);
    return true;
  }
  if (it == fingerprints_.end()) return fingerprints_.emplace(group, fingerprint).second;
  return std::exchange(it->second, fingerprint) != fingerprint;
}

void ClientRoom::notify(const std::string& group) {
  {
    MutexLock lock(mu_);
    again_.erase(group);
    if (const auto it = quiet_.find(group); it != quiet_.end()) {
      it->second = true;
      return;
    }
  }
  tell(group);
}

void ClientRoom::tell(const std::string& group) {
  const auto config = meta_.groups.find(group);
  const auto view = meta_.clients.consumer_group(group);
  if (!view || view->model == wire::MessageModel::BROADCASTING || (config && !config->notifyConsumerIdsChangedEnable)) return;
  const auto members = meta_.clients.consumers(group);
  if (members.size() > kFewMembers) be_quiet(group, static_cast<int64_t>(members.size()));
  for (const ClientChannel& member : members) {
    const bool posted = member.session->loop().post([session = member.session, group] {
      if (!session->open()) return;
      const wire::FrameHead head{.code = wire::RequestInfo<wire::RequestCode::NOTIFY_CONSUMER_IDS_CHANGED>::code,
                                 .opaque = session->next_opaque(), .flag = wire::kFlagOneway};
      wire::encode_frame(session->connection().out(), head, wire::ConsumerGroupHeader{group});
    });
    (void)posted;   // clients rebalance every 20 s by themselves
  }
}

void ClientRoom::notify_again(const std::string& group) {
  {
    MutexLock lock(mu_);
    again_.insert(group);
  }
  (void)later_on_ctl(kRouteMs, [this, group] {   // as in tell()
    {
      MutexLock lock(mu_);
      if (!again_.contains(group)) return;
    }
    notify(group);
  });
}

void ClientRoom::be_quiet(const std::string& group, int64_t ms) {
  {
    MutexLock lock(mu_);
    if (!quiet_.emplace(group, false).second) return;   // another loop has told it at the same moment
  }
  const bool ends = later_on_ctl(ms, [this, group] {
    bool changed = false;
    {
      MutexLock lock(mu_);
      if (const auto it = quiet_.find(group); it != quiet_.end()) changed = quiet_.extract(it).mapped();
    }
    if (changed) tell(group);
  });
  if (ends) return;
  MutexLock lock(mu_);
  quiet_.erase(group);
}

bool ClientRoom::later_on_ctl(int64_t delay_ms, Task task) {
  return broker_.ctl->post([this, delay_ms, task = std::move(task)]() mutable { (void)broker_.ctl->after(delay_ms, std::move(task)); });
}

void ClientRoom::member_left(const std::string& group) {
  if (!meta_.clients.consumer_group(group)) meta_.filters.unregister_group(group);
  notify(group);
}

void ClientRoom::watch(const remoting::SessionRef& session) {
  const size_t index = broker_.io_index();
  const remoting::Session* key = session.get();
  if (!watched_[index].insert(key).second) return;
  session->on_close([this, index, key] {
    watched_[index].erase(key);
    for (const std::string& group : meta_.clients.drop_session(*key)) member_left(group);
  });
}

Answer ClientRoom::unregister(const wire::UnregisterClientHeader& h, Request& request) {
  if (h.producerGroup && !h.producerGroup->empty()) meta_.clients.unregister_producer(*h.producerGroup, request.session());
  if (h.consumerGroup && !h.consumerGroup->empty() && meta_.clients.unregister_consumer(*h.consumerGroup, request.session())) {
    member_left(*h.consumerGroup);
  }
  return request.ok(wire::EmptyResponseHeader{});
}

Answer ClientRoom::consumer_list(const wire::ConsumerGroupHeader& h, Request& request) {
  const auto ids = meta_.clients.client_ids(h.consumerGroup);
  if (ids.empty()) {
    return request.answer(ResponseCode::SYSTEM_ERROR, wire::EmptyResponseHeader{}, fmt::format("no consumer for this group, {}", h.consumerGroup));
  }
  Json list = Json::array();
  for (const std::string& id : ids) list.push(id);
  return request.ok(wire::EmptyResponseHeader{}, to_text(Json::object().add("consumerIdList", std::move(list))));
}

Answer ClientRoom::check_config(const wire::NoHeader&, Request& request) {
  if (request.body().empty()) return request.ok();
  const auto body = wire::parse_body(request.body_text(), wire::kCheckClientShape);
  if (!body) return request.refuse(ResponseCode::SYSTEM_ERROR, body.error().message());
  const Json& subscription = (*body)["subscriptionData"];
  if (!subscription.is_object()) return request.ok();
  const std::string type = subscription["expressionType"].as_string("TAG");
  if (wire::is_tag_type(type)) return request.ok();
  if (!broker_.config.enablePropertyFilter()) {
    return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("The broker does not support consumer to filter message by {}", type));
  }
  if (type != "SQL92") return request.refuse(ResponseCode::SUBSCRIPTION_PARSE_FAILED, fmt::format("the expression type {} is not known", type));
  const auto compiled = sql::Expression::compile(subscription["subString"].as_string());
  if (!compiled) return request.refuse(ResponseCode::SUBSCRIPTION_PARSE_FAILED, compiled.error().message());
  return request.ok();
}

Answer ClientRoom::consumer_connections(const wire::ConsumerGroupHeader& h, Request& request) {
  const auto connection = meta_.clients.connection(h.consumerGroup);
  if (!connection) return request.refuse(ResponseCode::CONSUMER_NOT_ONLINE, fmt::format("the consumer group[{}] not online", h.consumerGroup));
  return request.ok_body(to_text(to_json(*connection)));
}

Answer ClientRoom::producer_connections(const wire::ProducerGroupHeader& h, Request& request) {
  std::vector<wire::ClientConnection> connections;
  for (const ClientChannel& c : meta_.clients.producers(h.producerGroup)) {
    connections.push_back({c.client_id, c.session->peer_text(), std::string(wire::language_name(c.language)), c.version});
  }
  if (connections.empty()) return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("the producer group[{}] not exist", h.producerGroup));
  return request.ok_body(to_text(wire::producer_connection_json(connections)));
}

Answer ClientRoom::all_producers(const wire::NoHeader&, Request& request) {
  Json groups = Json::object();
  for (const std::string& group : meta_.clients.producer_groups()) {
    Json list = Json::array();
    for (const ClientChannel& c : meta_.clients.producers(group)) {
      const int64_t silent_ms = broker_.env.clock().mono_ms() - c.last_update_ms;
      list.push(Json::object()
                    .add("clientId", c.client_id)
                    .add("language", wire::language_name(c.language))
                    .add("lastUpdateTimestamp", broker_.env.clock().now_ms() - silent_ms)
                    .add("remoteIP", "/" + c.session->peer_text())
                    .add("version", int64_t{c.version}));
    }
    groups.add(group, std::move(list));
  }
  return request.ok_body(to_text(Json::object().add("data", std::move(groups))));
}

Answer ClientRoom::topics_by_consumer(const wire::GroupHeader& h, Request& request) {
  Json topics = Json::array();
  for (const std::string& topic : meta_.offsets.topics_of(h.group)) topics.push(topic);
  return request.ok_body(to_text(Json::object().add("brokerAddr", broker_.addr).add("topicList", std::move(topics))));
}

Answer ClientRoom::subscription_by_consumer(const wire::TopicGroupHeader& h, Request& request) {
  const auto subscription = meta_.clients.subscription(h.group, h.topic);
  Json body = Json::object().add("group", h.group);
  if (subscription) body.add("subscriptionData", to_json(*subscription));
  return request.ok_body(to_text(body.add("topic", h.topic)));
}

}  // namespace mq::broker
