#include "ops/http_server.h"

#include <fmt/format.h>

#include <unordered_map>

#include "base/check.h"
#include "base/log.h"

namespace mq::ops {

namespace {

Logger log("http");
constexpr size_t kMaxHead = 8192;
constexpr size_t kMaxConnections = 64;
constexpr int64_t kRequestMs = 10'000, kAnswerMs = 60'000;

std::string_view reason(int32_t status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 503: return "Service Unavailable";
    default: return "Error";
  }
}

}  // namespace

std::optional<HttpRequest> parse_http_request(std::string_view head) {
  const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  const size_t first = line.find(' '), second = line.rfind(' ');
  if (first == std::string_view::npos || second == first || !line.substr(second + 1).starts_with("HTTP/1.")) return std::nullopt;
  HttpRequest request{line.substr(0, first), line.substr(first + 1, second - first - 1), ""};
  if (request.path.empty() || request.path.front() != '/') return std::nullopt;
  if (const size_t mark = request.path.find('?'); mark != std::string_view::npos) {
    request.query = request.path.substr(mark + 1);
    request.path = request.path.substr(0, mark);
  }
  return request;
}

/// Badge: owned by the loop "http", but for what start() sets before anything runs there.
struct HttpServer::Impl {
  struct Exchange final : env::ConnectionHandler {
    Exchange(Impl& owner, env::Connection& connection) : impl(owner) {
      timer = impl.loop->after(kRequestMs, [&connection] { connection.close(true); });
    }
    size_t on_data(env::Connection& connection, ByteView bytes) noexcept override {
      if (answered) return bytes.size();
      const std::string_view text = as_text(bytes);
      const size_t end = text.find("\r\n\r\n");
      if (end == std::string_view::npos) {
        if (bytes.size() > kMaxHead) connection.close();
        return bytes.size() > kMaxHead ? bytes.size() : 0;
      }
      answered = true;
      impl.loop->cancel(timer);
      timer = impl.loop->after(kAnswerMs, [&connection] { connection.close(true); });
      impl.answer(connection, text.substr(0, end));
      return bytes.size();
    }
    void on_close(env::Connection& connection, const Error&) noexcept override {
      impl.loop->cancel(timer);
      impl.exchanges.erase(&connection);   // this object ends here
    }
    Impl& impl;
    env::TimerId timer = 0;
    bool answered = false;
  };

  explicit Impl(env::Env& e) : env(e) {}

  void answer(env::Connection& connection, std::string_view head) {
    HttpResponse response;
    const auto request = parse_http_request(head);
    if (!request) response = {.status = 400, .body = "not HTTP/1\n"};
    else if (request->method != "GET" && request->method != "HEAD") response = {.status = 405, .body = "GET only\n"};
    else response = handler(*request);
    ByteBuffer& out = connection.out();
    const std::string lines = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", response.status,
                                          reason(response.status), response.content_type, response.body.size());
    out.append(as_bytes(lines));
    if (!request || request->method != "HEAD") out.append(as_bytes(response.body));
    connection.close();
  }

  void accept(env::Connection& connection) {
    auto exchange = std::make_unique<Exchange>(*this, connection);
    connection.set_handler(exchange.get());
    exchanges.emplace(&connection, std::move(exchange));
    if (exchanges.size() > kMaxConnections) connection.close(true);
  }

  env::Env& env;
  env::Loop* loop = nullptr;
  Handler handler;
  std::unique_ptr<env::Listener> listener;
  std::unordered_map<env::Connection*, std::unique_ptr<Exchange>> exchanges;
  uint16_t port = 0;
};

HttpServer::HttpServer(env::Env& env) : impl_(std::make_unique<Impl>(env)) {}

HttpServer::~HttpServer() { stop(); }

Result<> HttpServer::start(const std::string& host, uint16_t port, Handler handler) {
  Impl& i = *impl_;
  MQ_CHECK(!i.loop);
  i.handler = std::move(handler);
  i.loop = &i.env.start_loop("http");
  Result<> result;
  i.env.run_on(*i.loop, [&] {
    auto listener = i.loop->net().listen(host == "0.0.0.0" || host == "::" ? "" : host, port, [&i](env::Connection& c) { i.accept(c); });
    if (!listener) {
      result = fail(std::move(listener).error()).at("httpPort");
      return;
    }
    i.listener = std::move(*listener);
    i.port = i.listener->port();
  });
  if (result) log.info("metrics and health on port {}", i.port);
  return result;
}

void HttpServer::stop() {
  Impl& i = *impl_;
  if (!i.loop) return;
  i.env.run_on(*i.loop, [&i] {
    i.listener.reset();
    for (auto& [connection, exchange] : i.exchanges) connection->close(true);
  });
  i.env.stop_loop(*i.loop);
  i.loop = nullptr;
  i.exchanges.clear();
}

uint16_t HttpServer::port() const noexcept { return impl_->port; }

}  // namespace mq::ops
