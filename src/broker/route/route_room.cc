#include "broker/route/route_room.h"

#include <algorithm>

#include "base/crc32.h"
#include "base/log.h"

namespace mq::broker {

using wire::RequestCode;

namespace {

Logger log("route");
constexpr int64_t kCallTimeoutMs = 3000;
constexpr int64_t kAnnounceWaitMs = 1000;

}  // namespace

RouteRoom::RouteRoom(BrokerContext& broker, const Registries& meta) : broker_(broker), meta_(meta) {
  broker.env.run_on(*broker.ctl, [this] { client_ = std::make_unique<remoting::Client>(*broker_.ctl); });
}

RouteRoom::~RouteRoom() {
  broker_.env.run_on(*broker_.ctl, [this] {
    timer_.stop();
    client_.reset();
  });
}

std::vector<std::string> RouteRoom::namesrvs() const {
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
    timer_ = env::Periodic(*broker_.ctl, period, period, [this] { request_round(); });
  });
  request_round();
}

void RouteRoom::stop() {
  broker_.env.run_on(*broker_.ctl, [this] {
    timer_.stop();
    stopped_ = true;
    for (const std::string& addr : registered_at_) unregister_at(addr, [] {});
    finish_round();
  });
}

void RouteRoom::topic_changed(std::string_view) noexcept { request_round(); }

void RouteRoom::namesrv_list_changed() noexcept { request_round(); }

void RouteRoom::when_announced(env::Loop& loop, Task done) noexcept {
  {
    MutexLock lock(mu_);
    waiting_.push_back({&loop, std::move(done)});
  }
  request_round();
}

void RouteRoom::request_round() noexcept {
  {
    MutexLock lock(mu_);
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
  {
    MutexLock lock(mu_);
    asked_ = false;
    for (Waiter& w : waiting_) in_round_.push_back(std::move(w));
    waiting_.clear();
  }
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
  broker_.ctl->after(kAnnounceWaitMs, [this] {
    std::vector<Waiter> late = std::move(in_round_);
    in_round_.clear();
    for (Waiter& w : late) (void)w.loop->post(std::move(w.done));
  });
  for (const std::string& addr : servers) register_at(addr);
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
  h.haServerAddr = broker_.ip + ":" + std::to_string(broker_.config.listenPort() + 1);
  h.brokerId = broker_.config.brokerId();
  h.enableActingMaster = false;
  h.bodyCrc32 = static_cast<int32_t>(crc32(as_bytes(text)) & 0x7FFFFFFF);
  client_->call<RequestCode::REGISTER_BROKER>(addr, h, as_bytes(text), kCallTimeoutMs, [this, addr](auto result) {
    std::string error;
    if (!result) error = result.error().message();
    else if (!result->ok()) error = result->remark;
    const bool first_time = !failing_.contains(addr);
    std::string& last = failing_[addr];
    if (error != last || first_time) {
      if (error.empty()) log.info("registered at NameServer {}", addr);
      else log.warn("registration at NameServer {} failed: {}; tried again every {} ms", addr, error, broker_.config.registerNameServerPeriod());
      last = error;
    }
    if (--under_way_ == 0) finish_round();
  });
}

void RouteRoom::unregister_at(const std::string& addr, UniqueFunction<void()> done) {
  wire::UnregisterBrokerHeader h{broker_.broker_name, broker_.addr, broker_.cluster, broker_.config.brokerId()};
  client_->call<RequestCode::UNREGISTER_BROKER>(addr, h, {}, kCallTimeoutMs, [done = std::move(done)](auto) mutable { done(); });
}

void RouteRoom::finish_round() {
  std::vector<Waiter> ready = std::move(in_round_);
  in_round_.clear();
  for (Waiter& w : ready) (void)w.loop->post(std::move(w.done));
  if (std::exchange(again_, false)) start_round();
}

}  // namespace mq::broker
