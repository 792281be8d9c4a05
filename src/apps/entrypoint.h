// The container's entry point: role and identity from the environment. Source: spec ops a.4, a.5, b.3.
#pragma once

#include <string>
#include <vector>

#include "base/properties_file.h"
#include "base/result.h"

namespace mq::apps {

/// What decides about a container, read from the environment once.
struct ContainerSettings {
  std::string mode;          // BROKER_CLUSTER_CONF: "", 2m-noslave, 2m-2s-async, 2m-2s-sync, controller
  std::string host_name;     // POD_NAME, else HOSTNAME; its digits behind the last '-' are the ordinal
  std::string name_prefix = "broker-";
};

/// Pure. brokerName, brokerId, brokerRole, flushDiskType of the ordinal in the mode. Errors: kInvalid for an unknown mode or a host name
/// without an ordinal where the mode needs one.
Result<std::vector<PropertyLine>> derive_identity(const ContainerSettings& settings);

/// Pure. Of a list "HOST[:PORT],HOST[:PORT],..." what the broker of this host name tells clients. Errors: kInvalid for a host name without an
/// ordinal, or one that the list has no entry for.
Result<std::string> advertised_of(const std::string& list, const std::string& host_name);

/// Runs the role that the arguments or the environment name, in this process: as PID 1 it gets the signals itself.
int entrypoint_main(std::vector<std::string> words);
/// `mqshutdown broker|namesrv`: SIGTERM to every such process of this machine, with the texts of RocketMQ's script.
int shutdown_main(const std::vector<std::string>& words);

}  // namespace mq::apps
