#include "broker/route/route_room.h"

#include <algorithm>

#include "base/crc32.h"
#include "base/log.h"
#include "wire/bodies/route.h"

namespace mq::broker {

using wire::RequestCode;

namespace {

Logger log("route");
constexpr int64_t kCallTimeoutMs = 3000;      // of the short calls 104 and 322
constexpr int64_t kAnnounceWaitMs = 1000;
constexpr int64_t kFirstRetryMs = 500, kLastRetryMs = 10'000;
constexpr int64_t kLookUpMs = 10'000;

}  // namespace

RouteRoom::RouteRoom(BrokerContext& broker, const Registries& meta) : broker_(broker), meta_(meta) {
  broker.env.run_on(*broker.ctl, [this] {
    client_ = std::make_unique<remoting::Client>(*broker_.ctl, remoting::ClientOptions{.tls = broker_.outgoing_tls, .credentials = broker_.credentials});
    client_->on_lost([this](const std::string& addr, const Error& why) { lost(addr, why); });
  });
}

RouteRoom::~RouteRoom() {
  broker_.env.run_on(*broker_.ctl, [this] {
    timer_.stop();
    broker_.ctl->cancel(late_timer_);
    broker_.ctl->cancel(retry_timer_);
    broker_.ctl->cancel(lost_timer_);
    alive_.reset();
    stopped_ = true;
    client_.reset();
  });
}

std::vector<std::string> RouteRoom::namesrvs() const {
  std::vector<std::string> found;
  for (const std::string& one : configured()) {
    const auto it = expanded_.find(one);
    if (it == expanded_.end()) found.push_back(one);
    else found.insert(found.end(), it->second.begin(), it->second.end());
  }
  return found;
}

/// Runs `then` at once when no name is to be looked up, else when all answers are there.
void RouteRoom::look_up_names(UniqueFunction<void()> then) {
  const std::vector<std::string> list = configured();
  std::vector<env::Endpoint> names;
  for (const std::string& one : list) {
    if (const auto endpoint = env::Endpoint::parse(one); endpoint && endpoint->ip_bytes().empty()) names.push_back(*endpoint);
  }
  const int64_t now_ms = broker_.env.clock().mono_ms();
  if (names.empty() || (list == looked_up_ && now_ms - looked_up_ms_ < kLookUpMs)) return then();
  looked_up_ = list;
  looked_up_ms_ = now_ms;
  struct Left {
    size_t count;
    UniqueFunction<void()> then;
  };
  const auto left = std::make_shared<Left>(Left{names.size(), std::move(then)});
  for (const env::Endpoint& name : names) {
    broker_.ctl->net().resolve(name.host, kAnnounceWaitMs, [this, left, name, alive = std::weak_ptr<int>(alive_)](Result<std::vector<std::string>> ips) {
      if (alive.expired()) return;
      const std::string key = name.to_string();
      if (ips && ips->size() > 1) {
        std::vector<std::string>& all = expanded_[key];
        all.clear();
        for (const std::string& ip : *ips) all.push_back(env::Endpoint{ip, name.port}.to_string());
        std::ranges::sort(all);
      } else if (ips) {
        expanded_.erase(key);   // a failed look-up changes nothing
      }
      if (--left->count == 0) left->then();
    });
  }
}

std::vector<std::string> RouteRoom::configured() const {
  std::vector<std::string> found;
  const std::string list = broker_.config.namesrvAddr();
  std::string_view rest = list;
  while (!rest.empty()) {
    const size_t end = rest.find_first_of(";,");
    std::string_view one = rest.substr(0, end);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (!one.empty() && std::find(found.begin(), found.end(), one) == found.end()) found.emplace_back(one);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return found;
}

void RouteRoom::start() {
  broker_.env.run_on(*broker_.ctl, [this] {
    const int64_t period = std::clamp<int64_t>(broker_.config.registerNameServerPeriod(), 10'000, 60'000);
    timer_ = env::Periodic(*broker_.ctl, period, period, [this] { request_round(Why::kPeriod); });
  });
  request_round(Why::kChange);
}

void RouteRoom::stop() {
  broker_.env.run_on(*broker_.ctl, [this] {
    if (stopped_) return;
    timer_.stop();
    stopped_ = true;
    for (const std::string& addr : registered_at_) unregister_at(addr, [] {});
    finish_round();
  });
}

void RouteRoom::topic_changed(std::string_view) noexcept { request_round(Why::kChange); }

void RouteRoom::namesrv_list_changed() noexcept { request_round(Why::kChange); }

void RouteRoom::when_announced(env::Loop& loop, Task done) noexcept {
  {
    MutexLock lock(mu_);
    waiting_.push_back({&loop, std::move(done)});
  }
  request_round(Why::kChange);
}

void RouteRoom::request_round(Why why) noexcept {
  {
    MutexLock lock(mu_);
    if (why == Why::kChange) changed_ = true;
    if (asked_) return;
    asked_ = true;
  }
  if (!broker_.ctl->post([this] { start_round(); })) {
    MutexLock lock(mu_);
    asked_ = false;
  }
}

/// One registration at every server; changes that come meanwhile are carried by the next one.
void RouteRoom::start_round() {
  if (under_way_ > 0) {
    again_ = true;
    return;
  }
  bool force = broker_.config.forceRegister();
  {
    MutexLock lock(mu_);
    asked_ = false;
    force = std::exchange(changed_, false) || force;
    for (Waiter& w : waiting_) in_round_.push_back(std::move(w));
    waiting_.clear();
  }
  if (stopped_) return finish_round();
  under_way_ = 1;   // the look-up: what changes meanwhile waits
  look_up_names([this, force] {
    under_way_ = 0;
    begin_round(force);
  });
}

void RouteRoom::begin_round(bool force) {
  if (stopped_) return finish_round();
  const std::vector<std::string> servers = namesrvs();
  for (const std::string& old : registered_at_) {
    if (std::find(servers.begin(), servers.end(), old) == servers.end()) {
      unregister_at(old, [this, old] { client_->close(old); });
    }
  }
  registered_at_ = servers;
  under_way_ = static_cast<int32_t>(servers.size());
  if (servers.empty()) return finish_round();
  // A server that does not answer must not hold back what waits for the announcement.
  broker_.ctl->cancel(late_timer_);
  late_timer_ = broker_.ctl->after(kAnnounceWaitMs, [this] { answer_waiters(); });
  for (const std::string& addr : servers) force ? register_at(addr) : register_if_unknown(addr);
}

/// brokerIP2:haListenPort. Not configured it is the port above listenPort: Java clears the field's own default at start.
std::string RouteRoom::ha_addr() const {
  const std::string ip = broker_.config.brokerIP2().empty() ? broker_.ip : broker_.config.brokerIP2();
  const auto& option = broker_.store_config.haListenPort;
  const bool configured = option() > 0 && option.text() != option.default_text();
  return env::Endpoint{ip, static_cast<uint16_t>(configured ? option() : broker_.config.listenPort() + 1)}.to_string();
}

void RouteRoom::register_at(const std::string& addr) {
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
  const int64_t timeout = std::max<int64_t>(kCallTimeoutMs, broker_.config.registerBrokerTimeoutMills());
  client_->call<RequestCode::REGISTER_BROKER>(addr, h, as_bytes(text), timeout, [this, addr](auto result) {
    if (stopped_) return;
    if (result && result->ok() && !result->body.empty()) adopt_order_topics(result->body);
    registered(addr, !result ? result.error().message() : result->ok() ? std::string() : result->remark);
  });
}

/// forceRegister=false: 322 tells whether the server has our DataVersion (and counts as a sign of life there). A server
/// that fails to say so is registered at.
void RouteRoom::register_if_unknown(const std::string& addr) {
  const wire::QueryDataVersionHeader h{broker_.broker_name, broker_.addr, broker_.cluster, broker_.config.brokerId()};
  const std::string version = to_text(to_json(meta_.topics.data_version()));
  client_->call<RequestCode::QUERY_DATA_VERSION>(addr, h, as_bytes(version), kCallTimeoutMs, [this, addr](auto result) {
    if (stopped_) return;
    if (!result || !result->ok() || result->header.changed.value_or(true)) return register_at(addr);
    registered(addr, {});
  });
}

/// One server of the round is done; what went wrong is said once until it changes.
void RouteRoom::registered(const std::string& addr, const std::string& error) {
  const bool first_time = !failing_.contains(addr);
  std::string& last = failing_[addr];
  if (error != last || first_time) {
    if (error.empty()) log.info("registered at NameServer {}", addr);
    else log.warn("registration at NameServer {} failed: {}; tried again every {} ms", addr, error, broker_.config.registerNameServerPeriod());
    last = error;
  }
  registered_count_.store(static_cast<int32_t>(std::ranges::count_if(registered_at_, [this](const std::string& a) {
                            const auto it = failing_.find(a);
                            return it != failing_.end() && it->second.empty();
                          })), std::memory_order_relaxed);
  if (--under_way_ > 0) return;
  retry_failed();
  finish_round();
}

/// Those that failed get another registration soon: a NameServer often comes up just after its brokers.
void RouteRoom::retry_failed() {
  broker_.ctl->cancel(std::exchange(retry_timer_, 0));
  std::vector<std::string> failed;
  for (const std::string& addr : registered_at_) {
    if (const auto it = failing_.find(addr); it != failing_.end() && !it->second.empty()) failed.push_back(addr);
  }
  if (failed.empty() || stopped_) {
    retry_ms_ = 0;
    return;
  }
  retry_ms_ = std::clamp(retry_ms_ * 2, kFirstRetryMs, kLastRetryMs);
  retry_timer_ = broker_.ctl->after(retry_ms_, [this, failed] {
    retry_timer_ = 0;
    if (stopped_ || under_way_ > 0) return;   // a round under way asks all of them anyway
    under_way_ = static_cast<int32_t>(failed.size());
    for (const std::string& addr : failed) register_at(addr);
  });
}

/// A NameServer that was started again knows no broker until each registers: soon, not with the next period.
void RouteRoom::lost(const std::string& addr, const Error& why) {
  if (stopped_ || lost_timer_ != 0 || std::ranges::find(registered_at_, addr) == registered_at_.end()) return;
  log.info("the connection to NameServer {} has ended ({}): registered again", addr, why.message());
  lost_timer_ = broker_.ctl->after(kFirstRetryMs, [this] {
    lost_timer_ = 0;
    looked_up_.clear();   // a name may lead elsewhere now
    request_round(Why::kPeriod);
  });
}

/// The NameServer's namespace ORDER_TOPIC_CONFIG comes with each answer: topics named there become ordered.
/// QUIRK: as in Java they stay so when the entry goes.
void RouteRoom::adopt_order_topics(std::string_view kv_table) {
  const auto table = wire::kv_table_from(kv_table);
  if (!table) return;
  for (const auto& [name, queues] : table->table) {
    const TopicRef topic = meta_.topics.find(name);
    if (!topic || topic->config()->order) continue;
    wire::TopicConfig config = *topic->config();
    config.order = true;
    meta_.topics.put(config);
    log.info("topic {} is ordered: the NameServer's ORDER_TOPIC_CONFIG names it", name);
  }
}

void RouteRoom::unregister_at(const std::string& addr, UniqueFunction<void()> done) {
  wire::UnregisterBrokerHeader h{broker_.broker_name, broker_.addr, broker_.cluster, broker_.config.brokerId()};
  client_->call<RequestCode::UNREGISTER_BROKER>(addr, h, {}, kCallTimeoutMs, [done = std::move(done)](auto) mutable { done(); });
}

void RouteRoom::answer_waiters() {
  std::vector<Waiter> ready = std::move(in_round_);
  in_round_.clear();
  for (Waiter& w : ready) (void)w.loop->post(std::move(w.done));
}

void RouteRoom::finish_round() {
  broker_.ctl->cancel(std::exchange(late_timer_, 0));
  answer_waiters();
  if (std::exchange(again_, false)) start_round();
}

}  // namespace mq::broker
