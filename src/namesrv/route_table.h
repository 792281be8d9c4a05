// The NameServer's routes as a state machine: structs and times in, structs out; no I/O, no clock, no thread.
//
//   RouteTables tables(config);
//   tables.register_broker(registration, now_ms);          // 103
//   std::optional<wire::TopicRouteData> r = tables.route("TopicA");   // 105
//
// Nothing here survives a restart: brokers register again within seconds (spec protocol 3.1).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "namesrv/config.h"
#include "wire/bodies/route.h"
#include "wire/bodies/topic_config.h"

namespace mq::namesrv {

/// Names the connection a broker registered over; later ones are greater. 0: none.
using ChannelId = uint64_t;

inline constexpr int64_t kMasterId = 0;
inline constexpr int64_t kDefaultBrokerTimeoutMs = 120'000;

/// Who a broker says it is.
struct BrokerIdent {
  std::string cluster;
  std::string addr;   // "ip:port"
  std::string name;
  int64_t id = 0;
};

/// REGISTER_BROKER, decoded.
struct Registration {
  BrokerIdent broker;
  std::string ha_addr;
  std::optional<int64_t> timeout_ms;        // absent: kDefaultBrokerTimeoutMs
  std::optional<bool> enable_acting_master; // absent: a broker older than 5.0
  std::optional<std::string> zone_name;
  wire::RegisterBrokerBody body;
  ChannelId channel = 0;
};

struct Registered {
  bool accepted = true;                    // false: answered "register broker failed"
  std::optional<std::string> master_addr;  // for a slave whose master is alive
  std::optional<std::string> ha_addr;
};

/// NOTIFY_MIN_BROKER_ID_CHANGE: to be sent to each of `to`.
struct MinIdChange {
  std::vector<std::string> to;
  int64_t min_id = 0;
  std::string min_addr;
  std::optional<std::string> offline_addr;
  std::optional<std::string> ha_addr;
};

/// What a change of the tables makes of cached routes.
class RouteListener {
 public:
  virtual ~RouteListener() = default;
  virtual void topic_changed(std::string_view topic) = 0;
  virtual void all_changed() = 0;
};

/// Badge: owned by the NameServer's loop, as all its members.
class RouteTables {
 public:
  /// `listener` may be null. Both outlive the tables. Options are read at each use, so that updates count at once.
  RouteTables(const NamesrvConfig& config, RouteListener* listener) : config_(config), listener_(listener) {}

  /// Units:  all `now_ms` here are of a clock that never goes back: a clock that is set must not expire brokers.
  /// Source: spec protocol 3.2, steps 1 to 10.
  Registered register_broker(const Registration& r, int64_t now_ms);
  /// REGISTER_TOPIC_IN_NAMESRV. Stops silently at a queue of an unknown broker, as Java.
  void register_topic(const std::string& topic, const std::vector<wire::QueueData>& queues);
  /// UNREGISTER_BROKER. Ignored when the address is registered under another id by now, or last over another connection than
  /// `channel`, over which it was registered before: a late farewell must not end a fresh registration.
  void unregister_broker(const BrokerIdent& broker, ChannelId channel);
  /// All that this connection registered, and nothing that another one has registered again since.
  void channel_closed(ChannelId channel);
  /// Removes brokers that were silent for longer than their time-out; returns their channels, to be closed.
  std::vector<ChannelId> expire(int64_t now_ms);

  /// The stored version; nullopt for an unknown broker.
  std::optional<wire::DataVersion> data_version(std::string_view cluster, std::string_view addr) const;
  /// A sign of life (322, 904). Unknown: nothing.
  void touch(std::string_view cluster, std::string_view addr, int64_t now_ms);

  /// nullopt: no such topic or none of its brokers is known. Without orderTopicConf, which is the KV config's.
  std::optional<wire::TopicRouteData> route(std::string_view topic) const;
  wire::ClusterInfo cluster_info() const;
  std::map<int64_t, std::string> members(std::string_view broker_name) const;
  wire::TopicList all_topics() const;
  wire::TopicList topics_of_cluster(std::string_view cluster) const;
  /// Names of clusters and brokers, and the address of one broker to be asked for its own system topics.
  wire::TopicList system_topics() const;
  /// Topics whose first queue's topicSysFlag satisfies the test (unit lists 311, 312, 313).
  wire::TopicList topics_with(bool (*test)(int32_t topic_sys_flag)) const;

  /// Both return how many topics of the broker were touched.
  int32_t wipe_write_perm(std::string_view broker_name);
  int32_t add_write_perm(std::string_view broker_name);   // QUIRK: sets perm to 6 whatever it was; pinned by R07
  /// Without a cluster the whole topic, else only the queues of that cluster's brokers.
  void delete_topic(std::string_view topic, const std::optional<std::string>& cluster);

  /// Notifications that have come up since the last call (only with notifyMinBrokerIdChanged).
  std::vector<MinIdChange> take_min_id_changes() { return std::exchange(min_id_changes_, {}); }

  size_t live_brokers() const noexcept { return live_.size(); }
  size_t topics() const noexcept { return topics_.size(); }

 private:
  using LiveKey = std::pair<std::string, std::string>;   // cluster, address
  struct Live {
    BrokerIdent broker;
    int64_t last_update_ms = 0;
    int64_t timeout_ms = kDefaultBrokerTimeoutMs;
    wire::DataVersion version;
    ChannelId channel = 0;
    std::string ha_addr;
    std::vector<std::string> filter_servers;
  };
  struct Topic {
    std::map<std::string, wire::QueueData, std::less<>> queues;   // by brokerName
    std::map<std::string, Json, std::less<>> mappings;            // TopicQueueMappingInfo by bname
  };
  using Topics = std::map<std::string, Topic, std::less<>>;

  const Live* find_live(std::string_view cluster, std::string_view addr) const;
  bool refused(const Registration& r);
  void take_topics(const Registration& r, bool first, bool prime_slave, const wire::BrokerData& group);
  void drop_absent_topics(const std::string& broker_name, const wire::TopicConfigTable& table);
  void refresh_live(const Registration& r, int64_t now_ms);
  void remove(const BrokerIdent& broker);
  void remove_group(const std::string& broker_name);
  void wipe_masterless(const std::string& broker_name);
  Topics::iterator remove_queues(Topics::iterator topic, std::string_view broker_name);
  int32_t set_perm(std::string_view broker_name, int32_t (*perm)(int32_t));
  void show_acting_masters(std::string_view topic, wire::TopicRouteData& route) const;
  void note_min_id(const wire::BrokerData& group, std::optional<std::string> offline, std::optional<std::string> ha);
  void changed(std::string_view topic) { if (listener_) listener_->topic_changed(topic); }
  void changed() { if (listener_) listener_->all_changed(); }

  const NamesrvConfig& config_;
  RouteListener* const listener_;
  Topics topics_;
  std::map<std::string, wire::BrokerData, std::less<>> groups_;               // by brokerName; never without an address
  std::map<std::string, std::set<std::string>, std::less<>> clusters_;        // brokerNames; never empty
  std::map<LiveKey, Live> live_;
  std::vector<MinIdChange> min_id_changes_;
};

}  // namespace mq::namesrv
