// Listening and connecting on a posix loop.
#pragma once

#include <memory>
#include <vector>

#include "env/net.h"
#include "env/posix_loop.h"

namespace mq::env {

class PosixConnector;
class PosixConnection;
class PosixResolve;

/// Badge: owned by loop; made and destroyed with it.
class PosixNet final : public Net {
 public:
  static constexpr int kBacklog = 1024;
  static constexpr int kAcceptsPerTurn = 64;
  static constexpr int64_t kAcceptPauseMs = 100;   // out of descriptors or memory

  explicit PosixNet(PosixLoop& loop);
  ~PosixNet() override;

  Result<std::unique_ptr<Listener>> listen(const std::string& host, uint16_t port, AcceptHandler on_accept,
                                           bool shared) override;
  void connect(const Endpoint& to, int64_t timeout_ms, ConnectHandler done) override;
  void resolve(const std::string& host, int64_t timeout_ms, ResolveHandler done) override;

  /// Cancels what is under way; each handler is told kClosed.
  void shut_down();

  // For the net's own parts.
  PosixLoop& loop() noexcept { return loop_; }
  /// Takes over the descriptor of an established connection. Errors: kIo; then the descriptor is closed.
  Result<PosixConnection*> take(int fd, Endpoint peer, bool watched);
  /// With every descriptor in use: frees the reserve, accepts one connection with it and closes that, so that the client
  /// sees a close instead of silence. False when that was not possible.
  bool shed_one(int listener) noexcept;
  std::unique_ptr<PosixConnector> remove(PosixConnector& c);

 private:
  PosixLoop& loop_;
  int reserve_ = -1;   // a descriptor kept for shed_one
  std::vector<std::unique_ptr<PosixConnector>> connectors_;
  std::vector<std::unique_ptr<PosixResolve>> resolves_;
};

}  // namespace mq::env
