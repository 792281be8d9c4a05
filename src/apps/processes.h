// A NameServer and a Broker as processes run them: configuration from file, environment and command line, then the server.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/server_main.h"
#include "broker/broker.h"
#include "namesrv/namesrv.h"
#include "ops/service_config.h"
#include "remoting/tls.h"

namespace mq::apps {

/// Badge: owned by the main thread.
class NamesrvProcess {
 public:
  explicit NamesrvProcess(env::Env& env);
  /// Reads the configuration. A status to leave with when that is all there is to do, or it failed; everything is said then.
  std::optional<int> prepare(const CommandLine& line);
  /// Errors as NameServer::start.
  Result<> start();
  void stop();
  bool alive();
  /// The line that scripts wait for.
  std::string boot_line() const;

  namesrv::NamesrvConfig config;
  remoting::NettyServerConfig netty{9876};
  ops::ServiceConfig service;
  remoting::TlsConfig tls;
  auth::AuthConfig auth;
  Configuration all{{&config, &netty, &service, &tls, &auth}};
  std::vector<std::string> warnings;

 private:
  env::Env& env_;
  std::unique_ptr<remoting::Tls> contexts_;
  std::unique_ptr<namesrv::NameServer> server_;
};

/// Badge: owned by the main thread.
class BrokerProcess {
 public:
  explicit BrokerProcess(env::Env& env);
  std::optional<int> prepare(const CommandLine& line);
  Result<> start();
  /// Withdraws and serves on for drainSeconds, or until another signal.
  void drain();
  void stop();
  bool alive();
  std::string boot_line() const;
  /// As Broker::check_advertised_address.
  std::string check_advertised_address() const;

  broker::BrokerConfig config;
  store::MessageStoreConfig store;
  broker::NettyServerConfig server;
  broker::NettyClientConfig client;
  broker::HostConfig host;
  ops::ServiceConfig service;
  remoting::TlsConfig tls;
  auth::AuthConfig auth;
  Configuration all{{&config, &server, &client, &store, &host, &service, &tls, &auth}};
  std::vector<std::string> warnings;

 private:
  env::Env& env_;
  std::string config_file_;
  std::unique_ptr<remoting::Tls> contexts_;
  std::unique_ptr<broker::Broker> broker_;
};

}  // namespace mq::apps
