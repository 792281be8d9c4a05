// Queues of topics over all brokers, as the NameServers know them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/assign/allocate.h"
#include "broker/core/context.h"
#include "remoting/client.h"

namespace mq::broker {

/// Lives on ctl (badge of all state: owned by ctl). An answer is kept for loadBalancePollNameServerInterval; one that has become old is
/// still used while no NameServer can be reached.
class TopicRoutes {
 public:
  using Done = std::function<void(const std::optional<Queues>&)>;   // nullopt: no NameServer knows the topic

  /// `namesrvs`: their addresses; called on ctl. Made and destroyed on ctl.
  TopicRoutes(BrokerContext& broker, std::function<std::vector<std::string>()> namesrvs);
  /// Readable queues, sorted. `done` runs on ctl, at once when the answer is at hand.
  void queues(const std::string& topic, Done done);

 private:
  static constexpr int64_t kTimeoutMs = 3000;
  static constexpr size_t kMaxTopics = 10'000;
  struct Entry {
    std::optional<Queues> queues;
    int64_t asked_ms = 0;          // mono; 0: never answered
    std::vector<Done> waiting;     // while a question is under way
  };
  void make_room();
  void ask(const std::string& topic, std::vector<std::string> servers);
  void finish(const std::string& topic, bool answered, std::optional<Queues> queues);

  BrokerContext& broker_;
  std::function<std::vector<std::string>()> namesrvs_;
  std::map<std::string, Entry> topics_;
  remoting::Client client_;        // last: its pending calls end before the rest goes
};

}  // namespace mq::broker
