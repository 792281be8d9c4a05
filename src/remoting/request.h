// A request as its handler sees it, and the ways to answer it.
#pragma once

#include <functional>
#include <memory>

#include "env/loop.h"
#include "msg/host.h"
#include "wire/frame.h"
#include "wire/header_codec.h"
#include "wire/response_code.h"

namespace mq::remoting {

/// One client connection as the rooms know it. Owned by its loop (badge: owned by loop); others hold a SessionRef.
class Session {
 public:
  virtual ~Session() = default;
  virtual env::Loop& loop() noexcept = 0;
  virtual env::Connection& connection() noexcept = 0;   // loop thread only
  virtual const Host& peer() const noexcept = 0;        // the other end of the connection; any thread
  /// "127.0.0.1:51234": the client's address, which a load balancer may have named in a PROXY header. What lists of
  /// connections, logs and access control go by; a message's bornHost is peer(), as in Java. Any thread.
  virtual const std::string& peer_text() const noexcept = 0;
  virtual uint16_t local_port() const noexcept = 0;
  virtual bool open() const noexcept = 0;               // any thread; may be outdated at once
  /// Runs the hook when the connection has closed, on the session's loop. Loop thread only.
  virtual void on_close(Task hook) = 0;
  /// Sends a request to the client (one-way, or with an answer within `timeout_ms`). Loop thread only.
  /// `encode` gets the opaque to write into the frame's head.
  virtual void call(UniqueFunction<void(ByteBuffer& out, int32_t opaque)> encode, int64_t timeout_ms,
                    UniqueFunction<void(Result<const wire::Frame*>)> done) = 0;
  /// A fresh opaque of the server's own counter.
  virtual int32_t next_opaque() noexcept = 0;
  virtual void close() noexcept = 0;                    // loop thread only
  /// A request of this client has an answer with so many bytes of body, `old` ones when they have long been stored. Loop thread only.
  void note_answer(size_t bytes, bool old) noexcept {
    if (bytes >= kLongAnswer) note_long_answer(bytes, old);
  }
  /// Where answers are appended; null once closed. Loop thread only.
  virtual ByteBuffer* output() noexcept { return open() ? &connection().out() : nullptr; }

 protected:
  static constexpr size_t kLongAnswer = 4 << 10;
  virtual void note_long_answer(size_t /*bytes*/, bool /*old*/) noexcept {}
};
using SessionRef = std::shared_ptr<Session>;

/// Proof that a handler answered or took the duty to answer later; made by Request and Responder only.
class [[nodiscard]] Answer {
  friend class Responder;
  friend class Request;
  Answer() = default;
};

/// The right to answer one request, once. Loop thread of the session only (post to session().loop() from elsewhere).
/// Dropping it answers nothing. One-way requests and closed sessions swallow the answer.
class Responder {
 public:
  Responder() = default;
  Responder(SessionRef session, wire::SerializeType type, int32_t opaque, bool oneway)
      : session_(std::move(session)), opaque_(opaque), type_(type), oneway_(oneway) {}

  Session& session() const noexcept { return *session_; }
  const SessionRef& session_ref() const noexcept { return session_; }
  bool oneway() const noexcept { return oneway_; }
  explicit operator bool() const noexcept { return session_ != nullptr; }

  /// `header` of type H; wire::NoHeader leaves extFields out. `remark` with data() == nullptr: none.
  template <class H>
  Answer answer(wire::ResponseCode code, const H& header, std::string_view remark = {}, ByteView body = {}) {
    if (ByteBuffer* out = output()) {
      wire::encode_frame(*out, head(code, remark), header, body);
      session_->note_answer(body.size(), false);
    }
    return {};
  }
  template <class H = wire::NoHeader>
  Answer ok(const H& header = {}, std::string_view body = {}) { return answer(wire::ResponseCode::SUCCESS, header, {}, as_bytes(body)); }
  Answer refuse(wire::ResponseCode code, std::string_view remark) { return answer(code, wire::NoHeader{}, remark); }
  /// The header now, the body as pinned pieces behind it, in this order. `old`: for somebody who catches up with what was stored long ago.
  template <class H>
  Answer answer_pinned(wire::ResponseCode code, const H& header, std::string_view remark,
                       std::span<env::PinnedBytes> body, size_t body_size, bool old = false) {
    if (ByteBuffer* out = output()) {
      wire::FrameHead h = head(code, remark);
      wire::FrameWriter w(*out, h, !std::is_same_v<H, wire::NoHeader>);
      wire::write_fields(w, header);
      w.finish_without_body(body_size);
      session_->note_answer(body_size, old);
      for (env::PinnedBytes& piece : body) session_->connection().send_pinned(std::move(piece));
    }
    return {};
  }
  wire::FrameHead head(wire::ResponseCode code, std::string_view remark) const noexcept {
    return {.type = type_, .code = static_cast<int32_t>(code), .opaque = opaque_, .flag = wire::kFlagResponse, .remark = remark};
  }
  /// The session's output, or null when nothing is to be written (one-way, closed).
  ByteBuffer* output() const noexcept { return oneway_ || !session_ ? nullptr : session_->output(); }

 private:
  SessionRef session_;
  int32_t opaque_ = 0;
  wire::SerializeType type_ = wire::SerializeType::kJson;
  bool oneway_ = false;
};

/// QUIRK: answers are JSON whatever the request's type, as of a Java server with default settings; clients that can only
/// read JSON (C++) send either type. Pinned by Server.AnswersAreJsonForBinaryRequests.
inline constexpr wire::SerializeType kAnswerType = wire::SerializeType::kJson;

/// A decoded request during its handler's call; views die afterwards. Loop thread only. Answering at once touches no
/// reference count; only responder() copies the SessionRef.
class Request {
 public:
  Request(const wire::Frame& frame, const SessionRef& session) : frame_(frame), session_(session) {}

  const wire::Frame& frame() const noexcept { return frame_; }
  ByteView body() const noexcept { return frame_.body; }
  std::string_view body_text() const noexcept { return as_text(frame_.body); }
  Session& session() const noexcept { return *session_; }
  const SessionRef& session_ref() const noexcept { return session_; }
  env::Loop& loop() const noexcept { return session_->loop(); }

  /// To keep the duty: `pending_.push_back(request.responder()); return request.later();`
  Responder responder() const { return {session_, kAnswerType, frame_.opaque, frame_.is_oneway()}; }
  Answer later() const noexcept { return {}; }

  template <class H>
  Answer answer(wire::ResponseCode code, const H& header, std::string_view remark = {}, ByteView body = {}) const {
    if (frame_.is_oneway()) return {};
    if (ByteBuffer* out = session_->output()) {
      wire::encode_frame(*out, {.type = kAnswerType, .code = static_cast<int32_t>(code), .opaque = frame_.opaque,
                                .flag = wire::kFlagResponse, .remark = remark}, header, body);
      session_->note_answer(body.size(), false);
    }
    return {};
  }
  template <class H = wire::NoHeader>
  Answer ok(const H& header = {}, std::string_view body = {}) const {
    return answer(wire::ResponseCode::SUCCESS, header, {}, as_bytes(body));
  }
  Answer ok_body(std::string_view body) const { return ok(wire::NoHeader{}, body); }
  Answer refuse(wire::ResponseCode code, std::string_view remark) const { return answer(code, wire::NoHeader{}, remark); }

 private:
  const wire::Frame& frame_;
  const SessionRef& session_;
};

}  // namespace mq::remoting
