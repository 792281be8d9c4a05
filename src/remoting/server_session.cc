#include "remoting/server_session.h"

#include <algorithm>

#include "remoting/proxy_header.h"
#include "remoting/tls.h"

namespace mq::remoting {
namespace {

Logger log("remoting");

}  // namespace

ServerSession::ServerSession(std::shared_ptr<ServerPart> part, env::Connection& c)
    : part_(std::move(part)),
      connection_(&c),
      peer_(Host::parse(c.peer().host, c.peer().port).value_or(Host{})),
      peer_text_(c.peer().to_string()),
      local_port_(part_->shared().options.port) {}

void ServerSession::on_close(Task hook) {
  if (connection_) close_hooks_.push_back(std::move(hook));
  else (void)loop().post(std::move(hook));
}

void ServerSession::close() noexcept {
  if (connection_) connection_->close();
}

// ---- input -------------------------------------------------------------------------------------------------------

size_t ServerSession::on_data(env::Connection& c, ByteView bytes) noexcept {
  size_t used = 0;
  if (stage_ != Stage::kFrames) [[unlikely]] {
    used = begin(bytes);
    if (stage_ != Stage::kFrames || c.closing()) return used;
  }
  while (used < bytes.size()) {
    if (c.congested()) [[unlikely]] {   // answers pile up: read on when they have left
      c.pause(true);
      break;
    }
    if (reader_for_ > 0 && part_->holds_back(*this)) [[unlikely]] break;
    const ByteView stream = bytes.subspan(used);
    const wire::FrameSize size = wire::probe_frame(stream);
    if (size.state == wire::FrameSize::State::kBad) return refuse_protocol(size.why), bytes.size();
    if (size.bytes > part_->shared().options.max_frame_bytes) return refuse_protocol("frame too large"), bytes.size();
    if (size.state == wire::FrameSize::State::kIncomplete) break;
    if (!handle(stream.first(size.bytes))) return c.close(), bytes.size();
    used += size.bytes;
    if (c.closing()) return bytes.size();
  }
  if (const size_t rest = bytes.size() - used; rest != 0 || rest_ != 0) note_rest(rest);
  return used;
}

size_t ServerSession::begin(ByteView bytes) noexcept {
  size_t used = 0;
  if (stage_ == Stage::kStart) {
    used = read_proxy(bytes);
    if (stage_ == Stage::kStart) return used;   // not whole yet, or wrong
  }
  if (stage_ == Stage::kTls) {   // the first bytes from inside
    opening_since_ms_ = 0;
    stage_ = Stage::kFrames;
  } else if (used < bytes.size()) {
    choose_protocol(bytes[used]);
  }
  return connection_->closing() ? bytes.size() : used;
}

size_t ServerSession::read_proxy(ByteView bytes) noexcept {
  const ProxyHeader header = read_proxy_header(bytes);
  switch (header.state) {
    case ProxyHeader::State::kNone: break;
    case ProxyHeader::State::kIncomplete:
      if (opening_since_ms_ == 0) opening_since_ms_ = connection_->last_active_ms();
      return 0;
    case ProxyHeader::State::kComplete:
      if (header.source) peer_text_ = header.source->to_string();
      break;
    case ProxyHeader::State::kBad:
      refuse_protocol(header.why);
      return bytes.size();
  }
  opening_since_ms_ = 0;
  stage_ = Stage::kProxied;
  return header.bytes;
}

void ServerSession::choose_protocol(std::byte first) noexcept {
  constexpr std::byte kHello{0x16};
  const Tls* tls = part_->shared().options.tls;
  const TlsMode mode = tls ? tls->mode() : TlsMode::kDisabled;
  stage_ = Stage::kFrames;
  if (first != kHello) return mode == TlsMode::kEnforcing ? refuse_protocol("no TLS, which tls.server.mode=enforcing demands") : void();
  if (mode == TlsMode::kDisabled) return refuse_protocol("a TLS hello, and tls.server.mode is disabled");
  const auto context = tls->server();
  if (!context) return refuse_protocol("a TLS hello, and there is no usable certificate");
  auto filter = context->filter();
  tls_ = filter.get();
  stage_ = Stage::kTls;
  opening_since_ms_ = connection_->last_active_ms();
  connection_->set_filter(std::move(filter));
}

/// An unfinished frame must grow by kProgressBytes in each idle period; a trickle of single bytes does not count.
void ServerSession::note_rest(size_t size) noexcept {
  if (rest_ == 0 || size < rest_ || size >= rest_ + kProgressBytes) {
    rest_ = size;
    rest_since_ms_ = connection_->last_active_ms();
  }
}

bool ServerSession::handle(ByteView bytes) noexcept {
  wire::Frame& frame = part_->frame();
  if (auto decoded = part_->shapes().decode(bytes, frame); !decoded) [[unlikely]] {
    // QUIRK: headers that Java fails to decode outside its decoder get no answer and the connection stays (spec
    // protocol, corrections to 1.1).
    if (decoded.error().code() == Errc::kInvalid) return true;
    refuse_protocol(decoded.error().message());
    return false;
  }
  if (frame.is_response()) {
    complete(frame.opaque, &frame);
    return true;
  }
  part_->meter().note(frame.code, loop().clock());
  if (reader_for_ > 0) --reader_for_;
  else part_->readers().note_other();
  Request request(frame, self_);
  part_->shared().router->dispatch(request, part_->shared().options.main_port);
  return true;
}

void ServerSession::refuse_protocol(std::string_view why) noexcept {
  complain(why);
  close();
}

void ServerSession::complain(std::string_view why) noexcept {
  int64_t swallowed = 0;
  if (part_->shared().protocol_lines.allow(loop().clock().mono_ms(), swallowed)) {
    log.warn("{} at port {} does not speak the remoting protocol: {}; closed ({} more such lines)", peer_text_, local_port_, why, swallowed);
  }
}

void ServerSession::check_idle(int64_t now_ms) noexcept {
  const int64_t limit_ms = part_->shared().options.idle_close_ms;
  if (!connection_ || connection_->closing()) return;
  const bool idle = now_ms - connection_->last_active_ms() >= limit_ms;
  if (tls_ && tls_->open()) opening_since_ms_ = 0;
  if (opening_since_ms_ != 0 && now_ms - opening_since_ms_ >= part_->shared().options.opening_ms) {
    return refuse_protocol(tls_ ? "a TLS handshake that does not end" : "a PROXY header that does not end");
  }
  const bool stuck = rest_ != 0 && now_ms - rest_since_ms_ >= limit_ms && !connection_->congested();
  if (!idle && !stuck) return;
  log.info("{} closed: {} for {} ms", peer_text_, idle ? "nothing read or written" : "an unfinished frame", limit_ms);
  close();
}

// ---- requests to the client --------------------------------------------------------------------------------------

void ServerSession::call(UniqueFunction<void(ByteBuffer& out, int32_t opaque)> encode, int64_t timeout_ms,
                         UniqueFunction<void(Result<const wire::Frame*>)> done) {
  if (!connection_) {
    if (done) done(fail(Errc::kClosed, "connection closed").at(peer_text_));
    return;
  }
  if (done && calls_.size() >= kMaxCalls) return done(fail(Errc::kBusy, "too many unanswered requests").at(peer_text_));
  const int32_t opaque = next_opaque();
  if (done) {
    Call& call = calls_[opaque];
    call.done = std::move(done);
    call.timer = loop().after(timeout_ms, [self = std::weak_ptr(self_), this, opaque] {
      if (const auto alive = self.lock()) complete(opaque, fail(Errc::kTimeout, "no answer in time").at(peer_text_));
    });
  }
  encode(connection_->out(), opaque);
}

void ServerSession::complete(int32_t opaque, Result<const wire::Frame*> answer) noexcept {
  const auto it = calls_.find(opaque);
  if (it == calls_.end()) return;   // too late, or never asked
  Call call = std::move(it->second);
  calls_.erase(it);
  loop().cancel(call.timer);
  call.done(std::move(answer));
}

void ServerSession::on_close(env::Connection&, const Error& why) noexcept {
  const SessionRef self = std::move(self_);   // may be the last reference
  open_.store(false, std::memory_order_relaxed);
  connection_ = nullptr;
  tls_ = nullptr;
  part_->remove(*this);
  if (stage_ == Stage::kTls && why.code() == Errc::kInvalid) complain(why.message());
  log.debug("{} closed: {}", peer_text_, why.message());
  auto calls = std::move(calls_);
  for (auto& [opaque, call] : calls) {
    loop().cancel(call.timer);
    call.done(fail(Errc::kClosed, "connection closed").at(peer_text_));
  }
  for (Task& hook : std::exchange(close_hooks_, {})) hook();
}

}  // namespace mq::remoting
