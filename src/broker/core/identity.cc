#include "broker/core/identity.h"

#include <fmt/format.h>

#include "broker/core/bloom_filter.h"
#include "broker/core/local_address.h"

namespace mq::broker {

namespace {

/// The first NameServer, when it is a numeric address: a name would have to be waited for.
std::string first_numeric_server(const std::string& list) {
  const auto endpoint = env::Endpoint::parse(std::string_view(list).substr(0, list.find_first_of(";,")));
  return endpoint && !endpoint->ip_bytes().empty() ? endpoint->host : "";
}

void settle_address(BrokerConfig& config, const HostConfig& host, std::vector<std::string>& said) {
  if (!config.brokerIP1().empty()) return;
  const std::string bound = config.bindAddress();
  const bool everywhere = bound == "0.0.0.0" || bound == "::" || env::Endpoint{bound, 0}.ip_bytes().empty();
  const ChosenAddress chosen = !everywhere ? ChosenAddress{bound, "the bindAddress; set brokerIP1 to choose another"}
                                           : choose_address(local_interfaces(), route_source(first_numeric_server(config.namesrvAddr())));
  config.brokerIP1.set(chosen.ip);
  const env::Endpoint told = advertised_address(config, host);
  said.push_back(fmt::format("brokerIP1 is not set: clients will dial {} and {}, {}", told.to_string(),
                             env::Endpoint{told.host, static_cast<uint16_t>(told.port - 2)}.to_string(), chosen.why));
}

}  // namespace

Result<std::vector<std::string>> settle_identity(BrokerConfig& config, store::MessageStoreConfig& store, const HostConfig& host,
                                                 const std::string& home) {
  std::vector<std::string> said;
  const std::string role = store.brokerRole();
  if (role == "SLAVE" && config.brokerId() <= 0) return fail(Errc::kInvalid, "Slave's brokerId must be > 0");
  if (config.enableControllerMode() && store.enableDLegerCommitLog()) {
    return fail(Errc::kInvalid, "The config enableControllerMode and enableDLegerCommitLog cannot both be true.");
  }
  if (role != "SLAVE" && config.brokerId() != 0) {
    said.push_back(fmt::format("brokerId={} is taken as 0: the role {} is a master's", config.brokerId(), role));
    config.brokerId.set(0);
  }
  if (config.brokerName().empty()) config.brokerName.set(local_host_name());
  settle_address(config, host, said);
  if (config.brokerIP2().empty()) config.brokerIP2.set(advertised_address(config, host).host);
  if (store.haListenPort() <= 0 || store.haListenPort.text() == store.haListenPort.default_text()) store.haListenPort.set(config.listenPort() + 1);
  // QUIRK: Java's broker always sizes the bit map by its Bloom filter, whatever the file says.
  store.bitMapLengthConsumeQueueExt.set(BloomFilter(config.maxErrorRateOfBloomFilter(), config.expectConsumerNumUseFilter()).bits());
  if (store.storePathRootDir().empty()) store.storePathRootDir.set(home + "/store");
  return said;
}

env::Endpoint advertised_address(const BrokerConfig& config, const HostConfig& host) {
  const std::string text = config.brokerIP1();
  const int32_t port = host.advertisedPort() > 0 ? host.advertisedPort() : config.listenPort();
  const env::Endpoint plain{text, static_cast<uint16_t>(port)};
  if (!plain.ip_bytes().empty()) return plain;   // an IPv6 address has colons, too
  if (const auto with_port = env::Endpoint::parse(text); with_port && with_port->port > 0) return *with_port;
  return plain;
}

}  // namespace mq::broker
