// What may stand between the bytes of a connection and its handler: TLS.
#pragma once

#include "base/byte_buffer.h"
#include "base/result.h"

namespace mq::env {

/// Pure: bytes in, bytes out; the connection moves them. Badge: owned by the connection and its loop.
class StreamFilter {
 public:
  virtual ~StreamFilter() = default;
  /// Takes all of `arrived`, appends what it means to `plain` and what is to be said in reply to `wire`. With no bytes: begins.
  /// Errors: kClosed when the peer ended the stream, others when the bytes are not acceptable. The connection then closes, after
  /// sending `wire`.
  virtual Result<> receive(ByteView arrived, ByteBuffer& plain, ByteBuffer& wire) noexcept = 0;
  /// False while output must wait for the peer (a handshake).
  virtual bool open() const noexcept = 0;
  /// Appends to `wire` what `plain` becomes. Only while open().
  virtual void send(ByteView plain, ByteBuffer& wire) noexcept = 0;
  /// The last words; nothing is sent behind them. More than once says nothing more.
  virtual void finish(ByteBuffer& wire) noexcept = 0;
};

}  // namespace mq::env
