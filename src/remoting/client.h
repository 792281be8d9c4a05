// Typed calls to other servers: mqadmin, the broker's registration, tests and simulation share it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "env/loop.h"
#include "wire/requests.h"
#include "wire/response_code.h"
#include "wire/signature.h"

namespace mq::remoting {

/// An answer with what it needs to outlive the connection's buffer.
struct ResponseBase {
  int32_t code = 0;
  std::string remark;      // empty when none
  bool has_remark = false;
  int32_t version = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> ext;
};
template <class H>
struct Response : ResponseBase {
  H header;                // decoded leniently; its string_views point into `ext`
  bool ok() const noexcept { return code == static_cast<int32_t>(wire::ResponseCode::SUCCESS); }
};

class Tls;

struct ClientOptions {
  wire::SerializeType serialize = wire::SerializeType::kJson;
  int64_t connect_timeout_ms = 3000;
  int64_t idle_close_ms = 120'000;
  size_t max_frame_bytes = wire::kMaxFrameBytes;
  const Tls* tls = nullptr;   // null: plain connections; outlives the client
  wire::Credentials credentials;           // with them every request is signed
};

/// Keeps one connection per address, made on first use (names are resolved again at every connect), dropped on error.
/// Owned by one loop; all calls and completions on that loop.
class Client {
 public:
  explicit Client(env::Loop& loop, ClientOptions options = {});
  ~Client();   // pending calls complete with kClosed

  /// Sends a request; `done` runs once: with the answer whatever its code, or kTimeout, kRefused, kClosed, kNotFound
  /// naming the address.
  template <wire::RequestCode C, class Done>
  void call(const std::string& addr, const typename wire::RequestInfo<C>::Request& header, ByteView body,
            int64_t timeout_ms, Done done) {
    using H = typename wire::RequestInfo<C>::Response;
    send(addr, wire::RequestInfo<C>::code, false, writer(header), body, timeout_ms,
         [done = std::move(done)](Result<ResponseBase> r) mutable {
           if (!r) return done(Result<Response<H>>(std::unexpected(std::move(r).error())));
           done(typed<H>(std::move(*r)));
         });
  }
  template <wire::RequestCode C>
  void oneway(const std::string& addr, const typename wire::RequestInfo<C>::Request& header, ByteView body) {
    send(addr, wire::RequestInfo<C>::code, true, writer(header), body, 3000, nullptr);
  }
  /// Any code with extFields given by hand (raw calls of tools and tests).
  void call_raw(const std::string& addr, int32_t code, std::vector<std::pair<std::string, std::string>> ext, ByteView body,
                int64_t timeout_ms, UniqueFunction<void(Result<ResponseBase>)> done);

  /// Requests that a server sends to us (NOTIFY_CONSUMER_IDS_CHANGED ...); answered REQUEST_CODE_NOT_SUPPORTED when
  /// the hook returns false or is not set. Runs on the loop.
  void on_request(UniqueFunction<bool(const std::string& addr, const wire::Frame&, ByteBuffer& answer)> hook);
  /// Told when a connection that was open has ended, whoever ended it, after its calls have been completed. Runs on the loop; must not
  /// destroy the client.
  void on_lost(UniqueFunction<void(const std::string& addr, const Error& why)> hook);
  /// Closes the connection to an address, if there is one.
  void close(const std::string& addr);
  /// The name by which the caller knows a numeric address, told in a TLS hello there as if it were dialled; empty: none.
  void set_server_name(const std::string& addr, std::string name);

  template <class H>
  static Result<Response<H>> typed(ResponseBase base) {
    Response<H> r;
    static_cast<ResponseBase&>(r) = std::move(base);
    wire::ExtFields ext;
    for (const auto& [k, v] : r.ext) ext.add(k, v);
    if (auto h = wire::decode_header<H>(ext)) r.header = std::move(*h);
    return r;
  }

 private:
  using Writer = UniqueFunction<void(wire::FrameWriter&)>;
  template <class H>
  static Writer writer(const H& header) {
    if constexpr (std::is_same_v<H, wire::NoHeader>) return nullptr;
    else return [&header](wire::FrameWriter& w) { wire::write_fields(w, header); };
  }
  /// Encodes at once (the writer and body are not kept), sends when connected.
  void send(const std::string& addr, int32_t code, bool oneway, Writer write, ByteView body, int64_t timeout_ms,
            UniqueFunction<void(Result<ResponseBase>)> done);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The same calls for code that is not on a loop: each blocks until the answer. Owns its loop. For mqadmin and tests.
class BlockingClient {
 public:
  explicit BlockingClient(env::Env& env, ClientOptions options = {});
  ~BlockingClient();

  template <wire::RequestCode C>
  Result<Response<typename wire::RequestInfo<C>::Response>> call(
      const std::string& addr, const typename wire::RequestInfo<C>::Request& header = {}, std::string_view body = {},
      int64_t timeout_ms = 5000) {
    using R = Result<Response<typename wire::RequestInfo<C>::Response>>;
    std::optional<R> result;
    blocking([&](Client& c, Task finish) {
      c.template call<C>(addr, header, as_bytes(body), timeout_ms,
                         [&result, finish = std::move(finish)](R r) mutable { result = std::move(r); finish(); });
    });
    return std::move(*result);
  }
  Result<ResponseBase> call_raw(const std::string& addr, int32_t code, std::vector<std::pair<std::string, std::string>> ext,
                                std::string_view body = {}, int64_t timeout_ms = 5000);

 private:
  /// Runs `start` on the loop and waits until it has called the task it was given.
  void blocking(UniqueFunction<void(Client&, Task)> start);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mq::remoting
