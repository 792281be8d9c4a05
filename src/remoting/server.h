// A listening port: accepts connections on a set of loops, cuts frames, hands requests to the router and responses to
// whoever called the client, closes idle peers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "remoting/request_meter.h"
#include "remoting/router.h"

namespace mq::remoting {

class Tls;

struct ServerOptions {
  std::string host;                        // "" = all interfaces
  uint16_t port = 0;                       // 0 = any free one (tests)
  bool main_port = true;                   // false: listenPort-2
  int64_t idle_close_ms = 120'000;         // serverChannelMaxIdleTimeSeconds
  int64_t opening_ms = 10'000;             // for what may come before the first frame, from its first byte on
  const Tls* tls = nullptr;                // null: disabled; outlives the server
  size_t max_frame_bytes = wire::kMaxFrameBytes;
  size_t max_connections = 100'000;
};

/// start() and stop() from the thread that owns the Env (not from a loop). The router must be complete before start()
/// and outlive the server. Each loop listens on the port itself (SO_REUSEPORT when there are several).
class Server {
 public:
  Server(std::vector<env::Loop*> loops, env::Env& env, const Router& router, ServerOptions options);
  ~Server();
  /// Errors: kBusy naming host and port.
  Result<> start();
  /// Closes the listeners; with `connections` also every connection after its output is sent.
  void stop(bool connections);
  uint16_t port() const noexcept;
  /// Requests of the code handled so far, over all loops (RequestMeter::kCodes: of all other codes). Any thread.
  RequestMeter::Row handled(size_t code) const noexcept;
  /// Number of open connections; any thread.
  size_t connections() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mq::remoting
