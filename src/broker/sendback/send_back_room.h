// CONSUMER_SEND_MSG_BACK (36): a message that a consumer could not handle goes to %RETRY%group through a delay level, or to
// %DLQ%group after too many tries. Source: spec semantics 5, protocol 4.2.
#pragma once

#include <memory>
#include <vector>

#include "broker/core/put_pipeline.h"
#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

/// Runs on the io loop of the connection. State is per loop (badge: owned by loop).
class SendBackRoom {
 public:
  SendBackRoom(BrokerContext& broker, const Registries& meta, PutPipeline& pipeline);
  ~SendBackRoom();
  remoting::Answer send_back(const wire::ConsumerSendMsgBackHeader& h, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::CONSUMER_SEND_MSG_BACK, &SendBackRoom::send_back>>;

 private:
  class Lane;
  std::vector<std::unique_ptr<Lane>> lanes_;   // by io_index
  BrokerContext& broker_;
};

}  // namespace mq::broker
