// The broker's HTTP port: /metrics, /health/live, /health/ready, /state. Source: spec ops (d), (g).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/meta/registries.h"
#include "ops/http_server.h"
#include "ops/service_config.h"
#include "remoting/server.h"

namespace mq::broker {

/// What the observers look at once the broker is up. The pointers outlive serve()..stop().
struct BrokerView {
  BrokerContext& broker;
  const Registries meta;
  std::function<int32_t()> registered_servers;
  std::function<remoting::RequestMeter::Row(size_t code)> handled;   // over both ports
  std::function<size_t()> connections;
  std::function<int64_t()> tls_not_after;   // seconds since the epoch, 0: there is no certificate
  std::function<std::vector<std::pair<std::string, double>>()> runtime_rates;   // "put_tps10" -> 1.5
};

/// start() opens the port before the store recovers, so that a long recovery is seen as alive and not yet ready.
/// All calls but the handler from the thread that starts and stops the broker.
class ObserveRoom {
 public:
  ObserveRoom(env::Env& env, const ops::ServiceConfig& config, const BrokerConfig& broker, std::function<bool()> alive);
  ~ObserveRoom();
  /// The port is httpPort, else metricsPromExporterPort when metricsExporterType asks for Prometheus, else none.
  /// Errors: kBusy naming the port.
  Result<> start();
  void serve(BrokerView view);
  /// Not ready from now on.
  void drain() noexcept { draining_.store(true, std::memory_order_release); }
  void stop();

 private:
  struct Served;
  ops::HttpResponse answer(const ops::HttpRequest& request);
  ops::HttpResponse ready() const;
  ops::HttpResponse metrics();
  ops::HttpResponse state();

  const ops::ServiceConfig& config_;
  const BrokerConfig& broker_config_;
  const std::function<bool()> alive_;
  env::Env& env_;
  ops::HttpServer http_;
  std::unique_ptr<Served> served_;               // badge: owned by the loop "http" once published
  std::atomic<Served*> published_{nullptr};      // badge: published
  std::atomic<bool> draining_{false};            // badge: published
};

}  // namespace mq::broker
