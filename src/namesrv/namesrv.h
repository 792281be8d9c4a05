// The NameServer: route tables, KV config, and the port that serves them.
#pragma once

#include <memory>
#include <string>

#include "auth/config.h"
#include "env/loop.h"
#include "namesrv/config.h"
#include "ops/service_config.h"
#include "remoting/config.h"

namespace mq::remoting {
class Tls;
}

namespace mq::namesrv {

/// start() and stop() from the thread that owns the Env, not from a loop. The configs outlive the NameServer. Everything
/// else runs on one loop, "ns": connections, tables, the KV config's file.
class NameServer {
 public:
  struct Configs {
    NamesrvConfig& namesrv;
    remoting::NettyServerConfig& netty;
    const ops::ServiceConfig& service;
    Configuration& all;        // all, for getNamesrvConfig and updateNamesrvConfig
    remoting::Tls* tls = nullptr;   // null: disabled
    const auth::AuthConfig* auth = nullptr;   // null: no access control
    const std::vector<std::string>* warnings = nullptr;   // of the start, about keys; told to mqadmin doctor
  };
  NameServer(env::Env& env, Configs configs);
  ~NameServer();
  /// Errors: kBusy naming the port, kCorrupt naming the KV config's file.
  Result<> start();
  void stop();
  /// False when the loop has not answered within a second. Not from the loop.
  bool alive() const;
  uint16_t port() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mq::namesrv
