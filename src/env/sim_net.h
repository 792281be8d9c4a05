// The network of one simulated loop: its listeners and connections.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "env/net.h"
#include "env/sim_fabric.h"
#include "env/stream_filter.h"

namespace mq::env {

class SimLoop;
class SimNet;

/// One end of a link. Owned by its SimNet until on_close has returned (then destroyed), or until the world ends when its
/// process died (then inert).
class SimConnection final : public Connection {
 public:
  SimConnection(SimNet& net, uint64_t id, SimLinkRef link, int side);
  ~SimConnection() override;

  ByteBuffer& out() noexcept override;
  void send_pinned(PinnedBytes bytes) override;
  size_t unsent() const noexcept override { return queued_bytes_ + out_.size(); }
  bool congested() const noexcept override;
  void pause(bool paused) noexcept override;
  void yield() noexcept override;
  void close(bool abort) noexcept override;
  bool closing() const noexcept override { return closing_ || error_; }
  const Endpoint& peer() const noexcept override { return link_->side[1 - side_].addr; }
  const Endpoint& local() const noexcept override { return link_->side[side_].addr; }
  void set_handler(ConnectionHandler* handler) noexcept override { handler_ = handler; }
  void set_filter(std::unique_ptr<StreamFilter> filter) override;
  int64_t last_active_ms() const noexcept override { return last_active_ms_; }

  // From the fabric.
  void arrived(SimChunk chunk);
  void broke(Errc code, const std::string& why);
  void wake();   // a turn of its loop is needed

  // From the net, in a turn.
  /// Hands what arrived to the handler.
  void run_input();
  /// Sends what fits. True when the connection is over and report_close() is due.
  bool run_output();
  void report_close();
  void close_at_stop();
  void become_inert();
  bool has_handler() const noexcept { return handler_ != nullptr; }

 private:
  static constexpr size_t kHighWater = 1 << 20, kLowWater = kHighWater / 2;
  static constexpr size_t kReadAtOnce = 256 << 10;

  SimLink::Side& mine() const noexcept { return link_->side[side_]; }
  SimLink::Side& theirs() const noexcept { return link_->side[1 - side_]; }
  void check_here() const noexcept;
  void queue_output();
  void transmit();
  std::vector<std::byte> next_chunk(size_t limit);
  size_t take_arrived();
  void feed();
  void queue_wire(ByteBuffer wire);
  void let_go(Errc code, const std::string& why);
  void touch() noexcept;

  SimNet& net_;
  const uint64_t id_;
  SimLinkRef link_;
  const int side_;
  ConnectionHandler* handler_ = nullptr;
  ByteBuffer in_;
  std::unique_ptr<StreamFilter> filter_;
  ByteBuffer raw_;                                            // arrived, for the filter
  std::optional<Error> filter_error_;
  bool filter_begun_ = false;
  std::deque<SimChunk> arrived_;                              // in the kernel's receive buffer
  ByteBuffer out_;
  std::deque<std::variant<ByteBuffer, PinnedBytes>> queue_;   // waiting for the window, in order
  size_t queue_at_ = 0;                                       // bytes of queue_.front() already sent
  size_t queued_bytes_ = 0;
  bool wake_planned_ = false;
  bool paused_ = false;
  bool hand_again_ = false;                                   // after a pause what was left is offered again
  mutable bool was_congested_ = false;
  bool closing_ = false;
  bool abort_ = false;
  std::optional<Error> error_;                                // the link is over
  int64_t last_active_ms_ = 0;
};

class SimListener final : public Listener {
 public:
  SimListener(SimNet& net, std::string host, uint16_t port, bool shared, AcceptHandler on_accept);
  ~SimListener() override;
  uint16_t port() const noexcept override { return port_; }

  const std::string& host() const noexcept { return host_; }
  bool any() const noexcept { return host_.empty() || host_ == "0.0.0.0" || host_ == "::"; }
  bool shared() const noexcept { return shared_; }
  /// A connection for it has arrived; it is accepted in a turn of its loop.
  void incoming(const SimLinkRef& link);
  void become_inert();

 private:
  void accept(const SimLinkRef& link);

  SimNet& net_;
  const std::string host_;
  const uint16_t port_;
  const bool shared_;
  std::shared_ptr<AcceptHandler> on_accept_;   // shared with accepts under way: it may close its own listener
  std::vector<SimLinkRef> backlog_;            // arrived, not yet accepted
};

class SimNet final : public Net {
 public:
  explicit SimNet(SimLoop& loop) : loop_(loop) {}
  ~SimNet() override;

  Result<std::unique_ptr<Listener>> listen(const std::string& host, uint16_t port, AcceptHandler on_accept,
                                           bool shared) override;
  void connect(const Endpoint& to, int64_t timeout_ms, ConnectHandler done) override;
  void resolve(const std::string& host, int64_t timeout_ms, ResolveHandler done) override;

  SimLoop& loop() noexcept { return loop_; }
  SimFabric& fabric() noexcept;
  SimMachineImpl& machine() noexcept;

  /// Makes the loop's end of a link that was opening.
  SimConnection& take_over(const SimLinkRef& link, int side);
  /// A connection may be gone when its event comes: they are found by number. Null when gone.
  SimConnection* find(uint64_t id) noexcept;
  /// Sends output and reports closed connections, until nothing more closes.
  void end_of_turn();
  void close_all();
  void drop_everything();
  void remove(SimListener& listener) { std::erase(listeners_, &listener); }

 private:
  struct Attempt;
  void try_next(const std::shared_ptr<Attempt>& attempt);
  void knock(const std::shared_ptr<Attempt>& attempt);
  void arrive(const std::shared_ptr<Attempt>& attempt, SimMachineImpl& target);
  void give_up(const std::shared_ptr<Attempt>& attempt, const Error& why);
  void established(const std::shared_ptr<Attempt>& attempt);

  SimLoop& loop_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, std::unique_ptr<SimConnection>> connections_;
  std::vector<SimListener*> listeners_;
  std::vector<std::shared_ptr<Attempt>> attempts_;
};

}  // namespace mq::env
