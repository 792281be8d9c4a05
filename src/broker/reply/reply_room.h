// SEND_REPLY_MESSAGE (324, 325): a consumer's answer to a request, pushed to the connection of the producer that asked.
// Source: spec semantics 20, protocol 5.7, 7.7.
#pragma once

#include <memory>
#include <vector>

#include "broker/core/put_pipeline.h"
#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

/// Handlers run on the io loop of the replying connection; state is per loop (badge: owned by loop).
class ReplyRoom {
 public:
  ReplyRoom(BrokerContext& broker, const Registries& meta, PutPipeline& pipeline);
  ~ReplyRoom();

  remoting::Answer reply(const wire::SendMessageHeader& h, remoting::Request& request);
  remoting::Answer reply_v2(const wire::SendMessageHeaderV2& h, remoting::Request& request) { return reply(h, request); }

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::SEND_REPLY_MESSAGE, &ReplyRoom::reply>,
                                  remoting::Route<wire::RequestCode::SEND_REPLY_MESSAGE_V2, &ReplyRoom::reply_v2>>;

 private:
  class Lane;
  std::vector<std::unique_ptr<Lane>> lanes_;   // by io_index
  BrokerContext& broker_;
};

}  // namespace mq::broker
