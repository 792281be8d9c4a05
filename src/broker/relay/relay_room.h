// Questions about a consumer that only its client can answer: running info (307), consume this message now (309), what
// it has consumed (223). Source: spec protocol 6.3, 6.6, 7.4 to 7.6.
#pragma once


#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

/// Handlers run on the io loop of the asking connection; the question goes through the loop of the client's, the answer back.
class RelayRoom {
 public:
  RelayRoom(BrokerContext& broker, const Registries& meta) : broker_(broker), meta_(meta) {}

  remoting::Answer running_info(const wire::ConsumerRunningInfoHeader& h, remoting::Request& request);
  remoting::Answer consume_directly(const wire::ConsumeMessageDirectlyHeader& h, remoting::Request& request);
  remoting::Answer consumer_status(const wire::ConsumerStatusHeader& h, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::GET_CONSUMER_RUNNING_INFO, &RelayRoom::running_info>,
                                  remoting::Route<wire::RequestCode::CONSUME_MESSAGE_DIRECTLY, &RelayRoom::consume_directly>,
                                  remoting::Route<wire::RequestCode::INVOKE_BROKER_TO_GET_CONSUMER_STATUS, &RelayRoom::consumer_status>>;

 private:
  static constexpr int64_t kTimeoutMs = 10'000;
  static constexpr int64_t kStatusTimeoutMs = 5'000;
  static constexpr int32_t kVersionWithStatus = 28;    // V3_0_7_SNAPSHOT
  static constexpr int32_t kVersionWithRelay = 62;     // V3_1_8_SNAPSHOT

  /// The member that is to be asked, or why not.
  Result<ClientChannel> member(const std::string& group, const std::string& client_id) const;

  BrokerContext& broker_;
  const Registries meta_;
};

}  // namespace mq::broker
