// The operator's HTTP port: GET only, one answer for each connection, no TLS. Not for traffic.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "env/loop.h"

namespace mq::ops {

struct HttpRequest {
  std::string_view method;
  std::string_view path;    // without the query
  std::string_view query;   // behind '?', as sent
};

struct HttpResponse {
  int32_t status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// Pure. The request line of `head`, which ends with an empty line. nullopt when it is none.
std::optional<HttpRequest> parse_http_request(std::string_view head);

/// start() and stop() from the thread that owns the Env. A head is at most 8 KiB, connections 64; who is slower than 10 s with the
/// request, or a minute with the answer, is closed.
class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;   // on the loop "http"
  explicit HttpServer(env::Env& env);
  ~HttpServer();
  /// Errors: kBusy naming the port.
  Result<> start(const std::string& host, uint16_t port, Handler handler);
  void stop();
  uint16_t port() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mq::ops
