// sendMessage, consumeMessage, printMsg, queryMsgById, queryMsgByKey, queryMsgByOffset. Source: spec mqadmin 4.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <memory>

#include "admin/command.h"
#include "admin/java_text.h"
#include "admin/message_text.h"
#include "admin/track.h"
#include "msg/properties.h"

namespace mq::admin {

namespace {

using wire::RequestCode;
constexpr std::string_view kToolsGroup = "TOOLS_CONSUMER";
constexpr int32_t kPullBatch = 32;
constexpr std::string_view kRule = "--------------------------------------------------------\n";   // 56 dashes

/// What one pull brought; `status` is the client's word for the answer's code.
struct Pulled {
  std::string status;
  int64_t next = 0, min = 0, max = 0;
  std::vector<std::unique_ptr<Message>> messages;
};

/// One pull without waiting, as the tools' DefaultMQPullConsumer sends it. Tags are compared again, as clients do.
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

/// Readable queues with the address of their broker, in the order in which Java's hash set holds them.
struct QueueAt {
  wire::MessageQueue queue;
  std::string addr;
};
Result<std::vector<QueueAt>> queues_of(Session& s, const std::string& topic) {
  auto route = s.route(topic);
  if (!route) {
    return fail(Errc::kNotFound, fmt::format("Can not find Message Queue for this topic, {}\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further "
                                             "details.\n{}", topic, route.error().message()));
  }
  std::map<std::string, std::string> addrs;
  for (auto& [name, addr] : Session::brokers_of(*route)) addrs[name] = addr;
  std::vector<QueueAt> found;
  for (wire::MessageQueue& q : Session::readable_queues(topic, *route)) {
    if (addrs.contains(q.brokerName)) found.push_back({q, addrs[q.brokerName]});
  }
  hash_order_by(found, [](const QueueAt& a) { return queue_hash(a.queue); });
  return found;
}

std::string queue_text(const wire::MessageQueue& q) {
  return fmt::format("MessageQueue [topic={}, brokerName={}, queueId={}]", q.topic, q.brokerName, q.queueId);
}

void print_messages(Session& s, const Pulled& p, bool body) {
  for (const auto& m : p.messages) s.print("MSGID: {} {} BODY: {}\n", m->msg_id, message_ext_text(*m), body ? m->body : "NOT PRINT BODY");
}

/// The queue's bounds, narrowed by begin and end times when given.
struct Range { int64_t from = 0, to = 0; };
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

Result<> print_msg(Session& s, const Options& o) {
  const std::string expression = o.get("s", "*");
  const bool body = !o.has("d") || o.is_true("d");
  MQ_TRY(const auto queues, queues_of(s, o.get("t")));
  for (const QueueAt& q : queues) {
    MQ_TRY(const Range range, range_of(s, q, o, "b", "e"));
    s.print("minOffset={}, maxOffset={}, {}\n", range.from, range.to, queue_text(q.queue));
    for (int64_t offset = range.from; offset < range.to;) {
      MQ_TRY(const Pulled p, pull(s, q.addr, q.queue, offset, kPullBatch, expression));
      offset = p.next;
      if (p.status == "FOUND") {
        print_messages(s, p, body);
      } else if (p.status == "NO_MATCHED_MSG") {
        s.print("{} no matched msg. status={}, offset={}\n", queue_text(q.queue), p.status, offset);
      } else {
        s.print("{} print msg finished. status={}, offset={}\n", queue_text(q.queue), p.status, offset);
        break;
      }
    }
    s.write(kRule);
  }
  return {};
}

/// Pulls from one queue until `count` messages are printed or its end is passed.
Result<> consume_queue(Session& s, const QueueAt& q, int64_t from, int64_t to, int64_t count) {
  for (int64_t offset = from; offset <= to && count > 0;) {
    MQ_TRY(const Pulled p, pull(s, q.addr, q.queue, offset, static_cast<int32_t>(std::min<int64_t>(count, kPullBatch)), "*"));
    offset = p.next;
    if (p.status == "FOUND") {
      s.write("Consume ok\n");
      print_messages(s, p, true);
      count -= static_cast<int64_t>(p.messages.size());
    } else if (p.status == "NO_MATCHED_MSG") {
      s.print("{} no matched msg, offset={}\n", queue_text(q.queue), offset);
    } else {
      s.print("{} print msg finished. status={}, offset={}\n", queue_text(q.queue), p.status, offset);
      return {};
    }
  }
  return {};
}

Result<> consume_message(Session& s, const Options& o) {
  const int64_t now = s.env().clock().now_ms();
  MQ_TRY(const int64_t count, o.number("c", 128));
  auto complain = [&](std::string_view text) -> Result<> {
    s.write(text);
    return {};
  };
  if (count <= 0) return complain("Please input a positive messageNumber!");
  if (o.has("i") && !o.has("b")) return complain("Please set the brokerName before queueId!");
  if (o.has("o") && !o.has("i")) return complain("Please set queueId before offset!");
  int64_t begin = 0, end = now;
  if (o.has("s")) {
    MQ_TRY(begin, parse_time(o.get("s")));
    if (begin > now) return complain("Please set the beginTimestamp before now!");
  }
  if (o.has("e")) {
    MQ_TRY(end, parse_time(o.get("e")));
    if (end > now) return complain("Please set the endTimestamp before now!");
    if (begin > end) return complain("Please make sure that the beginTimestamp is less than or equal to the endTimestamp");
  }
  MQ_TRY(const int64_t queue_id, o.number("i", 0));
  MQ_TRY(const int64_t offset, o.number("o", 0));
  MQ_TRY(const auto queues, queues_of(s, o.get("t")));
  int64_t left = count;
  for (const QueueAt& q : queues) {
    if (o.has("b") && q.queue.brokerName != o.get("b")) continue;
    if (o.has("i") && q.queue.queueId != queue_id) continue;
    MQ_TRY(Range range, range_of(s, q, o, "s", "e"));
    if (o.has("o")) {
      if (offset > range.to) {
        s.print("Please make sure offset is less than or equal to {}\n", range.to);
        return {};
      }
      range.from = std::max(range.from, offset);
    }
    if (o.has("i")) {
      if (count < range.to - range.from + 1) s.print("The oldler {} message will be provided\n", count);
      return consume_queue(s, q, range.from, range.to, count);
    }
    if (left <= 0) break;
    if (left < range.to - range.from) s.print("The older {} message of the {} queue will be provided\n", left, q.queue.queueId);
    const int64_t here = std::min<int64_t>(left, range.to - range.from);
    MQ_TRY_VOID(consume_queue(s, q, range.from, range.to, left));
    left -= here;
  }
  return {};
}

/// A UNIQ_KEY of 32 hex digits: loopback, pid, ms, a counter.
std::string make_uniq_key(env::Env& env) {
  return fmt::format("7F000001{:04X}{:08X}{:08X}{:04X}", env.rng().below(65536), env.rng().below(1LL << 32), env.clock().now_ms() & 0xFFFFFFFF, 0);
}

Result<> send_message(Session& s, const Options& o) {
  const std::string topic = o.get("t");
  if (o.has("i") && !o.has("b")) {
    s.write("Broker name must be set if the queue is chosen!");
    return {};
  }
  MQ_TRY(const int64_t chosen, o.number("i", -1));
  auto route = s.route(topic);
  if (!route) {
    MQ_TRY(route, s.route("TBW102"));   // a topic that is created by the first send
  }
  std::vector<wire::MessageQueue> queues;
  for (const wire::QueueData& q : route->queueDatas) {
    if (!(q.perm & 2)) continue;
    for (int32_t i = 0; i < q.writeQueueNums; ++i) queues.push_back({topic, q.brokerName, i});
  }
  if (o.has("b")) {
    std::erase_if(queues, [&](const auto& q) { return q.brokerName != o.get("b"); });
    if (queues.empty()) return client_failure(fmt::format("The broker[{}] not exist", o.get("b")));
    if (chosen >= 0) queues = {{topic, o.get("b"), static_cast<int32_t>(chosen)}};
  }
  if (queues.empty()) return client_failure(fmt::format("No route info of this topic: {}", topic));
  const wire::MessageQueue& q = queues[s.env().rng().below(queues.size())];
  std::string addr;
  for (const auto& [name, a] : Session::brokers_of(*route)) if (name == q.brokerName) addr = a;

  const std::string key = make_uniq_key(s.env());
  ByteBuffer properties;
  if (o.has("k")) append_property(properties, 0, prop::kKeys, o.get("k"));
  append_property(properties, 0, prop::kUniqKey, key);
  append_property(properties, 0, prop::kWait, "true");
  if (o.has("c")) append_property(properties, 0, prop::kTags, o.get("c"));
  const std::string group = std::to_string(s.env().clock().now_ms());
  wire::SendMessageHeaderV2 h;
  h.producerGroup = group;
  h.topic = q.topic;
  h.defaultTopic = "TBW102";
  h.defaultTopicQueueNums = 4;
  h.queueId = q.queueId;
  h.bornTimestamp = s.env().clock().now_ms();
  h.properties = properties.text();
  MQ_TRY(const auto r, s.call<RequestCode::SEND_MESSAGE_V2>(addr, h, o.get("p"), 3000));
  std::string_view status;
  switch (r.code) {
    case 0: status = "SEND_OK"; break;
    case 10: status = "FLUSH_DISK_TIMEOUT"; break;
    case 11: status = "SLAVE_NOT_AVAILABLE"; break;
    case 12: status = "FLUSH_SLAVE_TIMEOUT"; break;
    default: return broker_failure(r, addr);
  }
  s.write(fmt::format("{}  {}  {}    {}\n", pad("#Broker Name", 32), pad("#QID", 4), pad("#Send Result", 20), "#MsgId"));
  s.write(fmt::format("{}  {}  {}    {}\n", pad(q.brokerName, 32), pad(std::to_string(q.queueId), 4), pad(status, 20), key));
  return {};
}

/// Messages of a topic by key, from all brokers of its route; false positives of the index are dropped.
Result<std::vector<std::unique_ptr<Message>>> query(Session& s, const std::string& topic, const std::string& key, int32_t max, int64_t begin,
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
  MQ_TRY(auto found, query(s, topic, id, 32, s.env().clock().now_ms() - three_days, INT64_MAX, true));
  return std::move(found.front());
}

/// Has one consumer consume a message again, at once, and prints what it made of it.
Result<> consume_directly(Session& s, const Message& m, const std::string& group, const std::string& client_id) {
  wire::ConsumeMessageDirectlyHeader h;
  h.consumerGroup = group;
  h.clientId = client_id;
  h.msgId = m.offset_msg_id;
  h.topic = std::string(m.view.m.topic);
  MQ_TRY(const auto r, s.ask<RequestCode::CONSUME_MESSAGE_DIRECTLY>(m.view.m.storeHost.to_string(), h, {}, 15'000));
  MQ_TRY(const Json said, parse_json(r.body));
  s.print("ConsumeMessageDirectlyResult [order={}, autoCommit={}, consumeResult={}, remark={}, spentTimeMills={}]", said["order"].as_bool(),
          said["autoCommit"].as_bool(true), said["consumeResult"].as_string("null"), said["remark"].as_string("null"), said["spentTimeMills"].as_int());
  return {};
}

Result<> query_by_id(Session& s, const Options& o) {
  const std::string topic = o.get("t"), ids = o.get("i");
  std::string_view rest = ids;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string id(rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    if (id.empty()) continue;
    MQ_TRY(const auto m, message_by_id(s, topic, id));
    if (o.has("g") && o.has("d")) {
      MQ_TRY_VOID(consume_directly(s, *m, o.get("g"), o.get("d")));
      continue;
    }
    MQ_TRY_VOID(print_message(s, *m, true, "", o.has("f")));
    MQ_TRY_VOID(print_tracks(s, *m));
  }
  return {};
}

Result<> query_by_key(Session& s, const Options& o) {
  MQ_TRY(const int64_t begin, o.number("b", 0));
  MQ_TRY(const int64_t end, o.number("e", INT64_MAX));
  MQ_TRY(const int64_t max, o.number("m", 64));
  MQ_TRY(const auto found, query(s, o.get("t"), o.get("k"), static_cast<int32_t>(max), begin, end, false));
  auto row = [&](std::string_view a, std::string_view b, std::string_view c) { s.write(fmt::format("{} {} {}\n", pad(a, 50), pad_left(b, 4), pad_left(c, 40))); };
  row("#Message ID", "#QID", "#Offset");
  for (const auto& m : found) row(m->msg_id, std::to_string(m->view.m.queueId), std::to_string(m->view.m.queueOffset));
  return {};
}

Result<> query_by_offset(Session& s, const Options& o) {
  const std::string topic = o.get("t"), broker = o.get("b");
  MQ_TRY(const int64_t queue_id, o.number("i", 0));
  MQ_TRY(const int64_t offset, o.number("o", 0));
  MQ_TRY(const auto route, s.route(topic));
  std::string addr;
  for (const auto& [name, a] : Session::brokers_of(route)) if (name == broker) addr = a;
  if (addr.empty()) return client_failure(fmt::format("The broker[{}] not exist", broker));
  MQ_TRY(const Pulled p, pull(s, addr, {topic, broker, static_cast<int32_t>(queue_id)}, offset, 1, "*"));
  if (p.status != "FOUND" || p.messages.empty()) return {};
  MQ_TRY_VOID(print_message(s, *p.messages.front(), true, "", o.has("f")));
  return print_tracks(s, *p.messages.front());
}

}  // namespace

void add_message_commands(std::vector<Command>& to) {
  const OptionSpec topic{"t", "topic", true, true, "topic name"};
  const OptionSpec charset{"f", "bodyFormat", true, false, "print message body by the specified format"};
  to.push_back({"queryMsgById", "QueryMsgByIdSubCommand", "Query Message by Id.",
                {topic,
                 {"i", "msgId", true, true, "Message Id"},
                 {"g", "consumerGroup", true, false, "consumer group name"},
                 {"d", "clientId", true, false, "The consumer's client id"},
                 {"s", "sendMessage", true, false, "resend message"},
                 {"u", "unitName", true, false, "unit name"},
                 charset,
                 {"c", "cluster", true, false, "Cluster name or lmq parent topic, lmq is used to find the route."}},
                query_by_id});
  to.push_back({"queryMsgByKey", "QueryMsgByKeySubCommand", "Query Message by Key.",
                {topic,
                 {"k", "msgKey", true, true, "Message Key"},
                 {"b", "beginTimestamp", true, false, "Begin timestamp(ms). default:0, eg:1676730526212"},
                 {"e", "endTimestamp", true, false, "End timestamp(ms). default:Long.MAX_VALUE, eg:1676730526212"},
                 {"m", "maxNum", true, false, "The maximum number of messages returned by the query, default:64"},
                 {"c", "cluster", true, false, "Cluster name or lmq parent topic, lmq is used to find the route."}},
                query_by_key});
  to.push_back({"queryMsgByOffset", "QueryMsgByOffsetSubCommand", "Query Message by offset.",
                {topic,
                 {"b", "brokerName", true, true, "Broker Name"},
                 {"i", "queueId", true, true, "Queue Id"},
                 {"o", "offset", true, true, "Queue Offset"},
                 charset},
                query_by_offset});
  to.push_back({"printMsg", "PrintMessageSubCommand", "Print Message Detail.",
                {topic,
                 {"c", "charsetName ", true, false, "CharsetName(eg: UTF-8,GBK)"},
                 {"s", "subExpression ", true, false, "Subscribe Expression(eg: TagA || TagB)"},
                 {"b", "beginTimestamp ", true, false, "Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]"},
                 {"e", "endTimestamp ", true, false, "End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]"},
                 {"d", "printBody ", true, false, "print body"},
                 {"l", "lmqParentTopic", true, false, "Lmq parent topic, lmq is used to find the route."}},
                print_msg});
  to.push_back({"sendMessage", "SendMessageCommand", "Send a message.",
                {topic,
                 {"p", "body", true, true, "UTF-8 string format of the message body"},
                 {"k", "key", true, false, "Message keys"},
                 {"c", "tags", true, false, "Message tags"},
                 {"b", "broker", true, false, "Send message to target broker"},
                 {"i", "qid", true, false, "Send message to target queue"},
                 {"m", "msgTraceEnable", true, false, "Message Trace Enable, Default: false"}},
                send_message});
  to.push_back({"consumeMessage", "ConsumeMessageCommand", "Consume message.",
                {topic,
                 {"b", "brokerName", true, false, "Broker name"},
                 {"i", "queueId", true, false, "Queue Id"},
                 {"o", "offset", true, false, "Queue offset"},
                 {"g", "consumerGroup", true, false, "Consumer group name"},
                 {"s", "beginTimestamp ", true, false, "Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]"},
                 {"e", "endTimestamp ", true, false, "End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]"},
                 {"c", "MessageNumber", true, false, "Number of message to be consumed"}},
                consume_message});
}

}  // namespace mq::admin
