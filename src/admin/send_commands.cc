// sendMessage, checkMsgSendRT, clusterRT, sendMsgStatus. Source: spec mqadmin 4.1, 4.2.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include "admin/command.h"
#include "admin/java_text.h"
#include "admin/producer.h"
#include "base/time_text.h"

namespace mq::admin {

namespace {

constexpr std::string_view kResultRow = "{}  {}  {}    {}\n";

void result_row(Session& s, std::string_view broker, std::string_view queue, std::string_view result, std::string_view last) {
  s.write(fmt::format(kResultRow, pad(broker, 32), pad(queue, 4), pad(result, 20), last));
}

Result<> send_message(Session& s, const Options& o) {
  const std::string topic = o.get("t");
  if (o.has("i") && !o.has("b")) {
    s.write("Broker name must be set if the queue is chosen!");
    return {};
  }
  MQ_TRY(const int32_t chosen, o.int32("i", -1));
  Producer producer(s, std::to_string(s.env().clock().now_ms()));
  const Outgoing message{topic, o.get("p"), o.get("k"), o.get("c")};
  Result<Sent> sent = Sent{};
  if (chosen >= 0) {   // whether or not it may be written: the broker says so
    sent = producer.send(message, {topic, o.get("b"), chosen});
  } else if (o.has("b")) {
    MQ_TRY(auto queues, producer.queues(topic));
    std::erase_if(queues, [&](const auto& q) { return q.brokerName != o.get("b"); });
    if (queues.empty()) return client_failure(fmt::format("The broker[{}] not exist", o.get("b")));
    sent = producer.send(message, queues[s.env().rng().below(queues.size())]);
  } else {
    sent = producer.send(message);
  }
  if (!sent) return fail(sent.error());
  result_row(s, "#Broker Name", "#QID", "#Send Result", "#MsgId");
  result_row(s, sent->queue.brokerName, std::to_string(sent->queue.queueId), sent->status, sent->msg_id);
  return {};
}

/// Sends `count` times; whether each was taken, and how long it took. Java leaves the first one, which looks up the route, out of its average.
class Timing {
 public:
  explicit Timing(env::Env& env) : env_(env) {}
  template <class Send>
  bool measure(Send send) {
    const int64_t start = env_.clock().now_ms();
    const bool taken = static_cast<bool>(send());
    last_ms = env_.clock().now_ms() - start;
    if (count_++ > 0) sum_ms_ += last_ms;
    return taken;
  }
  /// QUIRK: NaN for a single send.
  double average() const { return static_cast<double>(sum_ms_) / static_cast<double>(count_ - 1); }
  int64_t last_ms = 0;

 private:
  env::Env& env_;
  int64_t count_ = 0, sum_ms_ = 0;
};

Result<> check_send_rt(Session& s, const Options& o) {
  MQ_TRY(const int64_t amount, o.number("a", 100));
  MQ_TRY(const int64_t size, o.number("s", 128));
  const Outgoing message{o.get("t"), std::string(static_cast<size_t>(std::max<int64_t>(size, 0)), 'a'), {}, {}};
  Producer producer(s, std::to_string(s.env().clock().now_ms()));
  result_row(s, "#Broker Name", "#QID", "#Send Result", "#RT");
  Timing timing(s.env());
  wire::MessageQueue queue{message.topic, "null", 0};
  for (int64_t i = 0; i < amount; ++i) {
    const bool taken = timing.measure([&] {
      const auto queues = producer.queues(message.topic);
      if (!queues) return false;
      queue = (*queues)[static_cast<size_t>(i) % queues->size()];
      return producer.send(message, queue).has_value();
    });
    result_row(s, queue.brokerName, std::to_string(queue.queueId), taken ? "true" : "false", std::to_string(timing.last_ms));
  }
  s.print("Avg RT: {}\n", fixed(timing.average(), 2));
  return {};
}

struct RtOptions {
  int64_t amount = 100, interval_s = 10;
  bool log_lines = false;
  std::string room, body;
};

void broker_rt(Session& s, Producer& producer, const RtOptions& o, const std::string& cluster, const std::string& broker) {
  Timing timing(s.env());
  int64_t taken = 0;
  const Outgoing message{broker, o.body, {}, {}};   // each broker has a topic of its name
  for (int64_t i = 0; i < o.amount; ++i) taken += timing.measure([&] { return producer.send(message).has_value(); }) ? 1 : 0;
  if (o.log_lines) {
    constexpr int64_t kShanghai = 8 * 3600;         // QUIRK: the time is always that of GMT+8
    const std::string now = time_text(utc_time(s.env().clock().now_ms() + kShanghai * 1000), "%Y-%m-%d %H:%M:%S");
    s.print("{}|{}|{}|{}|{}\n", now, o.room, cluster, broker, fixed(timing.average(), 0));
  } else {
    s.write(fmt::format("{}  {}  {}  {}  {}\n", pad(cluster, 24), pad(broker, 24), pad(fixed(timing.average(), 2), 8), pad(std::to_string(taken), 16),
                        pad(std::to_string(o.amount - taken), 16)));
  }
}

/// Goes on until it is stopped.
Result<> cluster_rt(Session& s, const Options& o) {
  RtOptions rt;
  MQ_TRY(rt.amount, o.number("a", 100));
  MQ_TRY(rt.interval_s, o.number("i", 10));
  MQ_TRY(const int64_t size, o.number("s", 128));
  rt.log_lines = o.is_true("p");
  rt.room = o.get("m", "noname");
  rt.body.assign(static_cast<size_t>(std::max<int64_t>(size, 0)), 'a');
  MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
  std::vector<std::string> clusters;
  if (o.has("c")) {
    clusters.push_back(o.get("c"));
  } else {
    for (const auto& [name, brokers] : info.clusterAddrTable) clusters.push_back(name);
  }
  // QUIRK: the headings are narrower than the columns.
  if (!rt.log_lines) s.print("{:<24}  {:<24}  {:<4}  {:<8}  {:<8}\n", "#Cluster Name", "#Broker Name", "#RT", "#successCount", "#failCount");
  Producer producer(s, std::to_string(s.env().clock().now_ms()));
  for (;;) {
    for (const std::string& cluster : clusters) {
      const auto brokers = info.clusterAddrTable.find(cluster);
      if (brokers == info.clusterAddrTable.end()) {
        s.print("cluster [{}] not exist", cluster);
        break;
      }
      for (const std::string& broker : brokers->second) broker_rt(s, producer, rt, cluster, broker);
    }
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::seconds(std::max<int64_t>(rt.interval_s, 0)));
  }
}

/// To the topic that has the broker's name.
Result<> send_status(Session& s, const Options& o) {
  MQ_TRY(const int32_t size, o.int32("s", 128));
  MQ_TRY(const int32_t count, o.int32("c", 50));
  const auto message = [&](int32_t bytes) {
    Outgoing m{o.get("b"), {}, {}, {}};
    while (std::cmp_less(m.body.size(), bytes)) m.body += "hello jodie";
    return m;
  };
  Producer producer(s, "PID_SMSC");
  MQ_TRY_VOID(producer.send(message(16)));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t start = s.env().clock().now_ms();
    MQ_TRY(const Sent sent, producer.send(message(size)));
    s.print("rt={}ms, SendResult={}\n", s.env().clock().now_ms() - start, sent.to_text());
  }
  return {};
}

}  // namespace

void add_send_commands(std::vector<Command>& to) {
  const OptionSpec topic{"t", "topic", true, true, "topic name"};
  to.push_back({"sendMessage", "SendMessageCommand", "Send a message.",
                {topic,
                 {"p", "body", true, true, "UTF-8 string format of the message body"},
                 {"k", "key", true, false, "Message keys"},
                 {"c", "tags", true, false, "Message tags"},
                 {"b", "broker", true, false, "Send message to target broker"},
                 {"i", "qid", true, false, "Send message to target queue"},
                 {"m", "msgTraceEnable", true, false, "Message Trace Enable, Default: false"}},
                send_message});
  to.push_back({"sendMsgStatus", "SendMsgStatusCommand", "Send msg to broker.",
                {{"b", "brokerName", true, true, "Broker Name"},
                 {"s", "messageSize", true, false, "Message Size, Default: 128"},
                 {"c", "count", true, false, "send message count, Default: 50"}},
                send_status});
  to.push_back({"checkMsgSendRT", "CheckMsgSendRTCommand", "Check message send response time.",
                {topic,
                 {"a", "amount", true, false, "message amount | default 100"},
                 {"s", "size", true, false, "message size | default 128 Byte"}},
                check_send_rt});
  to.push_back({"clusterRT", "CLusterSendMsgRTCommand", "List All clusters Message Send RT.",
                {{"a", "amount", true, false, "message amount | default 100"},
                 {"s", "size", true, false, "message size | default 128 Byte"},
                 {"c", "cluster", true, false, "cluster name | default display all cluster"},
                 {"p", "print log", true, false, "print as tlog | default false"},
                 {"m", "machine room", true, false, "machine room name | default noname"},
                 {"i", "interval", true, false, "print interval | default 10 seconds"}},
                cluster_rt});
}

}  // namespace mq::admin
