// Byte-stream connections of a loop. Behind this interface are epoll sockets or the simulated network.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_buffer.h"
#include "base/function.h"
#include "base/result.h"

namespace mq::env {

/// A numeric IP address and port. `bytes` counts 4 or 16.
struct Endpoint {
  std::string host;   // numeric text: "127.0.0.1", "::1" (no brackets); in connect() also a name
  uint16_t port = 0;

  bool is_v6() const noexcept { return host.find(':') != std::string::npos; }
  /// "127.0.0.1:10911", "[::1]:10911".
  std::string to_string() const;
  /// The last colon separates. Errors: kInvalid.
  static Result<Endpoint> parse(std::string_view text);
  /// Of 4 or 16 bytes in network order; IPv4 in IPv6 form ("::ffff:1.2.3.4") becomes IPv4.
  static Endpoint of_ip(ByteView ip, uint16_t port);
  /// 4 or 16 bytes in network order; empty when the host is a name.
  std::vector<std::byte> ip_bytes() const;
  bool operator==(const Endpoint&) const = default;
};

class Connection;
class StreamFilter;

/// What the owner of a connection implements. All calls on the connection's loop, noexcept by contract.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  /// `bytes` is all that arrived and was not consumed before. Returns how many were consumed from its front; the rest
  /// comes again with what follows. Must not close the loop; may call connection.close().
  virtual size_t on_data(Connection& connection, ByteView bytes) noexcept = 0;
  /// The connection is gone, by the peer, an error or close(). Called exactly once, never from inside on_data/close
  /// (a later point of the same turn). After it returns the Connection is destroyed.
  virtual void on_close(Connection& connection, const Error& why) noexcept = 0;
  /// The output fell below the low-water mark after having been above the high one.
  virtual void on_drained(Connection&) noexcept {}
};

/// Bytes that stay valid until released: an immutable piece of a mapping or of a shared buffer.
struct PinnedBytes {
  ByteView bytes;
  std::shared_ptr<const void> pin;
};

/// Owned by the loop; loop thread only. Output gathers in one buffer and leaves with one system call at the end of the
/// turn (or when it exceeds 256 KiB).
class Connection {
 public:
  virtual ~Connection() = default;
  /// Append what is to be sent.
  virtual ByteBuffer& out() noexcept = 0;
  /// Sends pinned bytes after everything appended so far, without copying them.
  virtual void send_pinned(PinnedBytes bytes) = 0;
  /// Bytes accepted and not yet taken by the kernel.
  virtual size_t unsent() const noexcept = 0;
  /// Above the high-water mark (64 KiB default of the peer protocol; ours 1 MiB): the owner should stop producing.
  virtual bool congested() const noexcept = 0;
  /// Stops or resumes reading. What on_data left unconsumed before a pause comes again after resuming, in a later turn,
  /// also when nothing new arrives.
  virtual void pause(bool paused) noexcept = 0;
  /// From inside on_data: what it leaves unconsumed comes again in the next turn, also when nothing new arrives, before what others
  /// send in that turn.
  virtual void yield() noexcept = 0;
  /// Sends what is in the output, then closes; on_close follows. With `abort` the output is thrown away.
  virtual void close(bool abort = false) noexcept = 0;
  virtual bool closing() const noexcept = 0;
  virtual const Endpoint& peer() const noexcept = 0;
  virtual const Endpoint& local() const noexcept = 0;
  virtual void set_handler(ConnectionHandler* handler) noexcept = 0;
  /// From now on all bytes pass the filter, which begins with what the handler has not consumed. Once, before anything is
  /// sent; also from inside on_data. The handler then sees and writes what is inside.
  virtual void set_filter(std::unique_ptr<StreamFilter> filter) = 0;
  /// mono_ms of the last byte in or out; for idle detection.
  virtual int64_t last_active_ms() const noexcept = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;   // closes
  virtual uint16_t port() const noexcept = 0;
};

/// Called on the listener's loop with a fresh connection; must call set_handler before returning.
using AcceptHandler = UniqueFunction<void(Connection&)>;
using ConnectHandler = UniqueFunction<void(Result<Connection*>)>;
using ResolveHandler = UniqueFunction<void(Result<std::vector<std::string>>)>;

/// The network of one loop; loop thread only.
class Net {
 public:
  virtual ~Net() = default;
  /// Listens on host ("" = all interfaces, IPv4 and IPv6) and port (0 = any). SO_REUSEADDR, backlog 1024, TCP_NODELAY
  /// on accepted sockets. With `shared` SO_REUSEPORT, so that several loops may listen on one port.
  /// Errors: kBusy when the port is taken, kPermission.
  virtual Result<std::unique_ptr<Listener>> listen(const std::string& host, uint16_t port, AcceptHandler on_accept,
                                                   bool shared = false) = 0;
  /// Resolves the host when it is a name (afresh at every call) and connects to its addresses in order. The handler runs
  /// later on this loop, once. Errors: kTimeout, kRefused, kNotFound, kIo.
  virtual void connect(const Endpoint& to, int64_t timeout_ms, ConnectHandler done) = 0;
  /// All numeric addresses of a name (or the address itself).
  virtual void resolve(const std::string& host, int64_t timeout_ms, ResolveHandler done) = 0;
};

}  // namespace mq::env
