// Administration of topics: 17, 18, 21, 202, 215, 300, 305, 316, 351. Source: spec semantics 2.5-2.6, protocol 6.1, 6.3.
#pragma once

#include <string>

#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

/// Handlers run on the io loop of the connection; a change is answered when it is on the disk and the NameServers know it.
class TopicRoom {
 public:
  TopicRoom(BrokerContext& broker, const Registries& meta) : broker_(broker), meta_(meta) {}

  remoting::Answer create(const wire::CreateTopicHeader& h, remoting::Request& request);
  remoting::Answer create_list(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer get_all(const wire::GetAllTopicConfigHeader& h, remoting::Request& request);
  remoting::Answer remove(const wire::TopicHeader& h, remoting::Request& request);
  remoting::Answer get(const wire::GetTopicConfigHeader& h, remoting::Request& request);
  remoting::Answer system_topics(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer stats(const wire::TopicHeader& h, remoting::Request& request);
  remoting::Answer consumed_by(const wire::TopicHeader& h, remoting::Request& request);
  remoting::Answer clean_unused(const wire::NoHeader&, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::UPDATE_AND_CREATE_TOPIC, &TopicRoom::create>,
                                  remoting::Route<wire::RequestCode::UPDATE_AND_CREATE_TOPIC_LIST, &TopicRoom::create_list>,
                                  remoting::Route<wire::RequestCode::GET_ALL_TOPIC_CONFIG, &TopicRoom::get_all>,
                                  remoting::Route<wire::RequestCode::DELETE_TOPIC_IN_BROKER, &TopicRoom::remove>,
                                  remoting::Route<wire::RequestCode::GET_TOPIC_CONFIG, &TopicRoom::get>,
                                  remoting::Route<wire::RequestCode::GET_SYSTEM_TOPIC_LIST_FROM_BROKER, &TopicRoom::system_topics>,
                                  remoting::Route<wire::RequestCode::GET_TOPIC_STATS_INFO, &TopicRoom::stats>,
                                  remoting::Route<wire::RequestCode::CLEAN_UNUSED_TOPIC, &TopicRoom::clean_unused>,
                                  remoting::Route<wire::RequestCode::QUERY_TOPIC_CONSUME_BY_WHO, &TopicRoom::consumed_by>>;

 private:
  /// Empty when the topic may be created or changed, else why not.
  std::string check(std::string_view topic) const;
  remoting::Answer answer_when_announced(remoting::Request& request);

  BrokerContext& broker_;
  const Registries meta_;
};

}  // namespace mq::broker
