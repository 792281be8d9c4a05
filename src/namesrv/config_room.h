// KV config and the NameServer's own configuration: 100, 101, 102, 219, 318, 319. Source: spec protocol 3.7, 3.8.
#pragma once

#include "namesrv/state.h"

namespace mq::namesrv {

class ConfigRoom {
 public:
  explicit ConfigRoom(NamesrvState& s) : s_(s) {}
  remoting::Answer put(const wire::PutKvConfigHeader& h, remoting::Request& request);
  remoting::Answer get(const wire::GetKvConfigHeader& h, remoting::Request& request);
  remoting::Answer remove(const wire::DeleteKvConfigHeader& h, remoting::Request& request);
  remoting::Answer list(const wire::GetKvListHeader& h, remoting::Request& request);
  remoting::Answer update(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer show(const wire::NoHeader&, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::PUT_KV_CONFIG, &ConfigRoom::put>,
                                  remoting::Route<wire::RequestCode::GET_KV_CONFIG, &ConfigRoom::get>,
                                  remoting::Route<wire::RequestCode::DELETE_KV_CONFIG, &ConfigRoom::remove>,
                                  remoting::Route<wire::RequestCode::GET_KVLIST_BY_NAMESPACE, &ConfigRoom::list>,
                                  remoting::Route<wire::RequestCode::UPDATE_NAMESRV_CONFIG, &ConfigRoom::update>,
                                  remoting::Route<wire::RequestCode::GET_NAMESRV_CONFIG, &ConfigRoom::show>>;

 private:
  NamesrvState& s_;
};

}  // namespace mq::namesrv
