// What clients and tools ask of a NameServer about routes: 105, 106, 205, 206, 216, 224, 304, 311-313, 327. Source: spec
// protocol 3.5, 3.6.
#pragma once

#include "namesrv/starting_clients.h"
#include "namesrv/state.h"

namespace mq::namesrv {

class ClientRoom {
 public:
  explicit ClientRoom(NamesrvState& s) : s_(s) {}
  remoting::Answer route(const wire::GetRouteInfoHeader& h, remoting::Request& request);
  remoting::Answer cluster_info(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer wipe(const wire::BrokerNameHeader& h, remoting::Request& request);
  remoting::Answer add(const wire::BrokerNameHeader& h, remoting::Request& request);
  remoting::Answer all_topics(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer delete_topic(const wire::DeleteTopicInNamesrvHeader& h, remoting::Request& request);
  remoting::Answer topics_of_cluster(const wire::GetTopicsByClusterHeader& h, remoting::Request& request);
  remoting::Answer system_topics(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer unit_topics(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer unit_sub_topics(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer unit_sub_not_unit_topics(const wire::NoHeader&, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::GET_ROUTEINFO_BY_TOPIC, &ClientRoom::route>,
                                  remoting::Route<wire::RequestCode::GET_BROKER_CLUSTER_INFO, &ClientRoom::cluster_info>,
                                  remoting::Route<wire::RequestCode::WIPE_WRITE_PERM_OF_BROKER, &ClientRoom::wipe>,
                                  remoting::Route<wire::RequestCode::ADD_WRITE_PERM_OF_BROKER, &ClientRoom::add>,
                                  remoting::Route<wire::RequestCode::GET_ALL_TOPIC_LIST_FROM_NAMESERVER, &ClientRoom::all_topics>,
                                  remoting::Route<wire::RequestCode::DELETE_TOPIC_IN_NAMESRV, &ClientRoom::delete_topic>,
                                  remoting::Route<wire::RequestCode::GET_TOPICS_BY_CLUSTER, &ClientRoom::topics_of_cluster>,
                                  remoting::Route<wire::RequestCode::GET_SYSTEM_TOPIC_LIST_FROM_NS, &ClientRoom::system_topics>,
                                  remoting::Route<wire::RequestCode::GET_UNIT_TOPIC_LIST, &ClientRoom::unit_topics>,
                                  remoting::Route<wire::RequestCode::GET_HAS_UNIT_SUB_TOPIC_LIST, &ClientRoom::unit_sub_topics>,
                                  remoting::Route<wire::RequestCode::GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, &ClientRoom::unit_sub_not_unit_topics>>;

 private:
  remoting::Answer zoned(wire::TopicRouteData route, std::string_view zone, remoting::Request& request);
  remoting::Answer list(const wire::TopicList& topics, bool enabled, remoting::Request& request);
  NamesrvState& s_;
  StartingClients starting_;
};

}  // namespace mq::namesrv
