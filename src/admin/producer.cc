#include "admin/producer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "admin/java_text.h"
#include "admin/output.h"
#include "base/text.h"
#include "msg/names.h"
#include "msg/properties.h"
#include "msg/types.h"

namespace mq::admin {

using wire::RequestCode;

namespace {

constexpr int32_t kAttempts = 3;
constexpr int64_t kTimeoutMs = 3000;

/// A UNIQ_KEY of 32 hex digits: loopback, process, ms, a counter.
std::string make_uniq_key(env::Env& env, uint32_t count) {
  return fmt::format("7F000001{:04X}{:08X}{:08X}{:04X}", env.rng().below(65536), env.rng().below(1LL << 32), env.clock().now_ms() & 0xFFFFFFFF,
                     count & 0xFFFF);
}

/// What Java's producer refuses by itself; brokers would, in other words.
Result<> check_message(const Outgoing& m) {
  constexpr size_t kLongestTopic = 127, kLargestBody = 4 << 20;
  const auto illegal = [](std::string_view text) { return client_failure(static_cast<int32_t>(wire::ResponseCode::MESSAGE_ILLEGAL), text); };
  if (is_blank(m.topic)) return client_failure("The specified topic is blank");
  if (m.topic.size() > kLongestTopic) return client_failure(fmt::format("The specified topic is longer than topic max length {}.", kLongestTopic));
  if (!check_topic_name(m.topic).empty()) {
    return client_failure(fmt::format("The specified topic[{}] contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$", m.topic));
  }
  if (is_send_forbidden_topic(m.topic)) return client_failure(fmt::format("Sending message to topic[{}] is forbidden.", m.topic));
  if (m.body.empty()) return illegal("the message body length is zero");
  if (m.body.size() > kLargestBody) return illegal(fmt::format("the message body size over max value, MAX: {}", kLargestBody));
  return {};
}

Failure no_route(const Session& s, const std::string& topic) {
  const bool named = !s.namesrvs().empty();
  return fail(Errc::kNotFound, (named ? "No route info of this topic: " + topic : "No name server address, please set it.") +
                                   "\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.");
}

/// What another attempt may help against.
bool worth_another(const Error& e, int32_t code) {
  using enum wire::ResponseCode;
  constexpr wire::ResponseCode kRetried[] = {TOPIC_NOT_EXIST, SERVICE_NOT_AVAILABLE, SYSTEM_ERROR, SYSTEM_BUSY, NO_PERMISSION};
  return e.code() != Errc::kRefused || std::any_of(std::begin(kRetried), std::end(kRetried), [&](auto c) { return static_cast<int32_t>(c) == code; });
}

}  // namespace

std::string Sent::to_text() const {
  return fmt::format("SendResult [sendStatus={}, msgId={}, offsetMsgId={}, messageQueue={}, queueOffset={}, recallHandle=null]", status, msg_id,
                     offset_msg_id, queue_text(queue), queue_offset);
}

Result<Producer::Target*> Producer::target(const std::string& topic) {
  if (const auto known = targets_.find(topic); known != targets_.end()) return &known->second;
  auto route = s_.route(topic);
  if (!route) route = s_.route(std::string(kAutoCreateTopic));   // a topic that is created by the first send
  if (!route) return route.error().code() == Errc::kIo && !s_.namesrvs().empty() ? fail(route.error()) : no_route(s_, topic);
  Target t;
  for (auto& [name, addr] : Session::brokers_of(*route)) t.addrs[name] = addr;
  std::sort(route->queueDatas.begin(), route->queueDatas.end(), [](const auto& a, const auto& b) { return a.brokerName < b.brokerName; });
  for (const wire::QueueData& q : route->queueDatas) {
    if (!(q.perm & perm::kWrite)) continue;
    for (int32_t i = 0; i < q.writeQueueNums; ++i) t.queues.push_back({topic, q.brokerName, i});
  }
  if (!t.queues.empty()) t.next = static_cast<size_t>(s_.env().rng().below(t.queues.size()));
  return &(targets_[topic] = std::move(t));
}

Result<std::vector<wire::MessageQueue>> Producer::queues(const std::string& topic) {
  MQ_TRY(const Target* t, target(topic));
  if (t->queues.empty()) return no_route(s_, topic);
  return t->queues;
}

Result<Sent> Producer::send(const Outgoing& m, const wire::MessageQueue& q) {
  refused_with_ = 0;
  MQ_TRY_VOID(check_message(m));
  MQ_TRY(const Target* t, target(m.topic));
  const auto addr = t->addrs.find(q.brokerName);
  if (addr == t->addrs.end()) return client_failure(fmt::format("The broker[{}] not exist", q.brokerName));
  const std::string key = make_uniq_key(s_.env(), count_++);
  ByteBuffer properties;
  if (!m.keys.empty()) append_property(properties, 0, prop::kKeys, m.keys);
  append_property(properties, 0, prop::kUniqKey, key);
  append_property(properties, 0, prop::kWait, "true");
  if (!m.tags.empty()) append_property(properties, 0, prop::kTags, m.tags);
  wire::SendMessageHeaderV2 h;
  h.producerGroup = group_;
  h.topic = m.topic;
  h.defaultTopic = kAutoCreateTopic;
  h.defaultTopicQueueNums = 4;
  h.queueId = q.queueId;
  h.bornTimestamp = s_.env().clock().now_ms();
  h.properties = properties.text();
  MQ_TRY(const auto r, s_.call<RequestCode::SEND_MESSAGE_V2>(addr->second, h, m.body, kTimeoutMs));
  Sent sent{.status = {}, .msg_id = key, .offset_msg_id = std::string(r.header.msgId), .queue = {m.topic, q.brokerName, r.header.queueId.value_or(q.queueId)},
            .queue_offset = r.header.queueOffset.value_or(0)};
  switch (r.code) {
    case 0: sent.status = "SEND_OK"; break;
    case 10: sent.status = "FLUSH_DISK_TIMEOUT"; break;
    case 11: sent.status = "SLAVE_NOT_AVAILABLE"; break;
    case 12: sent.status = "FLUSH_SLAVE_TIMEOUT"; break;
    default:
      refused_with_ = r.code;
      return broker_failure(r, addr->second);
  }
  return sent;
}

Result<Sent> Producer::send(const Outgoing& m) {
  MQ_TRY_VOID(check_message(m));
  MQ_TRY_VOID(queues(m.topic));
  MQ_TRY(Target* t, target(m.topic));
  const int64_t start = s_.env().clock().now_ms();
  std::vector<std::string> tried;
  Result<Sent> last = fail(Errc::kIo, "not sent");
  while (std::cmp_less(tried.size(), kAttempts)) {
    const wire::MessageQueue& queue = t->queues[t->next++ % t->queues.size()];
    tried.push_back(queue.brokerName);
    last = send(m, queue);
    if (last || !worth_another(last.error(), refused_with_)) return last;
  }
  return fail(last.error().code(), fmt::format("Send [{}] times, still failed, cost [{}]ms, Topic: {}, BrokersSent: {}\n"
                                               "See https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.\n{}",
                                               tried.size(), s_.env().clock().now_ms() - start, m.topic, list_text(tried), last.error().message()));
}

}  // namespace mq::admin
