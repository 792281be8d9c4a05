#include "namesrv/namesrv.h"

#include <algorithm>

#include "base/log.h"
#include "namesrv/broker_room.h"
#include "namesrv/client_room.h"
#include "namesrv/config_room.h"
#include "ops/pulse.h"
#include "remoting/server.h"

namespace mq::namesrv {

namespace {

Logger log("namesrv");

template <wire::RequestCode C, class R> struct Has : std::false_type {};
template <wire::RequestCode C, class... R>
struct Has<C, remoting::Routes<R...>> : std::bool_constant<((R::code == C) || ...)> {};
template <class... Rooms>
constexpr bool every_request_has_a_room() {
  return true
#define X(code, name, ...) &&(Has<wire::RequestCode::name, typename Rooms::routes>::value || ...)
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
  remoting::Router router;
  std::unique_ptr<remoting::Server> server;
  env::Loop* loop = nullptr;
  env::Periodic scan;

  Impl(env::Env& e, Configs c)
      : env(e), configs(std::move(c)), kv(e.fs(), configs.namesrv.kvConfigPath()), tables(configs.namesrv, &cache) {}

  Result<> start() {
    MQ_TRY_VOID(kv.load());
    loop = &env.start_loop("ns");
    state.reset(new NamesrvState{.env = env, .loop = *loop, .config = configs.namesrv, .all = configs.all, .kv = kv, .tables = tables,
                                 .cache = cache, .started_ms = env.clock().mono_ms()});
    brokers = std::make_unique<BrokerRoom>(*state);
    clients = std::make_unique<ClientRoom>(*state);
    config_room = std::make_unique<ConfigRoom>(*state);
    router.mount(*brokers);
    router.mount(*clients);
    router.mount(*config_room);
    remoting::ServerOptions options;
    options.host = configs.netty.bindAddress();
    if (options.host == "0.0.0.0" || options.host == "::") options.host.clear();
    options.port = static_cast<uint16_t>(configs.netty.listenPort());
    options.idle_close_ms = int64_t{configs.netty.serverChannelMaxIdleTimeSeconds()} * 1000;
    server = std::make_unique<remoting::Server>(std::vector<env::Loop*>{loop}, env, router, options);
    MQ_TRY_VOID(server->start());
    env.run_on(*loop, [this] {
      const int64_t period = std::max<int64_t>(100, configs.namesrv.scanNotActiveBrokerInterval());
      scan = env::Periodic(*loop, period, period, [this] { expire(); });
    });
    return {};
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
    env.run_on(*loop, [this] { scan.stop(); });
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
bool NameServer::alive() const { return ops::loops_respond(std::span(&impl_->loop, 1), 1000); }
uint16_t NameServer::port() const noexcept { return impl_->server->port(); }

}  // namespace mq::namesrv
