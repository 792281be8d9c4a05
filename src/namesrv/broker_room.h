// What brokers ask of a NameServer: 103, 104, 217, 322, 901, 904. Source: spec protocol 3.2-3.4.
#pragma once

#include "namesrv/state.h"

namespace mq::namesrv {

class BrokerRoom {
 public:
  explicit BrokerRoom(NamesrvState& s) : s_(s) {}
  remoting::Answer register_broker(const wire::RegisterBrokerHeader& h, remoting::Request& request);
  remoting::Answer unregister_broker(const wire::UnregisterBrokerHeader& h, remoting::Request& request);
  remoting::Answer register_topic(const wire::TopicHeader& h, remoting::Request& request);
  remoting::Answer data_version(const wire::QueryDataVersionHeader& h, remoting::Request& request);
  remoting::Answer members(const wire::BrokerMemberGroupHeader& h, remoting::Request& request);
  remoting::Answer heartbeat(const wire::BrokerHeartbeatHeader& h, remoting::Request& request);
  /// Tells members about a new smallest id (notifyMinBrokerIdChanged).
  void send_min_id_changes();

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::REGISTER_BROKER, &BrokerRoom::register_broker>,
                                  remoting::Route<wire::RequestCode::UNREGISTER_BROKER, &BrokerRoom::unregister_broker>,
                                  remoting::Route<wire::RequestCode::REGISTER_TOPIC_IN_NAMESRV, &BrokerRoom::register_topic>,
                                  remoting::Route<wire::RequestCode::QUERY_DATA_VERSION, &BrokerRoom::data_version>,
                                  remoting::Route<wire::RequestCode::GET_BROKER_MEMBER_GROUP, &BrokerRoom::members>,
                                  remoting::Route<wire::RequestCode::BROKER_HEARTBEAT, &BrokerRoom::heartbeat>>;

 private:
  NamesrvState& s_;
};

}  // namespace mq::namesrv
