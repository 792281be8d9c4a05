// The connections of a server on one of its loops.
#pragma once

#include <atomic>
#include <unordered_map>

#include "base/badges.h"
#include "base/log.h"
#include "remoting/reader_budget.h"
#include "remoting/request_meter.h"
#include "remoting/server.h"
#include "wire/shape_cache.h"

namespace mq::remoting {

class ServerSession;

/// What all loops of a server share.
struct ServerShared {
  ServerOptions options;
  const Router* router = nullptr;
  std::atomic<size_t> connections{0};      // badge: published
  std::atomic<int32_t> next_opaque{0};     // badge: published; of requests to clients
  RateLimit protocol_lines{10'000};
  RateLimit refused_lines{10'000};
};

/// A server's part on one loop: its listener, its sessions, the scan for idle ones. Sessions keep it alive: a room may
/// hold a closed session longer than the server lives.
class ServerPart : public std::enable_shared_from_this<ServerPart> {
 public:
  ServerPart(env::Loop& loop, std::shared_ptr<ServerShared> shared) : loop_(loop), shared_(std::move(shared)) {}

  // Loop thread only.
  /// `several`: other loops listen on the same port; `first` of them asks whether another process has it.
  Result<uint16_t> listen(uint16_t port, bool several, bool first);
  void stop_listening() noexcept;
  /// No listener, no timer, no connection.
  void shut_down() noexcept;
  /// Closes every connection, with `abort` without sending what it has.
  void close_all(bool abort) noexcept;

  env::Loop& loop() const noexcept { return loop_; }
  ServerShared& shared() const noexcept { return *shared_; }
  /// Reused for every frame of the loop: a frame is handled to its end before the next is decoded.
  wire::Frame& frame() noexcept { return frame_; }
  wire::ShapeCache& shapes() noexcept { return shapes_; }
  RequestMeter& meter() noexcept { return meter_; }
  ReaderBudget& readers() noexcept { return readers_; }
  /// True when `reader`'s next request waits: it is handed over again with the next turn or at the end of the readers' rest.
  bool holds_back(ServerSession& reader);
  void remove(ServerSession& s) noexcept;

 private:
  void accept(env::Connection& c);
  void scan() noexcept;
  void end_turn() noexcept;
  void go_on() noexcept;

  env::Loop& loop_;
  std::shared_ptr<ServerShared> shared_;
  // Badge: owned by loop.
  std::unique_ptr<env::Listener> listener_;
  std::vector<ServerSession*> sessions_;   // each keeps itself alive until it closes
  size_t scan_at_ = 0;
  wire::Frame frame_;
  wire::ShapeCache shapes_;
  RequestMeter meter_;
  ReaderBudget readers_;
  std::vector<ServerSession*> resting_;    // those who catch up, not read until the rest ends
  bool readers_rest_ = false;
  env::Periodic scanning_;
};

/// One accepted connection: cuts frames, hands requests to the router and responses to their callers.
/// Badge: owned by its loop, but for open_ and what never changes.
class ServerSession final : public Session, public env::ConnectionHandler {
 public:
  ServerSession(std::shared_ptr<ServerPart> part, env::Connection& c);
  /// To be called once: the session holds itself until its connection has closed.
  void keep(SessionRef self, size_t place) noexcept { self_ = std::move(self), place_ = place; }

  env::Loop& loop() noexcept override { return part_->loop(); }
  env::Connection& connection() noexcept override { return *connection_; }
  const Host& peer() const noexcept override { return peer_; }
  const std::string& peer_text() const noexcept override { return peer_text_; }
  uint16_t local_port() const noexcept override { return local_port_; }
  bool open() const noexcept override { return open_.load(std::memory_order_relaxed); }
  void on_close(Task hook) override;
  void call(UniqueFunction<void(ByteBuffer& out, int32_t opaque)> encode, int64_t timeout_ms,
            UniqueFunction<void(Result<const wire::Frame*>)> done) override;
  int32_t next_opaque() noexcept override { return part_->shared().next_opaque.fetch_add(1, std::memory_order_relaxed); }
  void close() noexcept override;
  ByteBuffer* output() noexcept override { return connection_ ? &connection_->out() : nullptr; }

  size_t on_data(env::Connection& c, ByteView bytes) noexcept override;
  void on_close(env::Connection& c, const Error& why) noexcept override;
  void on_drained(env::Connection& c) noexcept override { c.pause(false); }

  /// Closes when idle for too long, or when a frame does not get on.
  void check_idle(int64_t now_ms) noexcept;

 protected:
  void note_long_answer(size_t bytes, bool old) noexcept override {
    part_->readers().note_answer(bytes, old);
    reader_for_ = kReaderFor;
    catches_up_ = old;
  }

 private:
  friend class ServerPart;
  static constexpr size_t kProgressBytes = 64 << 10;
  static constexpr size_t kMaxCalls = 1024;   // to one client, unanswered
  static constexpr int kReaderFor = 64;       // requests without a long answer

  struct Call {
    UniqueFunction<void(Result<const wire::Frame*>)> done;
    env::TimerId timer = 0;
  };

  /// What comes before the first frame. Returns how many bytes of it are done with; frames may follow once stage_ says so.
  size_t begin(ByteView bytes) noexcept;
  size_t read_proxy(ByteView bytes) noexcept;
  /// By the first byte behind a PROXY header.
  void choose_protocol(std::byte first) noexcept;
  /// False when the connection is to be closed.
  bool handle(ByteView bytes) noexcept;
  void complete(int32_t opaque, Result<const wire::Frame*> answer) noexcept;
  void refuse_protocol(std::string_view why) noexcept;
  void complain(std::string_view why) noexcept;
  void note_rest(size_t size) noexcept;

  std::shared_ptr<ServerPart> part_;
  env::Connection* connection_;             // null once closed
  SessionRef self_;
  std::atomic<bool> open_{true};            // badge: published
  size_t place_ = 0;                        // in the part's list
  size_t rest_ = 0;                         // bytes of an unfinished frame ...
  int64_t rest_since_ms_ = 0;               // ... that made no progress since then
  bool catches_up_ = false;                 // the last long answer was of old messages
  int reader_for_ = 0;                      // so many requests: one before them had a long answer, so the next may
  std::vector<Task> close_hooks_;
  std::unordered_map<int32_t, Call> calls_;
  enum class Stage : uint8_t { kStart, kProxied /* no PROXY header is to come any more */, kTls /* nothing has come through it */, kFrames };
  Stage stage_ = Stage::kStart;
  int64_t opening_since_ms_ = 0;            // something incomplete stands before the first frame since then; 0: nothing does
  const env::StreamFilter* tls_ = nullptr;  // of the connection
  const Host peer_;
  std::string peer_text_;                   // settled before the first request
  const uint16_t local_port_;
};

}  // namespace mq::remoting
