// Registration of clients: 34, 35, 38, 46, 203, 204, 328, 343, 345, and NOTIFY_CONSUMER_IDS_CHANGED (40) to members. Source: spec semantics
// 11, protocol 4.4.
#pragma once

#include <atomic>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/badges.h"
#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

/// Handlers run on the io loop of the connection; the expiry scan on ctl.
class ClientRoom {
 public:
  ClientRoom(BrokerContext& broker, const Registries& meta);
  /// Starts the scan for silent clients. Not from a loop.
  void start();
  void stop();

  /// Tells the members of a clustering group that it has changed, and that they should balance: at once, and a group of many not again before as
  /// many milliseconds as it has members. Otherwise a thousand consumers that start together are told a million times. Any loop.
  void notify(const std::string& group);

  remoting::Answer heartbeat(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer unregister(const wire::UnregisterClientHeader& h, remoting::Request& request);
  remoting::Answer consumer_list(const wire::ConsumerGroupHeader& h, remoting::Request& request);
  remoting::Answer check_config(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer consumer_connections(const wire::ConsumerGroupHeader& h, remoting::Request& request);
  remoting::Answer producer_connections(const wire::ProducerGroupHeader& h, remoting::Request& request);
  remoting::Answer all_producers(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer topics_by_consumer(const wire::GroupHeader& h, remoting::Request& request);
  remoting::Answer subscription_by_consumer(const wire::TopicGroupHeader& h, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::GET_ALL_PRODUCER_INFO, &ClientRoom::all_producers>,
                                  remoting::Route<wire::RequestCode::QUERY_TOPICS_BY_CONSUMER, &ClientRoom::topics_by_consumer>,
                                  remoting::Route<wire::RequestCode::QUERY_SUBSCRIPTION_BY_CONSUMER, &ClientRoom::subscription_by_consumer>,
                                  remoting::Route<wire::RequestCode::HEART_BEAT, &ClientRoom::heartbeat>,
                                  remoting::Route<wire::RequestCode::UNREGISTER_CLIENT, &ClientRoom::unregister>,
                                  remoting::Route<wire::RequestCode::GET_CONSUMER_LIST_BY_GROUP, &ClientRoom::consumer_list>,
                                  remoting::Route<wire::RequestCode::CHECK_CLIENT_CONFIG, &ClientRoom::check_config>,
                                  remoting::Route<wire::RequestCode::GET_CONSUMER_CONNECTION_LIST, &ClientRoom::consumer_connections>,
                                  remoting::Route<wire::RequestCode::GET_PRODUCER_CONNECTION_LIST, &ClientRoom::producer_connections>>;

 private:
  static constexpr int64_t kExpiryMs = 120'000;
  static constexpr int64_t kScanMs = 10'000;
  static constexpr int64_t kRouteMs = 1000;   // a starting client has its routes by then
  static constexpr size_t kFewMembers = 16;   // that are told of each change

  void register_group(const wire::ConsumerData& data, const ClientChannel& channel, bool without_sub);
  void tell(const std::string& group);
  void be_quiet(const std::string& group, int64_t ms);
  /// Runs `task` on ctl in `delay_ms`. False: ctl takes nothing now.
  bool later_on_ctl(int64_t delay_ms, Task task);
  /// Once more, unless something else tells them before, when the members have looked for the new retry topic's route: they balance
  /// what they know.
  void notify_again(const std::string& group);
  /// A member has gone: the others are told; with the last one the filters of the group die.
  void member_left(const std::string& group);
  void watch(const remoting::SessionRef& session);
  /// The stored fingerprint of a group's subscriptions was another one; stores this one.
  bool fingerprint_changed(const std::string& group, int32_t fingerprint);

  BrokerContext& broker_;
  const Registries meta_;
  std::vector<std::unordered_set<const remoting::Session*>> watched_;   // by io_index; badge: owned by that loop
  Mutex mu_;
  std::unordered_map<std::string, int32_t> fingerprints_ GUARDED_BY(mu_);
  std::unordered_set<std::string> again_ GUARDED_BY(mu_);               // groups to be told once more
  std::unordered_map<std::string, bool> quiet_ GUARDED_BY(mu_);         // large groups that were told just now; true: changed since
  env::Periodic scan_;                                                  // badge: owned by ctl
};

}  // namespace mq::broker
