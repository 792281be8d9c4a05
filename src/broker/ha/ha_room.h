// The broker as a replica: 907, 908, 1007. This broker is always a master without slaves (docs/compatibility.md). Source: spec protocol 8.3.
#pragma once

#include "broker/core/context.h"
#include "remoting/router.h"
#include "wire/headers/admin.h"

namespace mq::broker {

/// Handlers run on the io loop of the connection.
class HaRoom {
 public:
  explicit HaRoom(BrokerContext& broker) : broker_(broker) {}

  remoting::Answer status(const wire::NoHeader&, remoting::Request& request);
  /// Only a slave has an offset to reset; a master takes the request and does nothing, as Java's.
  remoting::Answer reset_flush_offset(const wire::MasterFlushOffsetHeader&, remoting::Request& request) { return request.ok(); }
  remoting::Answer epochs(const wire::NoHeader&, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::GET_BROKER_HA_STATUS, &HaRoom::status>,
                                  remoting::Route<wire::RequestCode::RESET_MASTER_FLUSH_OFFSET, &HaRoom::reset_flush_offset>,
                                  remoting::Route<wire::RequestCode::GET_BROKER_EPOCH_CACHE, &HaRoom::epochs>>;

 private:
  BrokerContext& broker_;
};

}  // namespace mq::broker
