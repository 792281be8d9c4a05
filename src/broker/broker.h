// The assembly: builds store, registries and rooms in order, mounts their routes, opens the ports, starts and stops.
#pragma once

#include <memory>
#include <string>

#include "auth/config.h"
#include "broker/core/config.h"
#include "env/loop.h"
#include "ops/service_config.h"
#include "store/config.h"

namespace mq::remoting {
class Tls;
}

namespace mq::broker {

/// start() and stop() from the thread that owns the Env, not from a loop. The configs outlive the broker.
class Broker {
 public:
  struct Configs {
    BrokerConfig& broker;
    store::MessageStoreConfig& store;
    HostConfig& host;
    const ops::ServiceConfig& service;
    Configuration& all;        // every group of the process, for getBrokerConfig and updateBrokerConfig
    std::string config_path;   // where updates are written; "" = none
    std::string home;          // user.home: default of the store's root
    remoting::Tls* tls = nullptr;   // of the ports; null: disabled
    bool useTLS = false;       // for the connections to NameServers; `tls` is loaded for clients then
    const auth::AuthConfig* auth = nullptr;   // null: no access control
    const std::vector<std::string>* warnings = nullptr;   // of the start, about keys; told to mqadmin doctor
  };
  Broker(env::Env& env, Configs configs);
  ~Broker();
  /// Loads and recovers, opens both ports, registers at the NameServers (does not wait for them). Errors name what to do.
  Result<> start();
  /// Not ready any more and unregistered everywhere, but still serving: before a stop that lets clients turn to others first.
  void withdraw();
  /// Unregisters, answers held pulls, flushes, persists, closes.
  void stop();
  /// Connects to the advertised address from here, within a second. Empty when that works, else a sentence for the operator: behind
  /// a mapping it may be no fault. After start(), not from a loop.
  std::string check_advertised_address() const;
  /// False when a loop has not answered within a second. Not from a loop.
  bool alive() const;
  const std::string& addr() const noexcept;          // as advertised
  const std::string& name() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mq::broker
