// The PROXY protocol, version 1 (a line) and 2 (binary): how a load balancer says for whom it connects.
#pragma once

#include <optional>

#include "env/net.h"

namespace mq::remoting {

/// What stands at the beginning of a connection.
struct ProxyHeader {
  enum class State {
    kNone,        // no PROXY header; the bytes belong to what follows
    kIncomplete,  // so far it looks like one
    kComplete,
    kBad,
  };
  State state = State::kNone;
  size_t bytes = 0;                // kComplete: length of the header
  std::optional<env::Endpoint> source;   // whom the balancer connects for; none for its own checks, UNKNOWN, unix sockets, port 0
  std::string_view why;            // kBad: what is wrong

  static constexpr size_t kMaxLine = 107;             // version 1, with CR and LF
  static constexpr size_t kMaxBytes = 16 + 65'535;    // version 2
};

/// Pure. `bytes` is all that has come so far, at least one byte. A frame and a TLS hello are never taken for a header: as
/// a frame's length both first letters exceed every limit.
/// Source: www.haproxy.org/download/2.9/doc/proxy-protocol.txt; what is refused is what RocketMQ 5.3.3 refuses.
ProxyHeader read_proxy_header(ByteView bytes);

}  // namespace mq::remoting
