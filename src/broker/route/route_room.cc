#include "broker/route/route_room.h"

#include <algorithm>

#include "base/crc32.h"
#include "base/log.h"
#include "msg/names.h"
#include "wire/bodies/route.h"

namespace mq::broker {

using wire::RequestCode;

namespace {

Logger log("route");
constexpr int64_t kCallTimeoutMs = 3000;      // of the short calls 104 and 322
constexpr int64_t kAnnounceWaitMs = 1000;
constexpr size_t kMaxRecent = 64;             // turns with changes
constexpr size_t kMaxSingly = 64;             // topics; more are told with the whole table
constexpr int64_t kFirstRetryMs = 500, kLastRetryMs = 3000, kLastRetryRefusedMs = 10'000;

}  // namespace

RouteRoom::RouteRoom(BrokerContext& broker, const Registries& meta) : broker_(broker), meta_(meta) {
  broker.env.run_on(*broker.ctl, [this] {
    client_ = std::make_unique<remoting::Client>(*broker_.ctl, remoting::ClientOptions{.tls = broker_.outgoing_tls, .credentials = broker_.credentials});
    client_->on_lost([this](const std::string& addr, const Error& why) { lost(addr, why); });
    list_ = std::make_unique<NamesrvList>(*broker_.ctl, [this] { adopt_list(); });
  });
}

RouteRoom::~RouteRoom() {
  broker_.env.run_on(*broker_.ctl, [this] {
    timer_.stop();
    list_.reset();
    broker_.ctl->cancel(wait_timer_);
    for (const auto& [addr, server] : servers_) broker_.ctl->cancel(server->retry_timer);
    stopped_ = true;
    client_.reset();
  });
}

std::vector<std::string> RouteRoom::namesrvs() const {
  std::vector<std::string> found;
  for (const NamesrvAddr& a : list_->all()) found.push_back(a.addr);
  return found;
}

void RouteRoom::start() {
  broker_.env.run_on(*broker_.ctl, [this] {
    const int64_t period_ms = broker_.config.registerNameServerPeriod.used();
    timer_ = env::Periodic(*broker_.ctl, period_ms, period_ms, [this] { period(); });
    list_changed();
  });
}

void RouteRoom::stop() {
  broker_.env.run_on(*broker_.ctl, [this] {
    if (stopped_) return;
    timer_.stop();
    list_->stop();
    stopped_ = true;
    for (const auto& [addr, server] : servers_) {
      broker_.ctl->cancel(std::exchange(server->retry_timer, 0));
      unregister_at(addr, [] {});
    }
    answer_waiters();
  });
}

// ---- What there is to announce -----------------------------------------------------------------------------------

void RouteRoom::topic_changed(std::string_view topic) noexcept {
  {
    MutexLock lock(mu_);
    everything_changed_ |= topic.empty() || changed_topics_.size() == kMaxSingly;
    if (!everything_changed_) changed_topics_.emplace_back(topic);
  }
  wake();
}

void RouteRoom::namesrv_list_changed() noexcept {
  (void)broker_.ctl->post([this] { list_changed(); });   // a full queue: with the next period
}

void RouteRoom::when_announced(env::Loop& loop, Task done) noexcept {
  {
    MutexLock lock(mu_);
    waiting_.push_back({.loop = &loop, .done = std::move(done)});
  }
  wake();
}

void RouteRoom::wake() noexcept {
  {
    MutexLock lock(mu_);
    if (std::exchange(woken_, true)) return;
  }
  if (broker_.ctl->post([this] { take_changes(); })) return;
  MutexLock lock(mu_);
  woken_ = false;
}

void RouteRoom::take_changes() {
  bool changed = false;
  std::vector<std::string> topics;
  {
    MutexLock lock(mu_);
    woken_ = false;
    changed = everything_changed_ || !changed_topics_.empty();
    topics = std::exchange(changed_topics_, {});
    if (std::exchange(everything_changed_, false)) topics.clear();
    for (Waiter& w : waiting_) in_wait_.push_back(std::move(w));
    waiting_.clear();
  }
  if (changed) {
    recent_.push_back({++change_, std::move(topics)});
    if (recent_.size() > kMaxRecent) recent_.pop_front();
  }
  for (Waiter& w : in_wait_) {
    if (w.change != 0) continue;
    w.change = change_;
    w.until_ms = broker_.env.clock().mono_ms() + kAnnounceWaitMs;
  }
  if (changed && !stopped_) advance_all(false);
  answer_waiters();
}

/// All listed servers have been told, but for those that do not answer.
bool RouteRoom::told(uint64_t change) const {
  return !list_->awaited() && std::ranges::all_of(servers_, [change](const auto& s) {
    const Server& server = *s.second;
    return !server.listed || server.announced >= change || server.failing() || server.silent;
  });
}

/// A server that does not answer must not hold back what waits for the announcement: not for long, and only once.
void RouteRoom::answer_waiters() {
  const int64_t now_ms = broker_.env.clock().mono_ms();
  std::vector<Waiter> ready, left;
  for (Waiter& w : in_wait_) {
    const bool late = now_ms >= w.until_ms;
    if (late) {
      for (const auto& [addr, server] : servers_) server->silent |= server->announced < w.change;
    }
    (late || stopped_ || told(w.change) ? ready : left).push_back(std::move(w));
  }
  in_wait_ = std::move(left);
  broker_.ctl->cancel(std::exchange(wait_timer_, 0));
  if (!in_wait_.empty()) {
    wait_timer_ = broker_.ctl->after(in_wait_.front().until_ms - now_ms, [this] {
      wait_timer_ = 0;
      answer_waiters();
    });
  }
  for (Waiter& w : ready) (void)w.loop->post(std::move(w.done));
}

// ---- Which servers there are -------------------------------------------------------------------------------------

void RouteRoom::period() {
  list_changed();   // a full queue of ctl may have kept that from it
  const bool force = broker_.config.forceRegister();
  for (const auto& [addr, server] : servers_) (force ? server->whole_due : server->question_due) = true;
  take_changes();   // also those that ctl's full queue did not take
  advance_all(false);
}

void RouteRoom::list_changed() {
  if (stopped_) return;
  list_->configure(broker_.config.namesrvAddr());
  adopt_list();
}

void RouteRoom::adopt_list() {
  if (stopped_) return;
  const std::vector<NamesrvAddr>& all = list_->all();
  for (const NamesrvAddr& a : all) {
    ServerRef& server = servers_[a.addr];
    if (!server) server = std::make_shared<Server>();
    server->at = a;
    server->listed = true;
    client_->set_server_name(a.addr, a.host());
  }
  std::vector<ServerRef> gone;
  for (const auto& [addr, server] : servers_) {
    if (std::ranges::find(all, addr, &NamesrvAddr::addr) == all.end()) gone.push_back(server);
  }
  for (const ServerRef& server : gone) unlist(server);
  count_servers();
  advance_all(false);
  answer_waiters();
}

void RouteRoom::unlist(const ServerRef& server) {
  server->listed = false;
  if (server->leaving) return;
  if (list_->configured(server->at.entry)) {
    if (!server->in_touch && !server->under_way) drop(server);
    return;
  }
  server->leaving = true;
  log.info("NameServer {} is no longer in namesrvAddr: unregistered", server->at.to_string());
  unregister_at(server->at.addr, [this, server] {
    if (stopped_) return;
    server->leaving = server->in_touch = false;
    if (server->listed) advance(server);   // it was put back meanwhile
    else drop(server);
  });
}

void RouteRoom::drop(const ServerRef& server) {
  broker_.ctl->cancel(std::exchange(server->retry_timer, 0));
  const std::string addr = server->at.addr;   // `server` may be the map's own
  if (servers_.erase(addr) == 0) return;
  client_->close(addr);
  client_->set_server_name(addr, {});
  advance_all(true);
}

// ---- One server --------------------------------------------------------------------------------------------------

void RouteRoom::advance_all(bool whole) {
  std::vector<ServerRef> all;
  for (const auto& [addr, server] : servers_) all.push_back(server);
  for (const ServerRef& server : all) {
    server->whole_due |= whole;
    advance(server);
  }
}

void RouteRoom::advance(const ServerRef& server) {
  Server& s = *server;
  if (stopped_ || s.leaving || s.under_way || s.retry_timer != 0) return;
  if (!s.in_touch || s.whole_due) return register_at(server);
  if (s.announced < change_) {
    const auto news = news_for(s);
    return news ? register_topics(server, *news) : register_at(server);
  }
  if (s.question_due) ask(server);
}

/// The topics that have changed since the server was told something last; none when it must be told everything.
std::optional<std::set<std::string>> RouteRoom::news_for(const Server& server) const {
  if (!server.singly || server.singly_refused || recent_.empty() || recent_.front().number > server.announced + 1) return std::nullopt;
  std::set<std::string> topics;
  for (const Change& c : recent_) {
    if (c.number <= server.announced) continue;
    if (c.topics.empty()) return std::nullopt;
    topics.insert(c.topics.begin(), c.topics.end());
    if (topics.size() > kMaxSingly) return std::nullopt;
  }
  return topics;
}

void RouteRoom::register_topics(const ServerRef& server, const std::set<std::string>& topics) {
  server->under_way = true;
  struct Left {
    size_t count = 1;   // this call's own
    bool failed = false;
  };
  const auto left = std::make_shared<Left>();
  auto one_done = [this, server, left, change = change_](bool well) {
    left->failed |= !well;
    if (--left->count > 0 || stopped_) return;
    if (!left->failed) return answered(server, change, false, {});
    server->under_way = false;
    server->whole_due = true;
    advance(server);
  };
  for (const std::string& name : topics) {
    const TopicRef topic = meta_.topics.find(name);
    if (!topic) continue;   // deleted meanwhile, which NameServers are not told, as by Java
    const wire::TopicConfig c = meta_.topics.as_registered(*topic);
    wire::TopicRouteData route;
    route.queueDatas.push_back({broker_.broker_name, c.readQueueNums, c.writeQueueNums, c.perm, c.topicSysFlag});
    ++left->count;
    client_->call<RequestCode::REGISTER_TOPIC_IN_NAMESRV>(server->at.addr, {name}, as_bytes(to_text(to_json(route))), kCallTimeoutMs, [one_done, server](auto result) mutable {
      server->singly_refused |= result && !result->ok();
      one_done(result && result->ok());
    });
    if (c.order) continue;
    // The answer to a whole registration would tell. Who does not answer this tells with the next one.
    ++left->count;
    client_->call<RequestCode::GET_KV_CONFIG>(server->at.addr, {std::string(kOrderTopicNamespace), name}, {}, kCallTimeoutMs, [this, one_done, name](auto result) mutable {
      if (!stopped_ && result && result->ok()) adopt_order(name);
      one_done(true);
    });
  }
  one_done(true);
}

/// brokerIP2:haListenPort. Not configured it is the port above listenPort: Java clears the field's own default at start.
std::string RouteRoom::ha_addr() const {
  const std::string ip = broker_.config.brokerIP2().empty() ? broker_.ip : broker_.config.brokerIP2();
  const auto& option = broker_.store_config.haListenPort;
  const bool configured = option() > 0 && option.text() != option.default_text();
  return env::Endpoint{ip, static_cast<uint16_t>(configured ? option() : broker_.config.listenPort() + 1)}.to_string();
}

void RouteRoom::register_at(const ServerRef& server) {
  wire::RegisterBrokerBody body;
  body.topics = meta_.topics.table(true);
  body.has_filter_servers = true;
  const std::string text = wire::encode_register_body(body);
  wire::RegisterBrokerHeader h;
  h.brokerName = broker_.broker_name;
  h.brokerAddr = broker_.addr;
  h.clusterName = broker_.cluster;
  h.haServerAddr = ha_addr();
  h.brokerId = broker_.config.brokerId();
  h.enableActingMaster = false;
  h.bodyCrc32 = static_cast<int32_t>(crc32(as_bytes(text)) & 0x7FFFFFFF);
  server->under_way = true;
  server->whole_due = server->question_due = false;
  const int64_t timeout = broker_.config.registerBrokerTimeoutMills.used();
  client_->call<RequestCode::REGISTER_BROKER>(server->at.addr, h, as_bytes(text), timeout, [this, server, change = change_](auto result) {
    if (stopped_) return;
    if (result && result->ok() && !result->body.empty()) adopt_order_topics(result->body);
    server->singly = result && result->ok() && result->version >= wire::kVersion5;
    answered(server, change, result.has_value(), !result ? result.error().message() : result->ok() ? std::string() : result->remark);
  });
}

/// forceRegister=false: 322 tells whether the server has our DataVersion (and counts as a sign of life there). A server
/// that fails to say so is registered at.
void RouteRoom::ask(const ServerRef& server) {
  const wire::QueryDataVersionHeader h{broker_.broker_name, broker_.addr, broker_.cluster, broker_.config.brokerId()};
  const std::string version = to_text(to_json(meta_.topics.data_version()));
  server->under_way = true;
  server->question_due = false;
  client_->call<RequestCode::QUERY_DATA_VERSION>(server->at.addr, h, as_bytes(version), kCallTimeoutMs, [this, server](auto result) {
    if (stopped_) return;
    server->under_way = false;
    server->whole_due |= !result || !result->ok() || result->header.changed.value_or(true);
    advance(server);
  });
}

/// A registration is done; what went wrong is said once until it changes.
void RouteRoom::answered(const ServerRef& server, uint64_t change, bool refused, std::string error) {
  Server& s = *server;
  s.under_way = s.silent = false;
  s.in_touch = error.empty();
  if (error != s.error) {
    if (error.empty()) log.info("registered at NameServer {}", s.at.to_string());
    else log.warn("registration at NameServer {} failed: {}; tried again until it succeeds", s.at.to_string(), error);
  }
  s.error = std::move(error);
  if (s.in_touch) {
    s.announced = std::max(s.announced, change);
    s.retry_ms = 0;
    advance(server);
  } else {
    // What has not answered in time may be dead without a word: the next attempt makes a connection of its own.
    if (!refused) client_->close(s.at.addr);
    if (!s.listed && !s.leaving) drop(server);
    else retry_later(server, refused ? kLastRetryRefusedMs : kLastRetryMs);
  }
  count_servers();
  answer_waiters();
}

/// A NameServer often comes up just after its brokers.
void RouteRoom::retry_later(const ServerRef& server, int64_t longest_ms) {
  if (server->retry_timer != 0) return;
  server->retry_ms = std::clamp(server->retry_ms * 2, kFirstRetryMs, longest_ms);
  server->retry_timer = broker_.ctl->after(server->retry_ms, [this, server] {
    server->retry_timer = 0;
    advance(server);
  });
}

/// A NameServer that was started again knows no broker until each registers: soon, not with the next period.
void RouteRoom::lost(const std::string& addr, const Error& why) {
  const auto it = servers_.find(addr);
  if (stopped_ || it == servers_.end()) return;
  const ServerRef server = it->second;
  server->singly_refused = false;
  if (std::exchange(server->in_touch, false)) log.info("the connection to NameServer {} has ended ({})", server->at.to_string(), why.message());
  if (!server->listed && !server->leaving && !server->under_way) return drop(server);
  if (!server->under_way) retry_later(server, kLastRetryMs);
  count_servers();
}

void RouteRoom::count_servers() {
  int32_t registered = 0;
  bool amiss = false;
  for (const auto& [addr, server] : servers_) {
    registered += server->listed && server->error && server->error->empty();
    amiss |= server->listed && (server->failing() || (server->error && !server->in_touch));
  }
  registered_count_.store(registered, std::memory_order_relaxed);
  list_->set_amiss(amiss);
}

/// The NameServer's namespace ORDER_TOPIC_CONFIG comes with each answer: topics named there become ordered.
/// QUIRK: as in Java they stay so when the entry goes.
void RouteRoom::adopt_order_topics(std::string_view kv_table) {
  const auto table = wire::kv_table_from(kv_table);
  if (!table) return;
  for (const auto& [name, queues] : table->table) adopt_order(name);
}

void RouteRoom::adopt_order(const std::string& name) {
  const TopicRef topic = meta_.topics.find(name);
  if (!topic || topic->config()->order) return;
  wire::TopicConfig config = *topic->config();
  config.order = true;
  meta_.topics.put(config);
  log.info("topic {} is ordered: the NameServer's ORDER_TOPIC_CONFIG names it", name);
}

void RouteRoom::unregister_at(const std::string& addr, UniqueFunction<void()> done) {
  wire::UnregisterBrokerHeader h{broker_.broker_name, broker_.addr, broker_.cluster, broker_.config.brokerId()};
  client_->call<RequestCode::UNREGISTER_BROKER>(addr, h, {}, kCallTimeoutMs, [done = std::move(done)](auto) mutable { done(); });
}

}  // namespace mq::broker
