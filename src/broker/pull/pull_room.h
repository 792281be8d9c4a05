// PULL_MESSAGE (11) and LITE_PULL_MESSAGE (361): checks, the read, long polling. Source: spec semantics 9, protocol 4.3.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "broker/core/hold_table.h"
#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

/// Handlers run on the io loop of the connection; cold reads go to a read loop and come back.
class PullRoom {
 public:
  PullRoom(BrokerContext& broker, const Registries& meta);
  ~PullRoom();

  remoting::Answer pull(const wire::PullMessageHeader& h, remoting::Request& request);
  remoting::Answer lite_pull(const wire::PullMessageHeader& h, remoting::Request& request);

  /// From the store, on the loop that appended: wakes that loop's holds and posts to other loops that have some.
  void on_arrival(std::span<const store::Arrival> arrivals) noexcept;
  /// Before the servers close: held pulls are answered with what is there. Not from a loop.
  void stop();

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::PULL_MESSAGE, &PullRoom::pull>,
                                  remoting::Route<wire::RequestCode::LITE_PULL_MESSAGE, &PullRoom::lite_pull>>;

 private:
  class Lane;
  std::vector<std::unique_ptr<Lane>> lanes_;   // by io_index
  BrokerContext& broker_;
};

}  // namespace mq::broker
