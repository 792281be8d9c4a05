// How a group gets the messages of a topic, by pulls or by POP: SET_MESSAGE_REQUEST_MODE (401), config/messageRequestMode.json.
// Source: spec semantics 17, protocol 5.6.
#pragma once

#include <map>
#include <string>

#include "base/badges.h"
#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

/// Handlers run on the io loop of the connection, the file is written on ctl.
class AssignRoom {
 public:
  AssignRoom(BrokerContext& broker, const Registries& meta) : broker_(broker), meta_(meta) {}
  /// Reads the file. Before the first request.
  void load();

  remoting::Answer set_mode(const wire::NoHeader&, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::SET_MESSAGE_REQUEST_MODE, &AssignRoom::set_mode>>;

 private:
  struct Mode {
    bool pop = false;
    int32_t share_queues = 0;   // popShareQueueNum
  };
  using Key = std::pair<std::string, std::string>;   // topic, group

  std::string path() const;
  Json to_json() const;

  BrokerContext& broker_;
  const Registries meta_;
  mutable Mutex mu_;
  std::map<Key, Mode> modes_ GUARDED_BY(mu_);
};

}  // namespace mq::broker
