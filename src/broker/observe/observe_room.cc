#include "broker/observe/observe_room.h"

#include "base/json.h"
#include "broker/observe/census.h"
#include "broker/observe/metrics.h"

namespace mq::broker {

using ops::HttpResponse;

struct ObserveRoom::Served {
  explicit Served(BrokerView v) : view(std::move(v)), census(view.broker, view.meta) {}
  BrokerView view;
  CensusTaker census;
  size_t metrics_bytes = 1 << 16;   // of the last text
};

namespace {

HttpResponse unready(std::string_view why) { return {.status = 503, .body = std::string(why) + "\n"}; }

}  // namespace

ObserveRoom::ObserveRoom(env::Env& env, const ops::ServiceConfig& config, const BrokerConfig& broker, std::function<bool()> alive)
    : config_(config), broker_config_(broker), alive_(std::move(alive)), env_(env), http_(env) {}

ObserveRoom::~ObserveRoom() { stop(); }

Result<> ObserveRoom::start() {
  int32_t port = config_.httpPort();
  std::string host = config_.httpAddress();
  if (const std::string type = broker_config_.metricsExporterType(); port <= 0 && (type == "PROM" || type == "2")) {
    port = broker_config_.metricsPromExporterPort();
    host = broker_config_.metricsPromExporterHost();   // empty: everywhere; Java binds to brokerIP1, which may be outside
  }
  if (port <= 0) return {};
  return http_.start(host, static_cast<uint16_t>(port), [this](const ops::HttpRequest& r) { return answer(r); });
}

void ObserveRoom::serve(BrokerView view) {
  served_ = std::make_unique<Served>(std::move(view));
  published_.store(served_.get(), std::memory_order_release);
}

void ObserveRoom::stop() {
  drain();
  http_.stop();
  published_.store(nullptr, std::memory_order_release);
  served_.reset();
}

HttpResponse ObserveRoom::answer(const ops::HttpRequest& request) {
  const std::string_view path = request.path;
  if (path == "/health/live" || path == "/livez") return alive_() ? HttpResponse{.body = "alive\n"} : unready("a loop has not answered within a second");
  if (path == "/health/ready" || path == "/readyz") return ready();
  if (path == "/startupz") return published_.load(std::memory_order_acquire) ? HttpResponse{.body = "started\n"} : unready("the store recovers");
  if (path == "/metrics") return metrics();
  if (path == "/state") return state();
  if (path == "/") return {.body = "/metrics /health/live /health/ready /startupz /state\n"};
  return {.status = 404, .body = "not found\n"};
}

/// A full disk does not make it unready: consumers must still get their messages.
HttpResponse ObserveRoom::ready() const {
  const Served* served = published_.load(std::memory_order_acquire);
  if (!served) return unready("the store recovers");
  if (draining_.load(std::memory_order_acquire)) return unready("stopping");
  if (!served->view.broker.config.namesrvAddr().empty() && served->view.registered_servers() == 0) return unready("registered at no NameServer");
  const store::StoreStats s = served->view.broker.store.stats();
  std::string text = "ready\n";
  if (!s.writable) text += "takes no messages: " + s.why_not_writable + "\n";
  if (s.unreadable_files > 0) text += std::to_string(s.unreadable_files) + " CommitLog files cannot be read in whole; the log names them\n";
  return {.body = std::move(text)};
}

HttpResponse ObserveRoom::metrics() {
  Served* served = published_.load(std::memory_order_acquire);
  if (!served) return unready("the store recovers");
  const int64_t started_us = env_.clock().mono_us();
  const Census census = served->census.take();
  std::string text = write_metrics(served->view, census, static_cast<size_t>(config_.metricsMaxSeries.used()), served->metrics_bytes + served->metrics_bytes / 8, started_us);
  served->metrics_bytes = text.size();
  return {.content_type = ops::Exposition::kContentType, .body = std::move(text)};
}

HttpResponse ObserveRoom::state() {
  Served* served = published_.load(std::memory_order_acquire);
  if (!served) return unready("the store recovers");
  const BrokerView& v = served->view;
  const store::StoreStats s = v.broker.store.stats();
  Json topics = Json::array(), lags = Json::array();
  const Census census = served->census.take();
  for (const TopicCensus& t : census.topics) topics.push(Json::object().add("topic", t.name).add("maxOffset", t.max_offset_sum).add("putTps", t.put_tps));
  for (const LagCensus& l : census.lags) {
    lags.push(Json::object().add("group", l.group).add("topic", l.topic).add("lag", l.lag).add("inflight", l.inflight).add("latencyMs", l.latency_ms));
  }
  Json out = Json::object();
  out.add("brokerName", v.broker.broker_name).add("brokerClusterName", v.broker.cluster).add("brokerAddr", v.broker.addr);
  out.add("bootTimestamp", v.broker.boot_ms).add("registeredNameServers", v.registered_servers()).add("connections", static_cast<int64_t>(v.connections()));
  out.add("commitLogMinOffset", s.commitlog_min).add("commitLogMaxOffset", s.commitlog_max).add("flushedOffset", s.flushed);
  out.add("writable", s.writable).add("whyNotWritable", s.why_not_writable).add("diskRatio", s.commitlog_disk_ratio);
  out.add("unreadableFiles", s.unreadable_files);
  out.add("topics", std::move(topics)).add("lags", std::move(lags));
  return {.content_type = "application/json", .body = to_text(out) + "\n"};
}

}  // namespace mq::broker
