// RocketMQ 5's own metrics, with the sample names of 5.1.4 and later (units as suffixes). Source: spec ops d.2.
#include <algorithm>
#include <map>
#include <numeric>

#include "broker/observe/metrics.h"
#include "msg/names.h"
#include "ops/request_metrics.h"
#include "wire/frame.h"

namespace mq::broker {

namespace {

using ops::Exposition;
using Type = Exposition::Type;

std::string_view text(bool v) { return v ? "true" : "false"; }

/// Families of one broker: each opens with RocketMQ's common labels.
class Native {
 public:
  Native(Exposition& out, const BrokerView& view) : out_(out), view_(view) {}
  void family(std::string_view name, Type type, std::string_view help) {
    out_.family(name, type, help, {{"cluster", view_.broker.cluster}, {"node_type", "broker"}, {"node_id", view_.broker.broker_name}});
  }

 private:
  Exposition& out_;
  const BrokerView& view_;
};

void write_topics(Exposition& out, Native& native, const Census& census) {
  auto counters = [&](std::string_view name, std::string_view help, auto member) {
    native.family(name, Type::kCounter, help);
    for (const TopicCensus& t : census.topics) {
      for (size_t i = 0; i < kMessageTypeNames.size(); ++i) {
        if (const int64_t v = (t.traffic.*member)[i]; v > 0) out.sample({{"topic", t.name}, {"message_type", kMessageTypeNames[i]}, {"is_system", text(t.system)}}, v);
      }
    }
  };
  counters("rocketmq_messages_in_total", "Messages stored.", &Traffic::TopicSum::put_nums);
  counters("rocketmq_throughput_in_total", "Bytes stored.", &Traffic::TopicSum::put_bytes);
  native.family("rocketmq_message_size", Type::kHistogram, "Size of the messages stored, in bytes.");
  for (const TopicCensus& t : census.topics) {
    const int64_t nums = std::accumulate(t.traffic.put_nums.begin(), t.traffic.put_nums.end(), int64_t{0});
    const int64_t bytes = std::accumulate(t.traffic.put_bytes.begin(), t.traffic.put_bytes.end(), int64_t{0});
    if (nums > 0) out.histogram({{"topic", t.name}, {"is_system", text(t.system)}}, kSizeBounds, t.traffic.put_sizes, static_cast<double>(bytes));
  }
}

void write_gets(Exposition& out, Native& native, const BrokerView& view, const Census& census) {
  auto counters = [&](std::string_view name, std::string_view help, auto member) {
    native.family(name, Type::kCounter, help);
    for (const GetCensus& g : census.gets) {
      if (const int64_t v = g.traffic.*member; v > 0) {
        out.sample({{"topic", g.topic}, {"consumer_group", g.group}, {"is_system", text(view.meta.topics.is_system(g.topic))}, {"is_retry", text(is_retry_topic(g.topic))}}, v);
      }
    }
  };
  counters("rocketmq_messages_out_total", "Messages pulled.", &Traffic::GroupSum::get_nums);
  counters("rocketmq_throughput_out_total", "Bytes pulled.", &Traffic::GroupSum::get_bytes);
}

void write_lags(Exposition& out, Native& native, const Census& census) {
  auto gauges = [&](std::string_view name, std::string_view help, auto member) {
    native.family(name, Type::kGauge, help);
    for (const LagCensus& l : census.lags) {
      out.sample({{"consumer_group", l.group}, {"topic", l.topic}, {"is_retry", text(l.retry)}, {"is_system", text(l.system)}}, l.*member);
    }
  };
  gauges("rocketmq_consumer_lag_messages", "Messages behind the committed offset.", &LagCensus::lag);
  gauges("rocketmq_consumer_inflight_messages", "Messages pulled and not yet committed.", &LagCensus::inflight);
  gauges("rocketmq_consumer_ready_messages", "Messages not yet pulled.", &LagCensus::ready);
  gauges("rocketmq_consumer_lag_latency_milliseconds", "Age of the oldest message not yet committed.", &LagCensus::latency_ms);
  gauges("rocketmq_consumer_queueing_latency_milliseconds", "Age of the oldest message not yet pulled.", &LagCensus::queueing_ms);
  native.family("merlinmq_consumer_queue_lag_messages", Type::kGauge, "Messages behind the committed offset, by queue.");
  for (const LagCensus& l : census.lags) {
    for (const auto& [id, lag] : l.queue_lags) out.sample({{"consumer_group", l.group}, {"topic", l.topic}, {"queue_id", std::to_string(id)}}, lag);
  }
}

void write_connections(Exposition& out, Native& native, const BrokerView& view) {
  std::map<std::pair<std::string, int32_t>, int64_t> producers;
  for (const std::string& group : view.meta.clients.producer_groups()) {
    for (const ClientChannel& c : view.meta.clients.producers(group)) ++producers[{std::string(wire::language_name(c.language)), c.version}];
  }
  native.family("rocketmq_producer_connections", Type::kGauge, "Producers connected.");
  for (const auto& [key, count] : producers) {
    out.sample({{"language", key.first}, {"version", std::to_string(key.second)}, {"protocol_type", "remoting"}}, count);
  }
  native.family("rocketmq_consumer_connections", Type::kGauge, "Consumers connected.");
  for (const std::string& group : view.meta.clients.consumer_groups()) {
    std::map<std::pair<std::string, int32_t>, int64_t> consumers;
    for (const ClientChannel& c : view.meta.clients.consumers(group)) ++consumers[{std::string(wire::language_name(c.language)), c.version}];
    const auto g = view.meta.clients.consumer_group(group);
    const std::string_view mode = g && g->model == wire::MessageModel::BROADCASTING ? "broadcasting" : "clustering";
    for (const auto& [key, count] : consumers) {
      out.sample({{"consumer_group", group}, {"language", key.first}, {"version", std::to_string(key.second)}, {"consume_mode", mode}, {"protocol_type", "remoting"},
                  {"is_system", "false"}}, count);
    }
  }
}

void write_differences(Exposition& out, Native& native, const BrokerView& view) {
  native.family("merlinmq_consumer_subscriptions_differ", Type::kGauge, "1 while consumers of a group subscribe differently.");
  for (const std::string& group : view.meta.clients.consumer_groups()) {
    if (!view.meta.clients.difference(group).empty()) out.sample({{"consumer_group", group}}, int64_t{1});
  }
}

void write_store(Exposition& out, Native& native, const BrokerView& view) {
  const store::StoreStats s = view.broker.store.stats();
  auto gauge = [&](std::string_view name, std::string_view help, int64_t value) {
    native.family(name, Type::kGauge, help);
    out.sample({{"storage_type", "local"}, {"storage_medium", "disk"}}, value);
  };
  gauge("rocketmq_storage_size_bytes", "Bytes used on the partition of the CommitLog.", s.disk_total_bytes - s.disk_free_bytes);
  gauge("rocketmq_storage_flush_behind_bytes", "Bytes written and not yet durable.", std::max<int64_t>(0, s.commitlog_max - s.flushed));
  gauge("rocketmq_storage_dispatch_behind_bytes", "Bytes not yet in the ConsumeQueues.", std::max<int64_t>(0, s.commitlog_max - s.dispatched));
  const int64_t earliest = earliest_message_ms(view);
  native.family("rocketmq_storage_message_reserve_time_milliseconds", Type::kGauge, "Age of the oldest message kept.");
  out.sample({{"storage_type", "local"}, {"storage_medium", "disk"}}, earliest > 0 ? view.broker.env.clock().now_ms() - earliest : int64_t{0});
  gauge("merlinmq_disk_free_bytes", "Bytes free on the partition of the CommitLog.", s.disk_free_bytes);
  gauge("merlinmq_store_writable", "1 while messages are accepted.", s.writable ? 1 : 0);
  gauge("merlinmq_store_unreadable_files", "CommitLog files of which the disk could not give a part.", s.unreadable_files);
  static constexpr std::array<double, 12> kBounds{0, 10, 50, 100, 200, 500, 1000, 2000, 3000, 4000, 5000, 10000};
  native.family("merlinmq_put_latency_milliseconds", Type::kHistogram, "Time of an append of the store.");
  int64_t sum = 0;
  for (size_t i = 0; i < kBounds.size(); ++i) sum += s.put_distribute[i] * static_cast<int64_t>(kBounds[i]);
  out.histogram({}, kBounds, s.put_distribute, static_cast<double>(sum));
}

}  // namespace

int64_t earliest_message_ms(const BrokerView& view) {
  const auto first = view.broker.store.record_at(view.broker.store.min_phy());
  if (!first) return -1;
  const auto record = decode_record(first->bytes, RecordCheck::kLengths);
  return record ? record->m.storeTimestamp : -1;
}

void write_native_metrics(Exposition& out, const BrokerView& view, const Census& census) {
  Native native(out, view);
  native.family("rocketmq_broker_permission", Type::kGauge, "2 write, 4 read, 6 both.");
  out.sample({}, int64_t{view.broker.config.brokerPermission()});
  native.family("rocketmq_topic_number", Type::kGauge, "Topics of this broker.");
  out.sample({}, static_cast<int64_t>(census.topics.size()));
  native.family("rocketmq_consumer_group_number", Type::kGauge, "Subscription groups of this broker.");
  out.sample({}, static_cast<int64_t>(view.meta.groups.table().subscriptionGroupTable.size()));
  native.family("rocketmq_processor_watermark", Type::kGauge, "Requests that wait: none, each runs to completion on its loop.");
  for (const char* p : {"send", "async_put", "pull", "ack", "query_message", "client_manager", "heartbeat", "lite_pull", "transaction", "consumer_manager", "admin", "reply"}) {
    out.sample({{"processor", p}}, int64_t{0});
  }
  write_topics(out, native, census);
  write_gets(out, native, view, census);
  write_lags(out, native, census);
  write_connections(out, native, view);
  write_differences(out, native, view);
  ops::write_request_latency(out, {{"cluster", view.broker.cluster}, {"node_type", "broker"}, {"node_id", view.broker.broker_name}}, view.handled);
  write_store(out, native, view);
  native.family("merlinmq_connections", Type::kGauge, "Open connections of both ports.");
  out.sample({}, static_cast<int64_t>(view.connections()));
  native.family("merlinmq_registered_nameservers", Type::kGauge, "NameServers that know this broker.");
  out.sample({}, int64_t{view.registered_servers()});
  if (const int64_t ends_s = view.tls_not_after(); ends_s > 0) {
    native.family("merlinmq_tls_certificate_not_after_seconds", Type::kGauge, "When the TLS certificate of the ports ends, in seconds since 1970.");
    out.sample({}, ends_s);
  }
}

}  // namespace mq::broker
