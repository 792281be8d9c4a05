// The names of rocketmq-exporter, which most dashboards are built on; all are gauges there. Source: spec ops d.1.
#include <algorithm>
#include <map>
#include <numeric>

#include "broker/observe/metrics.h"
#include "msg/names.h"
#include "wire/frame.h"

namespace mq::broker {

namespace {

using ops::Exposition;
using Type = Exposition::Type;

/// Its HELP text is the CamelCase of the name.
std::string camel_case(std::string_view name) {
  std::string out;
  bool upper = true;
  for (const char c : name) {
    if (c == '_') upper = true;
    else out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c, upper = false;
  }
  return out;
}

void gauge_family(Exposition& out, std::string_view name, ops::Labels common = {}) { out.family(name, Type::kGauge, camel_case(name), common); }

void write_topics(Exposition& out, const BrokerView& view, const Census& census) {
  const ops::Labels broker{{"cluster", view.broker.cluster}, {"broker", view.broker.broker_name}};
  gauge_family(out, "rocketmq_producer_offset", broker);
  for (const TopicCensus& t : census.topics) if (!is_retry_topic(t.name) && !is_dlq_topic(t.name)) out.sample({{"topic", t.name}}, t.max_offset_sum);
  gauge_family(out, "rocketmq_topic_retry_offset", broker);
  for (const TopicCensus& t : census.topics) if (is_retry_topic(t.name)) out.sample({{"topic", t.name}}, t.max_offset_sum);
  gauge_family(out, "rocketmq_topic_dlq_offset", broker);
  for (const TopicCensus& t : census.topics) {
    if (is_dlq_topic(t.name)) out.sample({{"group", std::string_view(t.name).substr(kDlqPrefix.size())}}, t.max_offset_sum);
  }
  gauge_family(out, "rocketmq_producer_tps", broker);
  for (const TopicCensus& t : census.topics) out.sample({{"topic", t.name}}, t.put_tps);
  gauge_family(out, "rocketmq_producer_message_size", broker);
  for (const TopicCensus& t : census.topics) out.sample({{"topic", t.name}}, t.put_bytes_per_second);
}

void write_gets(Exposition& out, const BrokerView& view, const Census& census) {
  const ops::Labels broker{{"cluster", view.broker.cluster}, {"broker", view.broker.broker_name}};
  auto gauges = [&](std::string_view name, auto value) {
    gauge_family(out, name, broker);
    for (const GetCensus& g : census.gets) out.sample({{"topic", g.topic}, {"group", g.group}}, value(g));
  };
  gauges("rocketmq_consumer_tps", [](const GetCensus& g) { return g.get_tps; });
  gauges("rocketmq_group_consume_tps", [](const GetCensus& g) { return g.get_tps; });
  gauges("rocketmq_consumer_message_size", [](const GetCensus& g) { return g.get_bytes_per_second; });
  gauges("rocketmq_send_back_nums", [](const GetCensus& g) { return g.traffic.send_back_nums; });
}

void write_lags(Exposition& out, const BrokerView& view, const Census& census) {
  const ops::Labels broker{{"cluster", view.broker.cluster}, {"broker", view.broker.broker_name}};
  auto gauges = [&](std::string_view name, auto member) {
    gauge_family(out, name, broker);
    for (const LagCensus& l : census.lags) out.sample({{"topic", l.topic}, {"group", l.group}}, l.*member);
  };
  gauges("rocketmq_consumer_offset", &LagCensus::committed_sum);
  gauges("rocketmq_group_consume_total_offset", &LagCensus::committed_sum);
  gauges("rocketmq_group_get_latency_by_storetime", &LagCensus::latency_ms);
  auto diffs = [&](std::string_view name, auto wanted) {
    gauge_family(out, name);
    for (const LagCensus& l : census.lags) {
      if (!wanted(l)) continue;
      out.sample({{"group", l.group}, {"topic", l.topic}, {"countOfOnlineConsumers", std::to_string(view.meta.clients.consumers(l.group).size())}, {"msgModel", "1"}}, l.lag);
    }
  };
  diffs("rocketmq_group_diff", [](const LagCensus& l) { return !l.retry && !is_dlq_topic(l.topic); });
  diffs("rocketmq_group_retrydiff", [](const LagCensus& l) { return l.retry; });
  diffs("rocketmq_group_dlqdiff", [](const LagCensus& l) { return is_dlq_topic(l.topic); });
}

void write_clients(Exposition& out, const BrokerView& view) {
  gauge_family(out, "rocketmq_group_count");
  for (const std::string& group : view.meta.clients.consumer_groups()) {
    std::map<std::string, int64_t> by_address;
    for (const ClientChannel& c : view.meta.clients.consumers(group)) ++by_address[c.session->peer_text()];
    for (const auto& [address, count] : by_address) out.sample({{"caddr", address}, {"localaddr", view.broker.addr}, {"group", group}}, count);
  }
  gauge_family(out, "rocketmq_producer_count", {{"cluster", view.broker.cluster}, {"broker", view.broker.broker_name}});
  for (const std::string& group : view.meta.clients.producer_groups()) {
    out.sample({{"group", group}}, static_cast<int64_t>(view.meta.clients.producers(group).size()));
  }
}

void write_broker(Exposition& out, const BrokerView& view, const Census& census) {
  const ops::Labels broker{{"cluster", view.broker.cluster}, {"brokerIP", view.broker.addr}, {"broker", view.broker.broker_name}};
  double puts = 0, gets = 0;
  for (const TopicCensus& t : census.topics) puts += t.put_tps;
  for (const GetCensus& g : census.gets) gets += g.get_tps;
  gauge_family(out, "rocketmq_broker_tps", broker);
  out.sample({}, puts);
  gauge_family(out, "rocketmq_broker_qps", broker);
  out.sample({}, gets);
}

}  // namespace

void write_exporter_metrics(Exposition& out, const BrokerView& view, const Census& census) {
  write_topics(out, view, census);
  write_gets(out, view, census);
  write_lags(out, view, census);
  write_clients(out, view);
  write_broker(out, view, census);
}

/// rocketmq_brokeruntime_*: what the exporter reads from the runtime info.
void write_exporter_runtime(Exposition& out, const BrokerView& view) {
  const store::StoreStats s = view.broker.store.stats();
  const std::string boot = std::to_string(view.broker.boot_ms), version = std::to_string(wire::kOurVersion);
  const ops::Labels labels{{"cluster", view.broker.cluster}, {"brokerIP", view.broker.addr}, {"brokerHost", view.broker.ip},
                           {"des", "V5_3_3"}, {"boottime", boot}, {"broker_version", version}};
  auto gauge = [&](std::string_view name, double value) {
    gauge_family(out, std::string("rocketmq_brokeruntime_").append(name), labels);
    out.sample({}, value);
  };
  static constexpr std::string_view kBuckets[] = {"pmdt_0ms", "pmdt_0to10ms", "pmdt_10to50ms", "pmdt_50to100ms", "pmdt_100to200ms", "pmdt_200to500ms",
                                                  "pmdt_500to1s", "pmdt_1to2s", "pmdt_2to3s", "pmdt_3to4s", "pmdt_4to5s", "pmdt_5to10s", "pmdt_10stomore"};
  for (size_t i = 0; i < std::size(kBuckets); ++i) gauge(kBuckets[i], static_cast<double>(s.put_distribute[i]));
  const auto number = [](int64_t v) { return static_cast<double>(v); };
  gauge("dispatch_behind_bytes", number(std::max<int64_t>(0, s.commitlog_max - s.dispatched)));
  gauge("put_message_size_total", number(s.put_bytes));
  gauge("put_message_average_size", s.put_total > 0 ? number(s.put_bytes) / number(s.put_total) : 0);
  gauge("putmessage_times_total", number(s.put_total));
  gauge("putmessage_entire_time_max", number(s.put_entire_time_max_ms));
  gauge("getmessage_entire_time_max", number(s.get_entire_time_max_ms));
  gauge("remain_howmanydata_toflush", number(std::max<int64_t>(0, s.commitlog_max - s.flushed)));
  gauge("msg_put_total_today_now", number(s.put_total));
  gauge("msg_gettotal_today_now", number(s.get_transferred));
  gauge("commitlog_minoffset", number(s.commitlog_min));
  gauge("commitlog_maxoffset", number(s.commitlog_max));
  gauge("commitlog_disk_ratio", s.commitlog_disk_ratio);
  gauge("consumequeue_disk_ratio", s.consumequeue_disk_ratio);
  gauge("commitlogdir_capacity_total", number(s.disk_total_bytes));
  gauge("commitlogdir_capacity_free", number(s.disk_free_bytes));
  gauge("earliest_message_timestamp", number(earliest_message_ms(view)));
  for (const auto& [name, value] : view.runtime_rates()) gauge(name, value);
  gauge("start_accept_sendrequest_time", number(view.broker.config.startAcceptSendRequestTimeStamp()));
}

std::string write_metrics(const BrokerView& view, const Census& census, size_t max_series, size_t expected, int64_t started_us) {
  Exposition out(max_series, expected);
  write_native_metrics(out, view, census);
  write_exporter_metrics(out, view, census);
  write_exporter_runtime(out, view);
  out.family("merlinmq_scrape_duration_seconds", Type::kGauge, "Time this scrape took before it was sent.");
  out.sample({}, static_cast<double>(view.broker.env.clock().mono_us() - started_us) / 1e6);
  out.family("merlinmq_metrics_dropped_series", Type::kGauge, "Series left out because of metricsMaxSeries.");
  out.sample({}, static_cast<int64_t>(out.dropped()));
  return out.take();
}

}  // namespace mq::broker
