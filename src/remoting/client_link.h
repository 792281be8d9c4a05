// One connection of a Client: from the first request to an address until an error, idleness or close().
#pragma once

#include "remoting/client.h"

namespace mq::remoting {

class ClientLink;

/// What a link tells its client. All on the loop.
class LinkOwner {
 public:
  virtual ~LinkOwner() = default;
  virtual void on_response(const wire::Frame& frame) = 0;
  virtual bool on_request(const std::string& addr, const wire::Frame& frame, ByteBuffer& answer) = 0;
  /// Not connected, or no longer. Last call.
  virtual void on_gone(ClientLink& link, const Error& why) = 0;
};

/// Badge: owned by loop. Keeps itself alive while a connection or a connect is under way, so that its client may die.
class ClientLink final : public env::ConnectionHandler, public std::enable_shared_from_this<ClientLink> {
 public:
  ClientLink(LinkOwner& owner, env::Loop& loop, std::string addr, const ClientOptions& options)
      : owner_(&owner), loop_(loop), addr_(std::move(addr)), options_(options) {}

  /// `server_name`: told in a TLS hello instead of the host when that is an address.
  void connect(const env::Endpoint& to, const std::string& server_name);
  /// Where frames go; kept until connected.
  ByteBuffer& out() { return connection_ ? connection_->out() : queued_; }
  size_t unsent() const noexcept { return connection_ ? connection_->unsent() : queued_.size(); }
  const std::string& addr() const noexcept { return addr_; }
  bool was_open() const noexcept { return was_open_; }
  bool closing() const noexcept { return closing_ || (connection_ && connection_->closing()); }
  /// Sends what there is and closes; the owner hears on_gone.
  void close() noexcept;
  /// The owner goes away: nothing more is told.
  void abandon() noexcept;

  size_t on_data(env::Connection& c, ByteView bytes) noexcept override;
  void on_close(env::Connection& c, const Error& why) noexcept override;
  void on_drained(env::Connection& c) noexcept override { c.pause(false); }

 private:
  void connected(Result<env::Connection*> r);
  enum class Handled : uint8_t { kDone, kLater /* not before our output has left */, kBad /* no frame */ };
  Handled handle(ByteView bytes);
  void gone(Error why);
  void begin_tls();
  void watch_idle(int64_t delay_ms);

  LinkOwner* owner_;                       // null once abandoned
  env::Loop& loop_;
  const std::string addr_;
  std::string server_name_;                // told in a TLS hello; may be empty
  const ClientOptions options_;
  env::Connection* connection_ = nullptr;
  ByteBuffer queued_;
  std::shared_ptr<ClientLink> self_;       // while the connection may call back
  env::TimerId idle_timer_ = 0;
  env::TimerId handshake_timer_ = 0;
  wire::Frame frame_;
  bool closing_ = false;
  bool was_open_ = false;                  // the connect has succeeded
};

}  // namespace mq::remoting
