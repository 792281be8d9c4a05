// StartingClients: what clients asked for in their first seconds, to show a new group its retry topic in time.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "namesrv/route_table.h"
#include "remoting/request.h"

namespace mq::namesrv {

/// A consumer looks for the route of its group's retry topic while it starts, before or while the first heartbeat has the
/// brokers create that topic, and once more some 10 ms later; its third look comes after 30 s, and until then no message is
/// retried, or only those of some brokers. The second look is answered with the route that the heartbeats are about to make:
/// one queue at each broker whose topics this client has asked for; when it asked for none before, at each of the only
/// cluster. Tools look once and see the truth. Badge: owned by the NameServer's loop.
class StartingClients {
 public:
  /// The client was told the route of `topic`, which is no retry topic.
  void told(const remoting::SessionRef& session, std::string_view topic, int64_t now_ms);
  /// The first seconds of the client are not over.
  bool is_starting(const remoting::SessionRef& session, int64_t now_ms) { return starting(session, now_ms) != nullptr; }
  /// What to tell the client of a retry topic: its route, completed by what is foreseen. Nothing: no broker has it.
  std::optional<wire::TopicRouteData> foresee(const remoting::SessionRef& session, std::string_view retry_topic, const RouteTables& tables, int64_t now_ms);

 private:
  static constexpr int64_t kStartMs = 5000;   // how long a client counts as starting
  static constexpr size_t kMostTopics = 16;
  struct Client {
    int64_t until_ms;
    std::vector<std::string> topics;
    std::vector<std::string> missed;
  };
  /// Null when it has started.
  Client* starting(const remoting::SessionRef& session, int64_t now_ms);

  std::unordered_map<const remoting::Session*, Client> clients_;   // the connected ones
};

}  // namespace mq::namesrv
