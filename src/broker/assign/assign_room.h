// What a client of a group gets of a topic, and how: QUERY_ASSIGNMENT (400), SET_MESSAGE_REQUEST_MODE (401), config/messageRequestMode.json.
// Source: spec semantics 17, protocol 5.6.
#pragma once

#include <map>
#include <string>

#include "base/badges.h"
#include "broker/assign/topic_routes.h"
#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

/// Handlers run on the io loop of the connection; routes are asked and the file is written on ctl.
class AssignRoom {
 public:
  /// `namesrvs`: addresses to ask; called on ctl.
  AssignRoom(BrokerContext& broker, const Registries& meta, std::function<std::vector<std::string>()> namesrvs)
      : broker_(broker), meta_(meta), namesrvs_(std::move(namesrvs)) {}
  /// Reads the file. Before the first request, not from a loop.
  void start();
  /// Questions that wait for a NameServer stay without an answer. Not from a loop.
  void stop();

  remoting::Answer query(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer set_mode(const wire::NoHeader&, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::QUERY_ASSIGNMENT, &AssignRoom::query>,
                                  remoting::Route<wire::RequestCode::SET_MESSAGE_REQUEST_MODE, &AssignRoom::set_mode>>;

 private:
  struct Mode {
    bool pop = false;
    int32_t share_queues = 0;   // popShareQueueNum
  };
  using Key = std::pair<std::string, std::string>;   // topic, group
  struct Question {
    std::string topic, group, client, strategy;
    bool broadcasting = false;
  };

  Mode mode_of(const std::string& topic, const std::string& group) const;
  /// nullopt: no result, the client keeps what it has.
  std::optional<Queues> assigned(const Question& q, Mode mode, const std::optional<Queues>& all) const;
  std::string answer_body(const Question& q, const std::optional<Queues>& all) const;
  std::string path() const;
  Json to_json() const;

  BrokerContext& broker_;
  const Registries meta_;
  const std::function<std::vector<std::string>()> namesrvs_;
  std::unique_ptr<TopicRoutes> routes_;      // badge: owned by ctl
  mutable Mutex mu_;
  std::map<Key, Mode> modes_ GUARDED_BY(mu_);
};

}  // namespace mq::broker
