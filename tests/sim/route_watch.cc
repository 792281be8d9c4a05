#include "route_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/headers/namesrv.h"

namespace mq::sim {

using wire::RequestCode;
using wire::ResponseCode;

RouteWatch::RouteWatch(size_t namesrvs, RouteBounds bounds, std::string cluster, std::function<bool(size_t)> in_contact)
    : bounds_(bounds), in_contact_(std::move(in_contact)), contacts_(namesrvs) {
  demand_.cluster = std::move(cluster);
}

void RouteWatch::note(int64_t now_ms) {
  for (size_t i = 0; i < contacts_.size(); ++i) {
    const bool now = in_contact_(i);
    if (now != contacts_[i].now) contacts_[i] = {.now = now, .since_ms = now_ms};
  }
}

void RouteWatch::moved(std::string addr, int64_t now_ms) {
  if (!demand_.addr.empty() && demand_.addr == addr) return;
  demand_.addr = addr;
  demand_.old_addrs.push_back(std::move(addr));
  changed_ms_ = now_ms;
}

void RouteWatch::may_have(wire::QueueData queue_data) {
  demand_.old_queue_datas.push_back(queue_data);
  demand_.queue_datas.push_back(std::move(queue_data));
}

void RouteWatch::has(wire::QueueData queue_data, int64_t now_ms) {
  if (exists_ && demand_.queue_datas == std::vector{queue_data}) return;
  demand_.queue_datas = {std::move(queue_data)};
  exists_ = true;
  changed_ms_ = now_ms;
}

RouteDemand::Presence RouteWatch::presence(const Contact& contact, int64_t asked_ms) const {
  if (!contact.now) {
    return asked_ms - contact.since_ms > bounds_.gone_ms ? RouteDemand::Presence::kGone : RouteDemand::Presence::kAny;
  }
  const bool there = exists_ && asked_ms - std::max(contact.since_ms, changed_ms_) > bounds_.there_ms;
  return there ? RouteDemand::Presence::kThere : RouteDemand::Presence::kAny;
}

void RouteWatch::judge(size_t namesrv, int64_t asked_ms, int64_t now_ms, const std::optional<wire::TopicRouteData>& route) {
  note(now_ms);   // a contact that ended while the question was under way began now
  Contact& contact = contacts_[namesrv];
  demand_.presence = presence(contact, asked_ms);
  const Violations found = check_route(fmt::format("NameServer {}", namesrv), route, demand_);
  for (const std::string& violation : found) violations.push_back(fmt::format("{} ({} ms after contact {})", violation, asked_ms - contact.since_ms,
                                                                              contact.now ? "began" : "ended"));
  if (demand_.presence != RouteDemand::Presence::kAny && found.empty()) contact.proven_ms = asked_ms;
}

bool RouteWatch::all_proven_since(int64_t ms) const {
  return std::all_of(contacts_.begin(), contacts_.end(), [ms](const Contact& c) { return c.proven_ms >= ms; });
}

// --- Watcher --------------------------------------------------------------------------------------------------------

Watcher::Watcher(env::SimMachine& machine, env::SimRng& dice, const Directory& directory, env::SimWorld& world, std::string topic,
                 RouteWatch& watch)
    : Peer(machine, "watcher", dice, directory), world_(world), topic_(std::move(topic)), watch_(watch) {}

void Watcher::start() {
  machine_.env().run_on(loop_, [this] {
    for (size_t i = 0; i < directory_.namesrvs.size(); ++i) ask(i);
  });
}

void Watcher::ask(size_t namesrv) {
  const int64_t asked_ms = world_.now_ms();
  const wire::GetRouteInfoHeader header{.topic = topic_};
  client_->call<RequestCode::GET_ROUTEINFO_BY_TOPIC>(directory_.namesrvs[namesrv], header, {}, 1000, [this, namesrv, asked_ms](auto answer) {
    if (!live()) return;
    if (answer) {
      const bool none = answer->code == static_cast<int32_t>(ResponseCode::TOPIC_NOT_EXIST);
      auto route = none ? Result<wire::TopicRouteData>() : wire::topic_route_from(answer->body);
      if (!route || (!none && !answer->ok())) {
        watch_.violations.push_back(fmt::format("routes: NameServer {} answers {} {}", namesrv, answer->code, answer->remark));
      } else {
        watch_.judge(namesrv, asked_ms, world_.now_ms(), none ? std::nullopt : std::optional(std::move(*route)));
      }
    }
    later(dice_.between(200, 2000), [this, namesrv] { ask(namesrv); });
  });
}

}  // namespace mq::sim
