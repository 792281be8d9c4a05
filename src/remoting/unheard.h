// The handler of a connection that is closed before anything is read.
#pragma once

#include "env/net.h"

namespace mq::remoting {

class Unheard final : public env::ConnectionHandler {
 public:
  size_t on_data(env::Connection&, ByteView bytes) noexcept override { return bytes.size(); }
  void on_close(env::Connection&, const Error&) noexcept override {}
  /// Closes it, with this as its handler. Loop thread.
  static void turn_away(env::Connection& c) noexcept {
    static Unheard handler;
    c.set_handler(&handler);
    c.close(true);
  }
};

}  // namespace mq::remoting
