// Who a broker is and where clients find it: id, name, advertised address, folders. Source: spec ops a.5, c.3.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "broker/core/config.h"
#include "env/net.h"
#include "store/config.h"

namespace mq::broker {

/// Fills in what the configuration leaves open (brokerName, brokerIP1, brokerIP2, haListenPort, storePathRootDir) and checks
/// what must fit. Returns what an operator should know, once: the chosen address and why, an overwritten id. Called again it
/// changes and returns nothing. Before any thread reads the configuration.
/// Errors: kInvalid with the text of Java.
Result<std::vector<std::string>> settle_identity(BrokerConfig& config, store::MessageStoreConfig& store, const HostConfig& host,
                                                 const std::string& home);

/// Where clients are told to connect: brokerIP1 may carry the port of a mapping ("203.0.113.9:11911", "broker-0.example:11911"),
/// else advertisedPort, else listenPort counts.
env::Endpoint advertised_address(const BrokerConfig& config, const HostConfig& host);

}  // namespace mq::broker
