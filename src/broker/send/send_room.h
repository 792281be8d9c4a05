// SEND_MESSAGE (10), SEND_MESSAGE_V2 (310), SEND_BATCH_MESSAGE (320): from a request to a record in the turn batch and back
// to the answer. Source: spec semantics 3 and 4, protocol 4.1.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/core/put_pipeline.h"
#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

/// Handlers run on the io loop of the connection. State is per loop (badge: owned by loop) and reused: a steady load of
/// sends allocates nothing here.
class SendRoom {
 public:
  SendRoom(BrokerContext& broker, const Registries& meta, PutPipeline& pipeline);
  ~SendRoom();

  remoting::Answer send(const wire::SendMessageHeader& h, remoting::Request& request);
  remoting::Answer send_v2(const wire::SendMessageHeaderV2& h, remoting::Request& request) { return send(h, request); }

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::SEND_MESSAGE, &SendRoom::send>,
                                  remoting::Route<wire::RequestCode::SEND_MESSAGE_V2, &SendRoom::send_v2>,
                                  remoting::Route<wire::RequestCode::SEND_BATCH_MESSAGE, &SendRoom::send_v2>>;

 private:
  class Lane;
  std::vector<std::unique_ptr<Lane>> lanes_;   // by io_index
  BrokerContext& broker_;
};

}  // namespace mq::broker
