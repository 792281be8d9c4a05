// Offsets of queues and consumers: 14, 15, 29, 30, 31, 32, 208, 317. Source: spec semantics 13, protocol 4.5, 6.3.
#pragma once

#include "broker/meta/registries.h"
#include "remoting/router.h"
#include "wire/bodies/stats.h"

namespace mq::broker {

/// Handlers run on the io loop of the connection.
class OffsetRoom {
 public:
  OffsetRoom(BrokerContext& broker, const Registries& meta) : broker_(broker), meta_(meta) {}

  remoting::Answer query(const wire::QueryConsumerOffsetHeader& h, remoting::Request& request);
  remoting::Answer update(const wire::UpdateConsumerOffsetHeader& h, remoting::Request& request);
  remoting::Answer search(const wire::SearchOffsetHeader& h, remoting::Request& request);
  remoting::Answer max(const wire::QueueHeader& h, remoting::Request& request);
  remoting::Answer min(const wire::QueueHeader& h, remoting::Request& request);
  remoting::Answer earliest(const wire::QueueHeader& h, remoting::Request& request);
  remoting::Answer consume_stats(const wire::ConsumeStatsHeader& h, remoting::Request& request);
  remoting::Answer broker_consume_stats(const wire::BrokerConsumeStatsHeader& h, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::QUERY_CONSUMER_OFFSET, &OffsetRoom::query>,
                                  remoting::Route<wire::RequestCode::UPDATE_CONSUMER_OFFSET, &OffsetRoom::update>,
                                  remoting::Route<wire::RequestCode::SEARCH_OFFSET_BY_TIMESTAMP, &OffsetRoom::search>,
                                  remoting::Route<wire::RequestCode::GET_MAX_OFFSET, &OffsetRoom::max>,
                                  remoting::Route<wire::RequestCode::GET_MIN_OFFSET, &OffsetRoom::min>,
                                  remoting::Route<wire::RequestCode::GET_EARLIEST_MSG_STORETIME, &OffsetRoom::earliest>,
                                  remoting::Route<wire::RequestCode::GET_CONSUME_STATS, &OffsetRoom::consume_stats>,
                                  remoting::Route<wire::RequestCode::GET_BROKER_CONSUME_STATS, &OffsetRoom::broker_consume_stats>>;

 private:
  /// The group's consumers begin a queue where their CONSUME_FROM_WHERE says.
  bool begins_by_client(std::string_view group, std::string_view topic) const;
  /// Adds the queues of a topic that the group reads; nothing when the broker has no such topic or the group, being online,
  /// does not subscribe to it.
  void add_stats(const std::string& group, const std::string& topic, const std::optional<wire::ConsumerConnection>& connection,
                 wire::ConsumeStats& stats) const;

  BrokerContext& broker_;
  const Registries meta_;
};

}  // namespace mq::broker
