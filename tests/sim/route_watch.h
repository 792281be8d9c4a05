// Watches what the NameServers tell about one topic of one broker, all through a run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "clients.h"
#include "invariants.h"

namespace mq::sim {

/// How long it may take until a NameServer shows what it should.
struct RouteBounds {
  int64_t there_ms = 0;         // from the first moment of an undisturbed contact
  int64_t gone_ms = 126'000;    // from its last: the expiry of 120 s, the scan's period, and a second
};

/// Judges each answer by how long broker and NameServer have been able to talk, or not. `in_contact` tells whether they
/// are now; note() must be called at each change and right before the first answer after it, so it is called often.
class RouteWatch {
 public:
  RouteWatch(size_t namesrvs, RouteBounds bounds, std::string cluster, std::function<bool(size_t namesrv)> in_contact);

  void note(int64_t now_ms);
  /// The broker has this address and no other one from now on.
  void moved(std::string addr, int64_t now_ms);
  /// The topic may be given these queues from now on; nobody can say yet whether it was.
  void may_have(wire::QueueData queue_data);
  /// It has these queues and no others.
  void has(wire::QueueData queue_data, int64_t now_ms);
  /// What was asked at `asked_ms` has been answered now.
  void judge(size_t namesrv, int64_t asked_ms, int64_t now_ms, const std::optional<wire::TopicRouteData>& route);
  /// True when all NameServers have been asked after `ms`, were held to something, and did well.
  bool all_proven_since(int64_t ms) const;
  Violations violations;

 private:
  struct Contact {
    bool now = false;
    int64_t since_ms = 0;        // that it is so
    int64_t proven_ms = -1;      // asked then: more than kAny was demanded, and was so
  };
  RouteDemand::Presence presence(const Contact& contact, int64_t asked_ms) const;

  const RouteBounds bounds_;
  const std::function<bool(size_t)> in_contact_;
  std::vector<Contact> contacts_;
  RouteDemand demand_;
  int64_t changed_ms_ = 0;       // address or queues
  bool exists_ = false;          // has() was called
};

/// Asks all NameServers for the topic's route, again and again.
class Watcher final : public Peer {
 public:
  Watcher(env::SimMachine& machine, env::SimRng& dice, const Directory& directory, env::SimWorld& world, std::string topic,
          RouteWatch& watch);
  ~Watcher() override { close(); }
  void start();

 private:
  void ask(size_t namesrv);

  env::SimWorld& world_;
  const std::string topic_;
  RouteWatch& watch_;
};

}  // namespace mq::sim
