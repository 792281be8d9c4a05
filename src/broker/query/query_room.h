// QUERY_MESSAGE (12) and VIEW_MESSAGE_BY_ID (33), served on a read loop. Source: spec semantics 14, protocol 4.7.
#pragma once

#include <atomic>

#include "broker/core/context.h"
#include "remoting/router.h"

namespace mq::broker {

class QueryRoom {
 public:
  explicit QueryRoom(BrokerContext& broker) : broker_(broker) {}
  remoting::Answer query(const wire::QueryMessageHeader& h, remoting::Request& request);
  remoting::Answer view(const wire::ViewMessageHeader& h, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::QUERY_MESSAGE, &QueryRoom::query>,
                                  remoting::Route<wire::RequestCode::VIEW_MESSAGE_BY_ID, &QueryRoom::view>>;

 private:
  static constexpr int32_t kUniqueKeyMax = 32;   // defaultQueryMaxNum
  /// Runs `work` on a read loop and what it returns on the request's loop.
  remoting::Answer elsewhere(remoting::Request& request, UniqueFunction<UniqueFunction<void(remoting::Responder&)>()> work);

  BrokerContext& broker_;
  std::atomic<size_t> next_reader_{0};   // badge: published
};

}  // namespace mq::broker
