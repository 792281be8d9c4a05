// QUERY_MESSAGE (12) and VIEW_MESSAGE_BY_ID (33), served on a read loop; QUERY_CONSUME_QUEUE (321). Source: spec semantics 14, protocol 4.7.
#pragma once


#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

class QueryRoom {
 public:
  QueryRoom(BrokerContext& broker, const Registries& meta) : broker_(broker), meta_(meta) {}
  remoting::Answer query(const wire::QueryMessageHeader& h, remoting::Request& request);
  remoting::Answer view(const wire::ViewMessageHeader& h, remoting::Request& request);
  remoting::Answer consume_queue(const wire::QueryConsumeQueueHeader& h, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::QUERY_MESSAGE, &QueryRoom::query>,
                                  remoting::Route<wire::RequestCode::QUERY_CONSUME_QUEUE, &QueryRoom::consume_queue>,
                                  remoting::Route<wire::RequestCode::VIEW_MESSAGE_BY_ID, &QueryRoom::view>>;

 private:
  static constexpr int32_t kMostEntries = 10'000;  // of one answer to 321
  static constexpr int32_t kUniqueKeyMax = 32;   // defaultQueryMaxNum
  using Work = UniqueFunction<UniqueFunction<void(remoting::Responder&)>()>;
  /// Any thread. Runs `work` on a read loop and what it returns on the request's loop.
  void elsewhere(remoting::Responder responder, Work work);

  /// One entry of an answer to 321. `subscription` null: nobody asks whether it matches.
  Json queue_entry(const store::Queue& q, int64_t index, std::string_view group, const wire::SubscriptionData* subscription) const;

  BrokerContext& broker_;
  const Registries meta_;
};

}  // namespace mq::broker
