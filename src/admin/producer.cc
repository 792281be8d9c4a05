#include "admin/producer.h"

#include <fmt/format.h>

#include <algorithm>

#include "admin/java_text.h"
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

}  // namespace

std::string Sent::to_text() const {
  return fmt::format("SendResult [sendStatus={}, msgId={}, offsetMsgId={}, messageQueue={}, queueOffset={}, recallHandle=null]", status, msg_id,
                     offset_msg_id, queue_text(queue), queue_offset);
}

Result<Producer::Target*> Producer::target(const std::string& topic) {
  if (const auto known = targets_.find(topic); known != targets_.end()) return &known->second;
  auto route = s_.route(topic);
  if (!route) route = s_.route(std::string(kAutoCreateTopic));   // a topic that is created by the first send
  if (!route) {
    return fail(Errc::kNotFound, fmt::format("No route info of this topic: {}\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.", topic));
  }
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
  if (t->queues.empty()) return client_failure(fmt::format("No route info of this topic: {}", topic));
  return t->queues;
}

Result<Sent> Producer::send(const Outgoing& m, const wire::MessageQueue& q) {
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
    default: return broker_failure(r, addr->second);
  }
  return sent;
}

Result<Sent> Producer::send(const Outgoing& m) {
  MQ_TRY_VOID(queues(m.topic));
  MQ_TRY(Target* t, target(m.topic));
  Result<Sent> last = fail(Errc::kIo, "not sent");
  for (int32_t i = 0; i < kAttempts; ++i) {
    last = send(m, t->queues[t->next++ % t->queues.size()]);
    if (last) break;
  }
  return last;
}

}  // namespace mq::admin
