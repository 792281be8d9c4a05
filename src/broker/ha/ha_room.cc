#include "broker/ha/ha_room.h"

#include "base/json.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;

Answer HaRoom::status(const wire::NoHeader&, Request& request) {
  Json client = Json::object();
  for (const char* key : {"lastReadTimestamp", "lastWriteTimestamp", "masterFlushOffset", "maxOffset", "transferredByteInSecond"}) client.add(key, 0);
  return request.ok_body(to_text(Json::object()
                                     .add("haClientRuntimeInfo", std::move(client))
                                     .add("haConnectionInfo", Json::array())
                                     .add("inSyncSlaveNums", 0)
                                     .add("master", true)
                                     .add("masterCommitLogMaxOffset", broker_.store.max_phy().bytes)));
}

Answer HaRoom::epochs(const wire::NoHeader&, Request& request) {
  return request.refuse(wire::ResponseCode::SYSTEM_ERROR, "this request only for controllerMode ");
}

}  // namespace mq::broker
