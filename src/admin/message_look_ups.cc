#include "admin/message_look_ups.h"

#include <fmt/format.h>

#include "admin/java_text.h"
#include "msg/properties.h"

namespace mq::admin {

using wire::RequestCode;

namespace {
constexpr std::string_view kToolsGroup = "TOOLS_CONSUMER";
}

Result<Pulled> pull(Session& s, const std::string& addr, const wire::MessageQueue& q, int64_t offset, int32_t count, std::string_view expression) {
  wire::PullMessageHeader h;
  h.consumerGroup = kToolsGroup;
  h.topic = q.topic;
  h.queueId = q.queueId;
  h.queueOffset = offset;
  h.maxMsgNums = count;
  h.sysFlag = wire::pull_flag::kSubscription;
  h.subscription = expression;
  h.expressionType = "TAG";
  MQ_TRY(const auto r, s.call<RequestCode::PULL_MESSAGE>(addr, h, {}, 10'000));
  Pulled p;
  switch (r.code) {
    case 0: p.status = "FOUND"; break;
    case 19: p.status = "NO_NEW_MSG"; break;
    case 20: p.status = "NO_MATCHED_MSG"; break;
    case 21: p.status = "OFFSET_ILLEGAL"; break;
    default: return broker_failure(r, addr);
  }
  p.next = r.header.nextBeginOffset.value_or(offset);
  p.min = r.header.minOffset.value_or(0);
  p.max = r.header.maxOffset.value_or(0);
  if (r.code != 0) return p;
  MQ_TRY(p.messages, decode_messages(r.body, q.brokerName));
  MQ_TRY(const auto subscription, wire::SubscriptionData::build(q.topic, expression, "TAG"));
  std::erase_if(p.messages, [&](const auto& m) { return !subscription.matches_all() && !subscription.tagsSet.contains(m->property(prop::kTags)); });
  for (auto& m : p.messages) {
    m->add_property("MIN_OFFSET", std::to_string(p.min));
    m->add_property("MAX_OFFSET", std::to_string(p.max));
  }
  return p;
}

Result<std::vector<QueueAt>> queues_of(Session& s, const std::string& topic) {
  const auto none = [&](const Error& why) {
    return fail(why.code(), fmt::format("Can not find Message Queue for this topic, {}\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further "
                                        "details.\n{}", topic, why.message()));
  };
  auto route = s.route(topic);
  if (!route) return none(route.error());
  std::map<std::string, std::string> addrs;
  for (auto& [name, addr] : Session::brokers_of(*route)) addrs[name] = addr;
  std::vector<QueueAt> found;
  for (wire::MessageQueue& q : Session::readable_queues(topic, *route)) {
    if (addrs.contains(q.brokerName)) found.push_back({q, addrs[q.brokerName]});
  }
  if (found.empty()) return none(client_failure(fmt::format("Can not find Message Queue for this topic, {} Namesrv return empty", topic)).error());
  hash_order_by(found, [](const QueueAt& a) { return queue_hash(a.queue); });
  return found;
}

Result<Range> range_of(Session& s, const QueueAt& q, const Options& o, std::string_view begin, std::string_view end) {
  auto search = [&](std::string_view option, int64_t otherwise) -> Result<int64_t> {
    if (!o.has(option)) return otherwise;
    MQ_TRY(const int64_t time, parse_time(o.get(option)));
    MQ_TRY(const auto r, s.ask<RequestCode::SEARCH_OFFSET_BY_TIMESTAMP>(q.addr, {.topic = q.queue.topic, .queueId = q.queue.queueId, .timestamp = time}));
    return r.header.offset.value_or(otherwise);
  };
  MQ_TRY(const auto min, s.ask<RequestCode::GET_MIN_OFFSET>(q.addr, {.topic = q.queue.topic, .queueId = q.queue.queueId}));
  MQ_TRY(const auto max, s.ask<RequestCode::GET_MAX_OFFSET>(q.addr, {.topic = q.queue.topic, .queueId = q.queue.queueId}));
  Range range;
  MQ_TRY(range.from, search(begin, min.header.offset.value_or(0)));
  MQ_TRY(range.to, search(end, max.header.offset.value_or(0)));
  return range;
}

Result<std::vector<std::unique_ptr<Message>>> query_messages(Session& s, const std::string& topic, const std::string& key, int32_t max, int64_t begin,
                                                             int64_t end, bool unique) {
  const auto route = s.route(topic);
  if (!route) return client_failure(17, fmt::format("The topic[{}] not matched route info", topic));
  std::vector<std::unique_ptr<Message>> found;
  for (const auto& [name, addr] : Session::brokers_of(*route)) {
    auto r = s.query_message(addr, topic, key, max, begin, end, unique);
    if (!r) continue;
    auto messages = decode_messages(*r, name);
    if (!messages) continue;
    for (auto& m : *messages) {
      if (unique) {
        if (m->msg_id == key) found.push_back(std::move(m));
        continue;
      }
      const std::string keys = " " + m->property(prop::kKeys) + " ";
      if (m->view.m.topic == topic && keys.find(" " + key + " ") != std::string::npos) found.push_back(std::move(m));
    }
  }
  if (found.empty()) return client_failure(208, "query message by key finished, but no message.");
  return found;
}

Result<std::unique_ptr<Message>> message_by_id(Session& s, const std::string& topic, const std::string& id) {
  if (const auto offset_id = parse_offset_msg_id(id); offset_id && offset_id->host.port > 0 && offset_id->host.port < 65536) {
    auto r = s.ask<RequestCode::VIEW_MESSAGE_BY_ID>(offset_id->host.to_string(), {.offset = offset_id->offset.bytes, .topic = topic});
    if (r) {
      auto messages = decode_messages(r->body, "");
      if (messages && messages->size() == 1) return std::move(messages->front());
    }
  }
  const int64_t three_days = 3LL * 24 * 3'600'000;
  MQ_TRY(auto found, query_messages(s, topic, id, 32, s.env().clock().now_ms() - three_days, INT64_MAX, true));
  return std::move(found.front());
}

Result<> consume_directly(Session& s, const Message& m, const std::string& group, const std::string& client_id) {
  wire::ConsumeMessageDirectlyHeader h;
  h.consumerGroup = group;
  h.clientId = client_id;
  h.msgId = m.offset_msg_id;
  h.topic = std::string(m.view.m.topic);
  MQ_TRY(const auto r, s.ask_plain<RequestCode::CONSUME_MESSAGE_DIRECTLY>(m.view.m.storeHost.to_string(), h, {}, 15'000));
  MQ_TRY(const Json said, parse_json(r.body));
  s.print("ConsumeMessageDirectlyResult [order={}, autoCommit={}, consumeResult={}, remark={}, spentTimeMills={}]", said["order"].as_bool(),
          said["autoCommit"].as_bool(true), said["consumeResult"].as_string("null"), said["remark"].as_string("null"), said["spentTimeMills"].as_int());
  return {};
}

}  // namespace mq::admin
