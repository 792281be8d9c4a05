#include "namesrv/namesrv.h"

#include <algorithm>
#include <atomic>

#include "auth/access.h"
#include "base/json.h"
#include "base/log.h"
#include "namesrv/broker_room.h"
#include "namesrv/client_room.h"
#include "namesrv/config_room.h"
#include "ops/condition.h"
#include "ops/http_server.h"
#include "ops/pulse.h"
#include "ops/request_metrics.h"
#include "remoting/server.h"
#include "remoting/tls.h"

namespace mq::namesrv {

namespace {

Logger log("namesrv");
constexpr std::string_view kAccessCluster = "namesrv";   // a NameServer belongs to no cluster; its own requests need Cluster:namesrv
constexpr int64_t kAliveMs = 1000, kCountMs = 1000;

template <class... Rooms>
constexpr bool every_request_has_a_room() {
  return true
#define X(code, name, ...) &&(Rooms::routes::has(wire::RequestCode::name) || ...)
      MQ_NAMESRV_REQUESTS(X)
#undef X
      ;
}
static_assert(every_request_has_a_room<BrokerRoom, ClientRoom, ConfigRoom>());

}  // namespace

struct NameServer::Impl {
  env::Env& env;
  Configs configs;
  KvConfig kv;
  RouteCache cache;
  RouteTables tables;
  std::unique_ptr<NamesrvState> state;
  std::unique_ptr<BrokerRoom> brokers;
  std::unique_ptr<ClientRoom> clients;
  std::unique_ptr<ConfigRoom> config_room;
  std::unique_ptr<auth::Access> access;
  remoting::Router router;
  std::unique_ptr<remoting::Server> server;
  env::Loop* loop = nullptr;
  env::Periodic scan, count, renew_tls;
  ops::HttpServer http;
  std::atomic<int64_t> broker_count{0}, topic_count{0};   // badge: published, each second
  std::atomic<bool> ready{false};                         // badge: published

  Impl(env::Env& e, Configs c)
      : env(e), configs(std::move(c)), kv(e.fs(), configs.namesrv.kvConfigPath()), tables(configs.namesrv, &cache), http(e) {}

  Result<> start() {
    MQ_TRY_VOID(kv.load());
    MQ_TRY_VOID(open_access());
    loop = &env.start_loop("ns");
    loop->be_prompt();
    state.reset(new NamesrvState{.env = env, .loop = *loop, .config = configs.namesrv, .all = configs.all, .kv = kv, .tables = tables,
                                 .cache = cache, .locked_keys = configs.auth ? auth::locked_keys(*configs.auth) : std::vector<std::string>{},
                                 .condition = [this] { return ops::condition(env.clock(), configs.warnings, configs.tls); },
                                 .started_ms = env.clock().mono_ms()});
    brokers = std::make_unique<BrokerRoom>(*state);
    clients = std::make_unique<ClientRoom>(*state);
    config_room = std::make_unique<ConfigRoom>(*state);
    router.mount(*brokers);
    router.mount(*clients);
    router.mount(*config_room);
    if (access) access->mount(router, *loop);
    remoting::ServerOptions options;
    options.host = configs.netty.bindAddress();
    if (options.host == "0.0.0.0" || options.host == "::") options.host.clear();
    options.port = static_cast<uint16_t>(configs.netty.listenPort());
    options.tls = configs.tls;
    options.idle_close_ms = int64_t{configs.netty.serverChannelMaxIdleTimeSeconds()} * 1000;
    server = std::make_unique<remoting::Server>(std::vector<env::Loop*>{loop}, env, router, options);
    MQ_TRY_VOID(server->start());
    env.run_on(*loop, [this] {
      const int64_t period = configs.namesrv.scanNotActiveBrokerInterval.used();
      scan = env::Periodic(*loop, period, period, [this] { expire(); });
      if (configs.tls) renew_tls = configs.tls->look_after(*loop);
      count = env::Periodic(*loop, 0, kCountMs, [this] {
        broker_count.store(static_cast<int64_t>(tables.live_brokers()), std::memory_order_relaxed);
        topic_count.store(static_cast<int64_t>(tables.topics()), std::memory_order_relaxed);
      });
    });
    ready.store(true);
    if (configs.service.httpPort() <= 0) return {};
    return http.start(configs.service.httpAddress(), static_cast<uint16_t>(configs.service.httpPort()),
                      [this](const ops::HttpRequest& request) { return answer(request); });
  }

  /// Users and policies stand beside the KV config.
  Result<> open_access() {
    if (!configs.auth) return {};
    const std::string kv_path = configs.namesrv.kvConfigPath();
    access = std::make_unique<auth::Access>(*configs.auth, env.fs(), kv_path.substr(0, kv_path.rfind('/') + 1) + "auth.json", std::string(kAccessCluster));
    return access->open();
  }

  bool alive() const { return ops::loops_respond(std::span(&loop, 1), kAliveMs); }

  /// On the loop "http". An empty route table is ready: brokers may be late.
  ops::HttpResponse answer(const ops::HttpRequest& request) const {
    const std::string_view path = request.path;
    const bool live = path == "/health/live" || path == "/livez" || path == "/startupz";
    if (live || path == "/health/ready" || path == "/readyz") {
      const bool well = alive() && (live || ready.load());
      return {.status = well ? 200 : 503, .body = well ? "ok\n" : "the loop does not answer, or the server stops\n"};
    }
    if (path == "/metrics") return {.content_type = ops::Exposition::kContentType, .body = metrics()};
    if (path == "/state") {
      Json text = Json::object();
      text.add("brokers", broker_count.load()).add("topics", topic_count.load()).add("connections", static_cast<int64_t>(server->connections()));
      return {.content_type = "application/json", .body = to_text(text) + "\n"};
    }
    return {.status = 404, .body = "/metrics /health/live /health/ready /state\n"};
  }

  std::string metrics() const {
    using Type = ops::Exposition::Type;
    ops::Exposition out(static_cast<size_t>(configs.service.metricsMaxSeries.used()));
    auto gauge = [&out](std::string_view name, std::string_view help, int64_t value) {
      out.family(name, Type::kGauge, help, {{"node_type", "namesrv"}});
      out.sample({}, value);
    };
    gauge("merlinmq_namesrv_brokers", "Brokers registered, masters and slaves.", broker_count.load());
    gauge("merlinmq_namesrv_topics", "Topics in the route tables.", topic_count.load());
    gauge("merlinmq_connections", "Open connections.", static_cast<int64_t>(server->connections()));
    if (const int64_t ends_s = configs.tls ? configs.tls->not_after() : 0; ends_s > 0) {
      gauge("merlinmq_tls_certificate_not_after_seconds", "When the TLS certificate of the port ends, in seconds since 1970.", ends_s);
    }
    ops::write_request_latency(out, {{"node_type", "namesrv"}}, [this](size_t code) { return server->handled(code); });
    return out.take();
  }

  void expire() {
    for (const ChannelId channel : tables.expire(env.clock().mono_ms())) {
      const auto it = state->sessions.find(channel);
      if (it == state->sessions.end()) continue;
      log.warn("the broker at {} was silent for too long and is removed", it->second->peer_text());
      it->second->close();
    }
    brokers->send_min_id_changes();
  }

  void stop() {
    if (!loop) return;
    ready.store(false);
    http.stop();
    env.run_on(*loop, [this] {
      scan.stop();
      count.stop();
      renew_tls.stop();
    });
    if (server) server->stop(true);
    server.reset();
    env.stop_loop(*loop);
    loop = nullptr;
  }
};

NameServer::NameServer(env::Env& env, Configs configs) : impl_(std::make_unique<Impl>(env, std::move(configs))) {}
NameServer::~NameServer() { impl_->stop(); }
Result<> NameServer::start() { return impl_->start(); }
void NameServer::stop() { impl_->stop(); }
bool NameServer::alive() const { return impl_->alive(); }
uint16_t NameServer::port() const noexcept { return impl_->server->port(); }

}  // namespace mq::namesrv
