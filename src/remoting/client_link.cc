#include "remoting/client_link.h"

#include <fmt/core.h>

#include "base/check.h"
#include "base/log.h"
#include "remoting/tls.h"

namespace mq::remoting {

static Logger log("remoting");

void ClientLink::connect(const env::Endpoint& to, const std::string& server_name) {
  if (options_.tls) server_name_ = to.ip_bytes().empty() ? to.host : server_name;
  loop_.net().connect(to, options_.connect_timeout_ms, [self = shared_from_this()](Result<env::Connection*> r) {
    self->connected(std::move(r));
  });
}

void ClientLink::connected(Result<env::Connection*> r) {
  if (!r) return gone(std::move(r).error());
  connection_ = *r;
  was_open_ = true;
  self_ = shared_from_this();
  connection_->set_handler(this);
  if (options_.tls) begin_tls();
  connection_->out().append(queued_.view());
  queued_ = ByteBuffer();
  if (closing_ || !owner_) return connection_->close();
  watch_idle(options_.idle_close_ms);
}

/// Frames wait in the connection until the handshake is done, which has as long as the connect had.
void ClientLink::begin_tls() {
  const auto context = options_.tls->client();
  MQ_CHECK(context);   // whoever gives ClientOptions::tls has loaded it for clients
  auto filter = context->filter(server_name_);
  handshake_timer_ = loop_.after(options_.connect_timeout_ms, [this, tls = filter.get()] {
    handshake_timer_ = 0;
    if (tls->open()) return;
    gone(Error(Errc::kTimeout, "TLS handshake timed out").at(addr_));
    connection_->close(true);
  });
  connection_->set_filter(std::move(filter));
}

void ClientLink::watch_idle(int64_t delay_ms) {
  idle_timer_ = loop_.after(delay_ms, [this] {
    idle_timer_ = 0;
    const int64_t idle_ms = loop_.clock().mono_ms() - connection_->last_active_ms();
    if (idle_ms >= options_.idle_close_ms) connection_->close();
    else watch_idle(options_.idle_close_ms - idle_ms);
  });
}

void ClientLink::close() noexcept {
  closing_ = true;
  if (connection_) connection_->close();
}

void ClientLink::abandon() noexcept {
  owner_ = nullptr;
  close();
}

size_t ClientLink::on_data(env::Connection& c, ByteView bytes) noexcept {
  size_t used = 0;
  while (used < bytes.size() && !c.closing()) {
    const ByteView stream = bytes.subspan(used);
    const wire::FrameSize size = wire::probe_frame(stream);
    Handled handled = Handled::kDone;
    if (size.state == wire::FrameSize::State::kBad || size.bytes > options_.max_frame_bytes) handled = Handled::kBad;
    else if (size.state == wire::FrameSize::State::kComplete) handled = handle(stream.first(size.bytes));
    if (handled == Handled::kLater) {
      c.pause(true);
      break;
    }
    if (handled == Handled::kBad) {
      log.warn("{} sent what is no frame: {}", addr_, size.why.empty() ? "bad header or too large" : size.why);
      c.close(true);
      return bytes.size();
    }
    if (size.state == wire::FrameSize::State::kIncomplete) break;
    used += size.bytes;
  }
  return used;
}

ClientLink::Handled ClientLink::handle(ByteView bytes) {
  if (auto decoded = wire::decode_frame(bytes, frame_); !decoded) {
    return decoded.error().code() == Errc::kInvalid ? Handled::kDone : Handled::kBad;
  }
  if (!owner_) return Handled::kDone;
  if (frame_.is_response()) {
    owner_->on_response(frame_);
    return Handled::kDone;
  }
  // Answers to the server's requests pile up. What it answers is read on: it may take no more from us until that has left it.
  if (connection_->congested()) return Handled::kLater;
  ByteBuffer& out = connection_->out();
  if (owner_->on_request(addr_, frame_, out) || frame_.is_oneway()) return Handled::kDone;
  char text[64];
  const auto end = fmt::format_to_n(text, sizeof text, " request type {} not supported", frame_.code);
  wire::encode_frame(out, {.type = frame_.type, .code = static_cast<int32_t>(wire::ResponseCode::REQUEST_CODE_NOT_SUPPORTED),
                           .opaque = frame_.opaque, .flag = wire::kFlagResponse, .remark = {text, end.size}}, wire::NoHeader{});
  return Handled::kDone;
}

void ClientLink::on_close(env::Connection&, const Error& why) noexcept {
  const auto self = std::move(self_);
  connection_ = nullptr;
  loop_.cancel(std::exchange(idle_timer_, 0));
  loop_.cancel(std::exchange(handshake_timer_, 0));
  gone(Error(Errc::kClosed, why.message()).at(addr_));
}

void ClientLink::gone(Error why) {
  if (owner_) std::exchange(owner_, nullptr)->on_gone(*this, why);
}

}  // namespace mq::remoting
