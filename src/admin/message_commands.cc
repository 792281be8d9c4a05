// queryMsgById, queryMsgByKey, queryMsgByUniqueKey, queryMsgByOffset, queryMsgTraceById, queryCq. Source: spec mqadmin 4, 6.7.
#include <fmt/format.h>

#include <algorithm>

#include "admin/command.h"
#include "admin/consumer_look_ups.h"
#include "admin/java_text.h"
#include "admin/message_look_ups.h"
#include "admin/running_info_text.h"
#include "admin/track.h"
#include "base/numbers.h"
#include "base/split.h"
#include "msg/hash_order.h"
#include "msg/properties.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

Result<> query_by_id(Session& s, const Options& o) {
  const std::string topic = o.get("t"), ids = o.get("i");
  for (const std::string_view id : split(ids, ",")) {
    if (id.empty()) continue;
    MQ_TRY(const auto m, message_by_id(s, topic, std::string(id)));
    if (o.has("g") && o.has("d")) {
      MQ_TRY_VOID(consume_directly(s, *m, o.get("g"), o.get("d")));
      continue;
    }
    MQ_TRY_VOID(print_message(s, *m, true, "", o.has("f")));
    MQ_TRY_VOID(print_tracks(s, *m));
  }
  return {};
}

/// By the id the producer gave, over all time.
Result<> query_by_unique_key(Session& s, const Options& o) {
  const std::string topic = o.get("t"), id = o.get("i");
  if (o.has("g") && o.has("d")) {
    const std::string group = o.get("g"), client = o.get("d");
    const auto info = running_info_of(s, group, client, false);
    if (!info) s.print("get consumer runtime info for {} client failed \n", client);
    const auto said = info ? parse_json(*info) : Result<Json>(Json());
    if (!said || !is_push_consumer(*said)) {
      s.print("get consumer info failed or this {} client is not push consumer, not support direct push \n", client);
      return {};
    }
    MQ_TRY(const auto m, message_by_id(s, topic, id));
    return consume_directly(s, *m, group, client);
  }
  MQ_TRY(auto found, query_messages(s, topic, id, 32, 0, INT64_MAX, true));
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a->view.m.storeTimestamp < b->view.m.storeTimestamp; });
  for (size_t i = 0; i < (o.has("a") ? found.size() : 1); ++i) {
    MQ_TRY_VOID(print_message(s, *found[i], false, i ? fmt::format("_{}", i) : "", false));
    // QUIRK: nothing stands between one group's track and the next.
    if (const auto r = print_tracks(s, *found[i], ""); !r) s.complain(r.error());
  }
  return {};
}

/// One line of a trace message's body about the message that is looked for.
struct TraceLine {
  bool sent = false;        // else consumed
  std::string group, client, cost, status;
  int64_t time = 0;
};

/// Lines of a body ("Pub\1time\1region\1group\1...\2SubAfter\1...") for one message id; what is malformed is passed over.
std::vector<TraceLine> trace_lines(const Message& m, const std::string& id) {
  std::vector<TraceLine> found;
  const std::string host = m.view.m.bornHost.to_string();
  for (const std::string_view context : split(m.body, "\2")) {
    const std::vector<std::string_view> field = split(context, "\1");
    if (field.empty()) continue;
    TraceLine line;
    line.client = host.substr(0, host.rfind(':'));
    std::string_view status;
    if (field[0] == "Pub" && field.size() >= 13 && field[5] == id) {
      line.sent = true;
      line.time = parse_int64(field[1]).value_or(0);
      line.group = field[3];
      line.cost = field[10];
      status = field.size() == 13 ? field[12] : field[13];
    } else if (field[0] == "SubAfter" && field.size() >= 6 && field[2] == id) {
      line.cost = field[3];
      status = field[4];
      // Clients before 4.9 tell neither the time nor the group.
      if (field.size() >= 9) line.time = parse_int64(field[7]).value_or(0);
      line.group = field.size() >= 9 ? field[8] : "null";
    } else {
      continue;
    }
    line.status = status == "true" ? "success" : "failed";
    found.push_back(std::move(line));
  }
  return found;
}

Result<> query_trace(Session& s, const Options& o) {
  MQ_TRY(const int64_t begin, o.number("b", 0));
  MQ_TRY(const int64_t end, o.number("e", INT64_MAX));
  MQ_TRY(const int32_t max, o.int32("c", 64));
  const std::string id = o.get("i");
  MQ_TRY(const auto messages, query_messages(s, o.get("t", "RMQ_SYS_TRACE_TOPIC"), id, max, begin, end, false));
  const auto row = [&](std::string_view a, std::string_view b, std::string_view c, std::string_view d, std::string_view e, std::string_view f) {
    s.write(fmt::format("{} {} {} {} {} {}\n", pad(a, 10), pad(b, 20), pad(c, 20), pad(d, 20), pad(e, 10), pad(f, 10)));
  };
  const auto line_row = [&](const TraceLine& t) {
    s.record(Json::object()
                 .add("type", t.sent ? "Pub" : "Sub")
                 .add("group", t.group)
                 .add("clientHost", t.client)
                 .add("time", t.time)
                 .add("costMs", t.cost)
                 .add("status", t.status));
    row(t.sent ? "Pub" : "Sub", t.group, t.client, date_seconds(t.time), t.cost + "ms", t.status);
  };
  std::vector<std::pair<std::string, std::vector<TraceLine>>> consumed;
  for (const auto& m : messages) {
    for (TraceLine& t : trace_lines(*m, id)) {
      if (t.sent) {
        row("#Type", "#ProducerGroup", "#ClientHost", "#SendTime", "#CostTimes", "#Status");
        line_row(t);
        s.write("\n");
        continue;
      }
      auto group = std::find_if(consumed.begin(), consumed.end(), [&](const auto& g) { return g.first == t.group; });
      if (group == consumed.end()) group = consumed.insert(consumed.end(), {t.group, {}});
      group->second.push_back(std::move(t));
    }
  }
  hash_order(consumed, [](const auto& g) { return std::string_view(g.first); });
  for (const auto& [group, lines] : consumed) {
    row("#Type", "#ConsumerGroup", "#ClientHost", "#ConsumerTime", "#CostTimes", "#Status");
    for (const TraceLine& t : lines) line_row(t);
    s.write("\n");
  }
  return {};
}

Result<> query_by_key(Session& s, const Options& o) {
  MQ_TRY(const int64_t begin, o.number("b", 0));
  MQ_TRY(const int64_t end, o.number("e", INT64_MAX));
  MQ_TRY(const int32_t max, o.int32("m", 64));
  MQ_TRY(const auto found, query_messages(s, o.get("t"), o.get("k"), max, begin, end, false));
  auto row = [&](std::string_view a, std::string_view b, std::string_view c) { s.write(fmt::format("{} {} {}\n", pad(a, 50), pad_left(b, 4), pad_left(c, 40))); };
  row("#Message ID", "#QID", "#Offset");
  for (const auto& m : found) {
    s.record(Json::object()
                 .add("msgId", m->msg_id)
                 .add("brokerName", m->broker_name)
                 .add("queueId", int64_t{m->view.m.queueId})
                 .add("queueOffset", m->view.m.queueOffset)
                 .add("storeTimestamp", m->view.m.storeTimestamp));
    row(m->msg_id, std::to_string(m->view.m.queueId), std::to_string(m->view.m.queueOffset));
  }
  return {};
}

Result<> query_by_offset(Session& s, const Options& o) {
  const std::string topic = o.get("t"), broker = o.get("b");
  MQ_TRY(const int32_t queue_id, o.int32("i", 0));
  MQ_TRY(const int64_t offset, o.number("o", 0));
  MQ_TRY(const auto route, s.route(topic));
  const std::string addr = Session::address_in(route, broker);
  if (addr.empty()) return client_failure(fmt::format("The broker[{}] not exist", broker));
  MQ_TRY(const Pulled p, pull(s, addr, {topic, broker, queue_id}, offset, 1, "*"));
  if (p.status != "FOUND" || p.messages.empty()) return {};
  MQ_TRY_VOID(print_message(s, *p.messages.front(), true, "", o.has("f")));
  return print_tracks(s, *p.messages.front());
}

/// Entries of a ConsumeQueue as the broker holds them.
Result<> print_consume_queue(Session& s, const Options& o) {
  const std::string topic = o.get("t");
  wire::QueryConsumeQueueHeader h;
  MQ_TRY(h.queueId, o.int32("q", 0));
  MQ_TRY(h.index, o.number("i", 0));
  MQ_TRY(h.count, o.int32("c", 10));
  h.topic = topic;
  if (o.has("g")) h.consumerGroup = o.get("g");
  std::string addr = o.get("b");
  if (addr.empty()) {
    MQ_TRY(const auto route, s.route(topic));
    const auto brokers = Session::brokers_of(route);
    if (brokers.empty()) return fail(Errc::kNotFound, "No topic route data!");
    addr = brokers.front().second;
  }
  MQ_TRY(const auto r, s.ask_plain<RequestCode::QUERY_CONSUME_QUEUE>(addr, h));
  if (r.body.empty()) return client_failure(r.remark);   // an index that the queue does not have
  MQ_TRY(const Json body, parse_json(r.body));
  s.record(body);
  constexpr std::string_view kLine = "======================================\n";   // 38
  if (const Json* subscription = body.find("subscriptionData"); subscription && !subscription->is_null()) {
    s.print("Subscription data: \n{}\n{}", to_text(to_json(wire::subscription_from(*subscription)), {.pretty = true}), kLine);
  }
  if (const Json* filter = body.find("filterData"); filter && !filter->is_null()) s.print("Filter data: \n{}\n{}", filter->as_string(), kLine);
  s.print("Queue data: \nmax: {}, min: {}\n{}", body["maxQueueIndex"].as_int(), body["minQueueIndex"].as_int(), kLine);
  int64_t index = h.index;
  for (const Json& e : body["queueData"].items()) {
    s.print("idx: {}\nConsumeQueueData{{physicOffset={}, physicSize={}, tagsCode={}, extendDataJson='{}', bitMap='{}', eval={}, msg='{}'}}\n{}", index++,
            e["physicOffset"].as_int(), e["physicSize"].as_int(), e["tagsCode"].as_int(), e["extendDataJson"].as_string("null"),
            e["bitMap"].as_string("null"), e["eval"].as_bool(), e["msg"].as_string("null"), kLine);
  }
  return {};
}

/// QUIRK: what fails is told, and is no failure of the command.
Result<> query_consume_queue(Session& s, const Options& o) {
  if (const auto r = print_consume_queue(s, o); !r) s.complain(r.error());
  return {};
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
                query_by_id, {}, extra::kJson});
  to.push_back({"queryMsgByKey", "QueryMsgByKeySubCommand", "Query Message by Key.",
                {topic,
                 {"k", "msgKey", true, true, "Message Key"},
                 {"b", "beginTimestamp", true, false, "Begin timestamp(ms). default:0, eg:1676730526212"},
                 {"e", "endTimestamp", true, false, "End timestamp(ms). default:Long.MAX_VALUE, eg:1676730526212"},
                 {"m", "maxNum", true, false, "The maximum number of messages returned by the query, default:64"},
                 {"c", "cluster", true, false, "Cluster name or lmq parent topic, lmq is used to find the route."}},
                query_by_key, {}, extra::kJson});
  to.push_back({"queryMsgByUniqueKey", "QueryMsgByUniqueKeySubCommand", "Query Message by Unique key.",
                {{"t", "topic", true, true, "The topic of msg"},
                 {"i", "msgId", true, true, "Message Id"},
                 {"g", "consumerGroup", true, false, "consumer group name"},
                 {"d", "clientId", true, false, "The consumer's client id"},
                 {"a", "showAll", false, false, "Print all message, the limit is 32"},
                 {"c", "cluster", true, false, "Cluster name or lmq parent topic, lmq is used to find the route."}},
                query_by_unique_key, {}, extra::kJson});
  to.push_back({"queryMsgTraceById", "QueryMsgTraceByIdSubCommand", "Query a message trace.",
                {{"i", "msgId", true, true, "Message Id"},
                 {"t", "traceTopic", true, false, "The name value of message trace topic"},
                 {"b", "beginTimestamp", true, false, "Begin timestamp(ms). default:0, eg:1676730526212"},
                 {"e", "endTimestamp", true, false, "End timestamp(ms). default:Long.MAX_VALUE, eg:1676730526212"},
                 {"c", "maxNum", true, false, "The maximum number of messages returned by the query, default:64"}},
                query_trace, {}, extra::kJson});
  to.push_back({"queryCq", "QueryConsumeQueueCommand", "Query cq command.",
                {topic,
                 {"q", "queue", true, true, "queue num, ie. 1"},
                 {"i", "index", true, true, "start queue index"},
                 {"c", "count", true, false, "how many"},
                 {"b", "broker", true, false, "broker addr"},
                 {"g", "consumer", true, false, "consumer group"}},
                query_consume_queue, {}, extra::kJson});
  to.push_back({"queryMsgByOffset", "QueryMsgByOffsetSubCommand", "Query Message by offset.",
                {topic,
                 {"b", "brokerName", true, true, "Broker Name"},
                 {"i", "queueId", true, true, "Queue Id"},
                 {"o", "offset", true, true, "Queue Offset"},
                 charset},
                query_by_offset, {}, extra::kJson});
}

}  // namespace mq::admin
