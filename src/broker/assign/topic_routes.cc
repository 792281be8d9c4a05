#include "broker/assign/topic_routes.h"

#include <algorithm>

#include "msg/types.h"
#include "wire/bodies/route.h"

namespace mq::broker {

TopicRoutes::TopicRoutes(BrokerContext& broker, std::function<std::vector<std::string>()> namesrvs)
    : broker_(broker), namesrvs_(std::move(namesrvs)), client_(*broker.ctl, remoting::ClientOptions{.tls = broker.outgoing_tls, .credentials = broker.credentials}) {}

void TopicRoutes::queues(const std::string& topic, Done done) {
  if (topics_.size() >= kMaxTopics && !topics_.contains(topic)) make_room();
  Entry& e = topics_[topic];
  const int64_t now = broker_.env.clock().mono_ms();
  if (e.asked_ms > 0 && now - e.asked_ms < broker_.config.loadBalancePollNameServerInterval() && e.queues) return done(e.queues);
  e.waiting.push_back(std::move(done));
  if (e.waiting.size() == 1) ask(topic, namesrvs_());
}

/// Forgets the half that was asked for longest ago; who waits for an answer stays.
void TopicRoutes::make_room() {
  std::vector<int64_t> asked;
  for (const auto& [topic, e] : topics_) {
    if (e.waiting.empty()) asked.push_back(e.asked_ms);
  }
  if (asked.empty()) return;
  const auto middle = asked.begin() + static_cast<ptrdiff_t>(asked.size() / 2);
  std::nth_element(asked.begin(), middle, asked.end());
  size_t left = asked.size() / 2 + 1;   // of equal age too, no more than these go
  std::erase_if(topics_, [&](const auto& t) { return left > 0 && t.second.waiting.empty() && t.second.asked_ms <= *middle && left-- > 0; });
}

/// The servers in turn until one answers.
void TopicRoutes::ask(const std::string& topic, std::vector<std::string> servers) {
  if (servers.empty()) return finish(topic, false, std::nullopt);
  const std::string addr = std::move(servers.back());
  servers.pop_back();
  client_.call<wire::RequestCode::GET_ROUTEINFO_BY_TOPIC>(addr, {.topic = topic}, {}, kTimeoutMs, [this, topic, servers = std::move(servers)](auto r) mutable {
    if (!r && r.error().code() == Errc::kClosed && broker_.shutting_down.load()) return;
    if (!r) return ask(topic, std::move(servers));
    if (r->code == static_cast<int32_t>(wire::ResponseCode::TOPIC_NOT_EXIST)) return finish(topic, true, std::nullopt);
    const auto route = r->ok() ? wire::topic_route_from(r->body) : Result<wire::TopicRouteData>(fail(Errc::kRefused, r->remark));
    if (!route) return ask(topic, std::move(servers));
    Queues found;
    for (const wire::QueueData& q : route->queueDatas) {
      if (q.perm & perm::kRead) for (int32_t i = 0; i < q.readQueueNums; ++i) found.push_back({topic, q.brokerName, i});
    }
    std::sort(found.begin(), found.end());
    finish(topic, true, std::move(found));
  });
}

void TopicRoutes::finish(const std::string& topic, bool answered, std::optional<Queues> queues) {
  Entry& e = topics_[topic];
  if (answered) {
    e.queues = std::move(queues);
    e.asked_ms = broker_.env.clock().mono_ms();
  }
  const auto waiting = std::exchange(e.waiting, {});
  const auto known = e.queues;
  for (const Done& done : waiting) done(known);
}

}  // namespace mq::broker
