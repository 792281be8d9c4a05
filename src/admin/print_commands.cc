// printMsg, printMsgByQueue, consumeMessage, dumpCompactionLog. Source: spec mqadmin 4.8 to 4.11.
#include <fmt/format.h>

#include <algorithm>

#include "admin/command.h"
#include "admin/java_text.h"
#include "admin/message_look_ups.h"
#include "msg/properties.h"

namespace mq::admin {

namespace {

constexpr std::string_view kRule = "--------------------------------------------------------\n";   // 56 dashes

void print_messages(Session& s, const Pulled& p, bool body) {
  for (const auto& m : p.messages) {
    s.record(to_record(*m, body));
    s.print("MSGID: {} {} BODY: {}\n", m->msg_id, message_ext_text(*m), body ? m->body : "NOT PRINT BODY");
  }
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

/// Prints the messages from `from` to `to`, both included, or to the queue's end.
Result<> consume_queue(Session& s, const QueueAt& q, int64_t from, int64_t to) {
  for (int64_t offset = from; offset <= to;) {
    MQ_TRY(const Pulled p, pull(s, q.addr, q.queue, offset, static_cast<int32_t>(to - offset + 1), "*"));
    offset = p.next;
    if (p.status == "FOUND") {
      s.write("Consume ok\n");
      print_messages(s, p, true);
    } else if (p.status == "NO_MATCHED_MSG") {
      s.print("{} no matched msg. status={}, offset={}\n", queue_text(q.queue), p.status, offset);
    } else {
      s.print("{} print msg finished. status={}, offset={}\n", queue_text(q.queue), p.status, offset);
      return {};
    }
  }
  return {};
}

/// QUIRK: of all brokers, also when one is named.
Result<> consume_all(Session& s, const Options& o, int64_t count) {
  MQ_TRY(const auto queues, queues_of(s, o.get("t")));
  int64_t left = count;
  for (const QueueAt& q : queues) {
    if (left == 0) return {};
    MQ_TRY(Range range, range_of(s, q, o, "s", "e"));
    if (range.to - range.from > left) {
      s.print("The older {} message of the {} queue will be provided\n", left, q.queue.queueId);
      range.to = range.from + left - 1;
      left = 0;
    } else {
      left -= range.to - range.from + 1;   // QUIRK: the end of a queue counts as a message; what is left may become negative
    }
    if (const auto r = consume_queue(s, q, range.from, range.to); !r) s.fail_unnamed(r.error());
  }
  return {};
}

Result<> consume_one(Session& s, const Options& o, int64_t count, QueueAt at, int64_t offset) {
  if (const auto route = s.route(at.queue.topic)) at.addr = Session::address_in(*route, at.queue.brokerName);
  if (at.addr.empty()) return client_failure(fmt::format("The broker[{}] not exist", at.queue.brokerName));
  MQ_TRY(Range range, range_of(s, at, o, "s", "e"));
  if (offset > range.to) {
    s.print("{} no matched msg, offset={}\n", queue_text(at.queue), offset);
    return {};
  }
  range.from = std::max(range.from, offset);
  if (range.to - range.from > count) {
    s.print("The oldler {} message will be provided\n", count);
    range.to = range.from + count - 1;
  }
  return consume_queue(s, at, range.from, range.to);
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
  MQ_TRY(const int64_t offset, o.number("o", 0));
  int64_t begin = 0;
  if (o.has("s")) {
    MQ_TRY(begin, parse_time(o.get("s")));
    if (begin > now) return complain("Please set the beginTimestamp before now!");
  }
  if (o.has("e")) {
    MQ_TRY(const int64_t end, parse_time(o.get("e")));
    if (end > now) return complain("Please set the endTimestamp before now!");
    if (begin > end) return complain("Please make sure that the beginTimestamp is less than or equal to the endTimestamp");
  }
  MQ_TRY(const int32_t queue_id, o.int32("i", 0));
  const auto done = o.has("i") ? consume_one(s, o, count, {{o.get("t"), o.get("b"), queue_id}, {}}, offset) : consume_all(s, o, count);
  if (!done) s.fail_unnamed(done.error());
  return {};
}

/// QUIRK: without -p true or -f true nothing is printed.
Result<> print_by_queue(Session& s, const Options& o) {
  MQ_TRY(const int32_t queue_id, o.int32("i", 0));
  const std::string expression = o.get("s", "*");
  QueueAt at{{o.get("t"), o.get("a"), queue_id}, {}};
  MQ_TRY(const auto route, s.route(at.queue.topic));
  at.addr = Session::address_in(route, at.queue.brokerName);
  if (at.addr.empty()) return client_failure(fmt::format("The broker[{}] not exist", at.queue.brokerName));
  MQ_TRY(const Range range, range_of(s, at, o, "b", "e"));
  std::map<std::string, int64_t> counts;
  for (int64_t offset = range.from; offset < range.to;) {
    const auto p = pull(s, at.addr, at.queue, offset, kPullBatch, expression);
    if (!p) {
      s.complain(p.error());
      break;
    }
    if (p->status != "FOUND") break;
    offset = p->next;
    for (const auto& m : p->messages) if (std::string tag = m->property(prop::kTags); !tag.empty()) ++counts[tag];
    if (o.is_true("p")) print_messages(s, *p, o.is_true("d"));
  }
  if (!o.is_true("f")) return {};
  std::vector<std::pair<std::string, int64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [tag, count] : sorted) {
    s.record(Json::object().add("tag", tag).add("count", count));
    s.write(fmt::format("Tag: {} Count: {}\n", pad(tag, 30), count));
  }
  return {};
}

/// Records of a compaction log, one behind the other, until one is none. The file is only read.
Result<> dump_compaction_log(Session& s, const Options& o) {
  if (!o.has("f")) {
    s.write("miss dump log file name\n");
    return {};
  }
  const std::string path = o.get("f");
  const auto found = s.env().fs().stat(path);
  if (!found) return fail(Errc::kNotFound, fmt::format("file {} not exist.", path));
  if (found->is_dir) return fail(Errc::kInvalid, fmt::format("file {} is a directory.", path));
  MQ_TRY(const auto file, s.env().fs().open(path, env::Open::kRead));
  constexpr int64_t kSizeBytes = 4;
  for (int64_t at = 0; at + kSizeBytes <= found->size;) {
    std::string record(kSizeBytes, 0);
    const auto bytes = [&](size_t from) { return MutableByteView(reinterpret_cast<std::byte*>(record.data()), record.size()).subspan(from); };
    MQ_TRY_VOID(file->read(at, bytes(0)));
    const auto size = static_cast<int64_t>(load_be<int32_t>(record.data()));
    if (size <= kSizeBytes || size > found->size - at) break;
    record.resize(static_cast<size_t>(size));
    MQ_TRY_VOID(file->read(at + kSizeBytes, bytes(kSizeBytes)));
    const auto messages = decode_messages(record, "");
    if (!messages) break;
    for (const auto& m : *messages) {
      s.record(to_record(*m, false));
      s.print("{}\n", message_ext_text(*m, false));
    }
    at += size;
  }
  return {};
}

}  // namespace

void add_print_commands(std::vector<Command>& to) {
  const OptionSpec topic{"t", "topic", true, true, "topic name"};
  to.push_back({"printMsg", "PrintMessageSubCommand", "Print Message Detail.",
                {topic,
                 {"c", "charsetName ", true, false, "CharsetName(eg: UTF-8,GBK)"},
                 {"s", "subExpression ", true, false, "Subscribe Expression(eg: TagA || TagB)"},
                 {"b", "beginTimestamp ", true, false, "Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]"},
                 {"e", "endTimestamp ", true, false, "End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]"},
                 {"d", "printBody ", true, false, "print body"},
                 {"l", "lmqParentTopic", true, false, "Lmq parent topic, lmq is used to find the route."}},
                print_msg, {}, extra::kJson});
  to.push_back({"printMsgByQueue", "PrintMessageByQueueCommand", "Print Message Detail by queueId.",
                {topic,
                 {"a", "brokerName ", true, true, "broker name"},
                 {"i", "queueId ", true, true, "queue id"},
                 {"c", "charsetName ", true, false, "CharsetName(eg: UTF-8,GBK)"},
                 {"s", "subExpression ", true, false, "Subscribe Expression(eg: TagA || TagB)"},
                 {"b", "beginTimestamp ", true, false, "Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]"},
                 {"e", "endTimestamp ", true, false, "End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]"},
                 {"p", "print msg", true, false, "print msg. eg: true | false(default)"},
                 {"d", "printBody ", true, false, "print body. eg: true | false(default)"},
                 {"f", "calculate", true, false, "calculate by tag. eg: true | false(default)"}},
                print_by_queue, {}, extra::kJson});
  to.push_back({"consumeMessage", "ConsumeMessageCommand", "Consume message.",
                {topic,
                 {"b", "brokerName", true, false, "Broker name"},
                 {"i", "queueId", true, false, "Queue Id"},
                 {"o", "offset", true, false, "Queue offset"},
                 {"g", "consumerGroup", true, false, "Consumer group name"},
                 {"s", "beginTimestamp ", true, false, "Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]"},
                 {"e", "endTimestamp ", true, false, "End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]"},
                 {"c", "MessageNumber", true, false, "Number of message to be consumed"}},
                consume_message, {}, extra::kJson});
  to.push_back({"dumpCompactionLog", "DumpCompactionLogCommand", "Parse compaction log to message.",
                {{"f", "file", true, false, "to dump file name"}}, dump_compaction_log, {}, extra::kJson});
}

}  // namespace mq::admin
