// Reads of messages that are no longer in memory: thresholds by group (2001, 2002, 2003) and the read-ahead of the CommitLog (2004).
// Source: spec protocol 6.7.
#pragma once

#include <map>
#include <string>

#include "base/badges.h"
#include "broker/core/context.h"
#include "remoting/router.h"
#include "wire/headers/admin.h"

namespace mq::broker {

/// Handlers run on the io loop of the connection. The thresholds live as long as the process, as Java's. Cold reads are not counted
/// here (coldDataFlowControlEnable has no effect), so no group is ever held back.
class ColdRoom {
 public:
  explicit ColdRoom(BrokerContext& broker) : broker_(broker) {}

  remoting::Answer set_thresholds(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer remove_threshold(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer info(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer set_read_ahead(const wire::ReadAheadHeader& h, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::UPDATE_COLD_DATA_FLOW_CTR_CONFIG, &ColdRoom::set_thresholds>,
                                  remoting::Route<wire::RequestCode::REMOVE_COLD_DATA_FLOW_CTR_CONFIG, &ColdRoom::remove_threshold>,
                                  remoting::Route<wire::RequestCode::GET_COLD_DATA_FLOW_CTR_INFO, &ColdRoom::info>,
                                  remoting::Route<wire::RequestCode::SET_COMMITLOG_READ_MODE, &ColdRoom::set_read_ahead>>;

 private:
  static constexpr size_t kMaxGroups = 100'000;

  BrokerContext& broker_;
  mutable Mutex mu_;
  std::map<std::string, int64_t> thresholds_ GUARDED_BY(mu_);   // bytes in a window, by group
};

}  // namespace mq::broker
