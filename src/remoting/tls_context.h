// OpenSSL behind two types: what all connections of one side share, and one connection's filter. Nothing else uses OpenSSL's TLS.
#pragma once

#include <memory>
#include <string>

#include "env/stream_filter.h"

namespace mq::remoting {

/// What one side (the accepting or the connecting one) is set to. PEM texts, not paths: files are read elsewhere.
struct TlsMaterial {
  enum class Peer : uint8_t {
    kNotAsked,   // of a server: clients are not asked for a certificate
    kOptional,   // one that is given is checked
    kRequired,
  };
  std::string certificate;        // chain, leaf first; empty: none (a server then makes its own)
  std::string key;                // PKCS#8 or the older forms
  std::string key_password;
  Peer peer = Peer::kNotAsked;
  bool verify = false;            // false: whatever certificate the peer shows is taken
  std::string trusted;            // CA certificates for `verify`; empty: those of the system
};

/// Shared by connections of any thread; immutable. A connection keeps the context it began with.
class TlsContext {
 public:
  enum class Side : uint8_t { kServer, kClient };
  /// Errors: kInvalid saying which piece is wrong and why.
  static Result<std::shared_ptr<const TlsContext>> make(Side side, const TlsMaterial& material);
  virtual ~TlsContext() = default;
  /// A filter for one connection. `server_name` (of a client): the name that is dialled, told to the server; "" for an address.
  virtual std::unique_ptr<env::StreamFilter> filter(const std::string& server_name = "") const = 0;
  /// Seconds since the epoch at which the own certificate ends; 0 when there is none.
  virtual int64_t not_after() const noexcept = 0;
};

}  // namespace mq::remoting
