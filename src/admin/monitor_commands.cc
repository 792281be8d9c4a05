// startMonitoring. Source: spec mqadmin 5.12.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <thread>

#include "admin/command.h"
#include "admin/consumer_look_ups.h"
#include "admin/java_text.h"
#include "admin/message_look_ups.h"
#include "admin/running_info_text.h"
#include "base/log.h"
#include "msg/names.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

Logger log("monitor");
constexpr auto kFirstRound = std::chrono::seconds(20), kRoundEvery = std::chrono::seconds(60);
constexpr std::string_view kMovedTopic = "OFFSET_MOVED_EVENT";
constexpr int32_t kOldestAsked = 62;   // V3_1_8_SNAPSHOT: earlier clients cannot tell their state

/// A monitor's rounds: how far groups are behind, what their clients complain of, which offsets brokers have moved.
class Monitor {
 public:
  explicit Monitor(Session& session) : s_(session) {}

  void round() {
    const int64_t began = s_.env().clock().mono_ms();
    log.info("[MONITOR] =========================================beginRound");
    moved_offsets();
    const auto topics = s_.topics();
    if (!topics) {
      log.error("[MONITOR] the topics cannot be listed: {}", topics.error().message());
    } else {
      for (const std::string& topic : *topics) {
        if (!is_retry_topic(topic)) continue;
        const std::string group = topic.substr(kRetryPrefix.size());
        undone(group);
        clients(group);
      }
    }
    log.info("[MONITOR] =========================================endRound");
    log.info("Execute one round monitor work, spent timemills: {}", s_.env().clock().mono_ms() - began);
  }

 private:
  /// Groups that are not online are passed over.
  void undone(const std::string& group) {
    const auto stats = consume_stats_of(s_, group, "");
    if (!stats || !connection_of(s_, group)) return;
    struct Behind { int64_t total = 0, most = 0, delay_ms = 0; };
    std::map<std::string, Behind> topics;
    for (const auto& [q, w] : stats->offsetTable) {
      Behind& b = topics[q.topic];
      const int64_t diff = w.brokerOffset - w.consumerOffset;
      b.most = std::max(b.most, diff);
      b.total += std::max<int64_t>(diff, 0);
      if (w.lastTimestamp > 0 && w.brokerOffset > 0) b.delay_ms = std::max(b.delay_ms, newest_ms(q, w.brokerOffset) - w.lastTimestamp);
    }
    for (const auto& [topic, b] : topics) {
      log.info("[MONITOR] reportUndoneMsgs: UndoneMsgs [consumerGroup={}, topic={}, undoneMsgsTotal={}, undoneMsgsSingleMQ={}, undoneMsgsDelayTimeMills={}]",
               group, topic, b.total, b.most, b.delay_ms);
    }
  }

  /// When the queue's last message was stored; 0 when it cannot be read.
  int64_t newest_ms(const wire::MessageQueue& q, int64_t max_offset) {
    const auto route = s_.route(q.topic);
    if (!route) return 0;
    const std::string addr = Session::address_in(*route, q.brokerName);
    if (addr.empty()) return 0;
    const auto p = pull(s_, addr, q, max_offset - 1, 1, "*");
    return p && !p->messages.empty() ? p->messages.front()->view.m.storeTimestamp : 0;
  }

  void clients(const std::string& group) {
    const auto connection = connection_of(s_, group);
    if (!connection) return;
    std::map<std::string, Json> infos;
    for (const wire::ClientConnection& c : connection->connectionSet) {
      if (c.version < kOldestAsked) continue;
      const auto text = running_info_of(s_, group, c.clientId, false);
      auto info = text ? parse_json(*text) : Result<Json>(std::unexpected(text.error()));
      if (info) infos[c.clientId] = std::move(*info);
    }
    const int64_t now = s_.env().clock().now_ms();
    if (!same_subscriptions(infos, now)) log.info("[MONITOR]  [NOTIFY] reportConsumerRunningInfo: ConsumerGroup: {}, Subscription different", group);
    for (const auto& [client, info] : infos) {
      std::string said = queue_complaints(client, info, now);
      if (!said.empty()) log.info("[MONITOR]  [NOTIFY] reportConsumerRunningInfo: ConsumerGroup: {}, ClientId: {}, {}", group, client, said);
    }
  }

  /// What brokers have put into OFFSET_MOVED_EVENT since the round before.
  void moved_offsets() {
    const auto queues = queues_of(s_, std::string(kMovedTopic));
    if (!queues) return;
    for (const QueueAt& q : *queues) {
      const auto end = s_.ask<RequestCode::GET_MAX_OFFSET>(q.addr, {.topic = q.queue.topic, .queueId = q.queue.queueId});
      if (!end) continue;
      const auto [next, fresh] = next_.try_emplace(q.queue, end->header.offset.value_or(0));
      while (!fresh) {
        const auto p = pull(s_, q.addr, q.queue, next->second, kPullBatch, "*");
        if (!p || p->status != "FOUND") break;
        next->second = p->next;
        for (const auto& m : p->messages) moved(*m);
      }
    }
  }

  static void moved(const Message& m) {
    const auto event = parse_json(m.body);
    if (!event) return;
    const wire::MessageQueue q = wire::message_queue_from((*event)["messageQueue"]);
    log.info("[MONITOR] reportDeleteMsgsEvent: DeleteMsgsEvent [offsetMovedEvent=OffsetMovedEvent [consumerGroup={}, messageQueue={}, offsetRequest={}, "
             "offsetNew={}], eventTimestamp={}]", (*event)["consumerGroup"].as_string(), queue_text(q), (*event)["offsetRequest"].as_int(),
             (*event)["offsetNew"].as_int(), m.view.m.storeTimestamp);
  }

  Session& s_;
  std::map<wire::MessageQueue, int64_t> next_;
};

/// Goes on until it is stopped; all it has to say goes to ~/logs/rocketmqlogs/tools.log.
Result<> start_monitoring(Session& s, const Options&) {
  const char* home = std::getenv("HOME");
  const std::string folder = std::string(home ? home : ".") + "/logs/rocketmqlogs";
  MQ_TRY_VOID(s.env().fs().make_dirs(folder));
  start_logging({.file = folder + "/tools.log"});
  Monitor monitor(s);
  auto next = std::chrono::steady_clock::now() + kFirstRound;
  for (;; next += kRoundEvery) {   // a round that takes longer delays the one after it
    std::this_thread::sleep_until(next);
    monitor.round();
  }
}

}  // namespace

void add_monitor_commands(std::vector<Command>& to) {
  to.push_back({"startMonitoring", "StartMonitoringSubCommand", "Start Monitoring.", {}, start_monitoring});
}

}  // namespace mq::admin
