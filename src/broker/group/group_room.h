// Administration of subscription groups: 200, 201, 207, 225, 352. Source: spec semantics 11.1, protocol 6.2.
#pragma once

#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

/// Handlers run on the io loop of the connection; a change is answered when it is on the disk.
class GroupRoom {
 public:
  GroupRoom(BrokerContext& broker, const Registries& meta) : broker_(broker), meta_(meta) {}

  remoting::Answer put(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer put_list(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer get_all(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer remove(const wire::DeleteGroupHeader& h, remoting::Request& request);
  remoting::Answer get(const wire::GroupHeader& h, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, &GroupRoom::put>,
                                  remoting::Route<wire::RequestCode::UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, &GroupRoom::put_list>,
                                  remoting::Route<wire::RequestCode::GET_ALL_SUBSCRIPTIONGROUP_CONFIG, &GroupRoom::get_all>,
                                  remoting::Route<wire::RequestCode::DELETE_SUBSCRIPTIONGROUP, &GroupRoom::remove>,
                                  remoting::Route<wire::RequestCode::GET_SUBSCRIPTIONGROUP_CONFIG, &GroupRoom::get>>;

 private:
  /// The config with its signed attributes applied to those the group has. Errors: kInvalid with Java's text.
  Result<wire::SubscriptionGroupConfig> settled(wire::SubscriptionGroupConfig config) const;
  void put(const wire::SubscriptionGroupConfig& config, const remoting::Request& request);

  remoting::Answer answer_when_kept(remoting::Request& request);

  BrokerContext& broker_;
  const Registries meta_;
};

}  // namespace mq::broker
