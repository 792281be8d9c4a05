#include "env/posix_connection.h"

#include <netinet/in.h>
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace mq::env {

Endpoint endpoint_of(const sockaddr_storage& address) {
  const auto bytes = [](const auto& ip) { return ByteView(reinterpret_cast<const std::byte*>(&ip), sizeof ip); };
  if (address.ss_family == AF_INET) {
    const auto& a = reinterpret_cast<const sockaddr_in&>(address);
    return Endpoint::of_ip(bytes(a.sin_addr), ntohs(a.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& a = reinterpret_cast<const sockaddr_in6&>(address);
    return Endpoint::of_ip(bytes(a.sin6_addr), ntohs(a.sin6_port));
  }
  return {};
}

PosixConnection::PosixConnection(PosixLoop& loop, int fd, Endpoint peer)
    : loop_(loop), fd_(fd), last_active_ms_(loop.turn_ms()), peer_(std::move(peer)) {}

PosixConnection::~PosixConnection() {
  if (fd_ >= 0) ::close(fd_);
}

const Endpoint& PosixConnection::local() const noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (local_.host.empty() && fd_ >= 0 && ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    local_ = endpoint_of(address);
  }
  return local_;
}

// ---- input -------------------------------------------------------------------------------------------------------

void PosixConnection::on_events(uint32_t events) noexcept {
  if (dead_) return;
  if (events & EPOLLOUT) {
    blocked_ = false;
    flush();
    if (dead_) return;
    update_interest();
  }
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
    if (!paused_ && !closing_) return ended_ ? void() : readable();
    if (events & (EPOLLHUP | EPOLLERR)) {   // reported whether asked for or not: without this it would spin
      int error_number = 0;
      socklen_t size = sizeof error_number;
      ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error_number, &size);
      die(error_number ? fail_errno(error_number, "connection").error() : Error(Errc::kClosed, "closed by the peer"));
    }
  }
}

/// recv's result; when nothing came, the connection has died or there is nothing yet.
ssize_t PosixConnection::receive(std::byte* to, size_t size) noexcept {
  const ssize_t n = ::recv(fd_, to, size, MSG_DONTWAIT);
  if (n > 0) {
    last_active_ms_ = loop_.turn_ms();
  } else if (n == 0) {
    end(Error(Errc::kClosed, "closed by the peer"));
  } else if (errno != EAGAIN && errno != EINTR) {
    Error why = fail_errno(errno, "recv").error();
    if (!rest_is_due()) return die(std::move(why)), n;
    fall_mute();
    end(std::move(why));
  }
  return n;
}

/// Nothing more comes. What came before and is left for a later turn is handled first. The last answers still go out: turn hooks may
/// append them yet, the close follows the flush.
void PosixConnection::end(Error why) noexcept {
  if (!rest_is_due()) return finish_later(std::move(why));
  if (!ended_) ended_ = std::make_unique<Error>(std::move(why));
  update_interest();
}

void PosixConnection::readable() noexcept {
  if (filtered_) [[unlikely]] {
    const ssize_t n = receive(loop_.input(), PosixLoop::kRecvBytes);
    return n > 0 ? feed({loop_.input(), static_cast<size_t>(n)}) : void();
  }
  const size_t had = rest_.size();
  if (had > PosixLoop::kRestBytes) {   // a long frame grows where it is
    const ssize_t n = receive(rest_.reserve(PosixLoop::kRecvBytes), PosixLoop::kRecvBytes);
    if (n <= 0) return;
    rest_.commit(static_cast<size_t>(n));
    return hand_over_rest();
  }
  std::byte* const scratch = loop_.input();
  const ssize_t n = receive(scratch + had, PosixLoop::kRecvBytes);
  if (n <= 0) return;
  if (had) std::memcpy(scratch, rest_.data(), had);
  hand_over({scratch, had + static_cast<size_t>(n)});
}

/// `bytes` are in the loop's scratch and hold all of rest_.
void PosixConnection::hand_over(ByteView bytes) noexcept {
  const size_t used = call_handler(bytes);
  rest_.clear();
  if (used < bytes.size() && !closing_) rest_.append(bytes.subspan(used));
  else rest_.shrink(4096);
  update_interest();
}

void PosixConnection::hand_over_rest() noexcept {
  const size_t used = call_handler(rest_.view());
  rest_.consume(used);
  rest_.shrink(4096);
  update_interest();
}

size_t PosixConnection::call_handler(ByteView bytes) noexcept {
  if (!handler_) return bytes.size();
  const size_t used = handler_->on_data(*this, bytes);
  MQ_CHECK(used <= bytes.size());
  served_ = used > 0;
  return closing_ ? bytes.size() : used;
}

void PosixConnection::pause(bool paused) noexcept {
  if (paused_ == paused || dead_) return;
  paused_ = paused;
  update_interest();
  if (!paused && (!rest_.empty() || ended_)) yield();   // nothing new may come, and the rest is due
}

void PosixConnection::yield() noexcept {
  if (waiting_ || dead_) return;
  waiting_ = true;
  loop_.mark_waiting(*this);
}

void PosixConnection::redeliver() noexcept {
  waiting_ = false;
  if (filtered_ && !filtered_->begun && !closing_) return feed({});
  if (paused_ || closing_ || dead_) return;
  if (!rest_.empty()) hand_over_rest();
  if (ended_ && !waiting_ && !paused_ && !dead_) finish_later(std::move(*ended_));
}

// ---- output ------------------------------------------------------------------------------------------------------

void PosixConnection::before_output() noexcept {
  if (dead_ || mute_) return out_.clear();
  if (!dirty_) {
    dirty_ = true;
    loop_.mark_dirty(*this);
  }
  if (!blocked_ && out_.size() - sent_ >= kSendNow) {
    bool everything = false;
    const ssize_t n = send_some(everything);
    if (n < 0) return;
    if (!everything) wait_for_room();
  }
}

void PosixConnection::send_pinned(PinnedBytes bytes) {
  if (bytes.bytes.size() <= kCopyPinned || filtered_) return out().append(bytes.bytes);
  ByteBuffer& buffer = out();
  if (dead_ || mute_) return;
  if (pins_.size() == first_pin_) pins_.clear(), first_pin_ = 0;
  pinned_bytes_ += bytes.bytes.size();
  pins_.push_back({buffer.size(), std::move(bytes)});
}

void PosixConnection::flush() noexcept {
  dirty_ = false;
  if (dead_ || blocked_) return;
  if (mute_) {
    out_.clear();
    if (closing_) die(std::move(*why_));
    return;
  }
  was_high_ |= congested();
  if (filtered_ && closing_) apply_filter(true);
  if (unsent() > 0) {
    bool everything = false;
    if (send_some(everything) < 0) return;
    if (!everything) wait_for_room();
  }
  if (unsent() == 0) {
    if (closing_) return die(std::move(*why_));
    out_.shrink(kSendNow);
  } else if (closing_) {
    linger();
  }
  if (was_high_ && unsent() < kLowWater && !closing_) {
    was_high_ = false;
    if (handler_) handler_->on_drained(*this);
  }
}

/// One system call; the number of bytes taken, or -1 when the connection takes nothing any more.
ssize_t PosixConnection::send_some(bool& everything) noexcept {
  const size_t before = unsent();
  ssize_t n;
  if (filtered_) [[unlikely]] {
    n = send_wire(everything);
  } else if (pinned_bytes_ == 0) {
    do n = ::send(fd_, out_.data() + sent_, before, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    everything = n == static_cast<ssize_t>(before);
  } else {
    n = send_pieces(everything);
  }
  if (n < 0) {
    if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) {
      everything = false;
      return 0;
    }
    const int error_number = errno;
    if (error_number == EFAULT) touch_pins();
    if ((error_number == ECONNRESET || error_number == EPIPE) && !closing_ && !paused_) fall_mute();
    else die(fail_errno(error_number, "send").error());
    return -1;
  }
  if (n > 0) last_active_ms_ = loop_.turn_ms();
  if (!filtered_) advance(static_cast<size_t>(n));
  return n;
}

/// The disk could not give a page of a pinned piece. The kernel tells that only to the call; whoever reads the page makes
/// its mapping know (bus_guard.h), so that the next answer leaves it out.
void PosixConnection::touch_pins() const noexcept {
  constexpr size_t kPage = 4096;
  for (size_t i = first_pin_; i < pins_.size(); ++i) {
    const ByteView bytes = pins_[i].bytes.bytes;
    for (size_t at = 0; at < bytes.size(); at += kPage) (void)*static_cast<const volatile std::byte*>(bytes.data() + at);
    if (!bytes.empty()) (void)*static_cast<const volatile std::byte*>(bytes.data() + bytes.size() - 1);
  }
}

ssize_t PosixConnection::send_pieces(bool& everything) noexcept {
  constexpr size_t kPieces = 128;
  iovec pieces[kPieces];
  size_t count = 0, total = 0, at = sent_;
  const auto add = [&](const std::byte* p, size_t size) {
    pieces[count].iov_base = const_cast<std::byte*>(p);
    pieces[count++].iov_len = size;
    total += size;
  };
  size_t pin = first_pin_;
  for (; pin < pins_.size() && count + 2 <= kPieces; ++pin) {
    if (pins_[pin].at > at) add(out_.data() + at, pins_[pin].at - at);
    at = std::max(at, pins_[pin].at);
    add(pins_[pin].bytes.bytes.data(), pins_[pin].bytes.bytes.size());
  }
  if (pin == pins_.size() && at < out_.size() && count < kPieces) add(out_.data() + at, out_.size() - at);
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = count;
  ssize_t n;
  do n = ::sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  everything = n == static_cast<ssize_t>(unsent());
  return n;
}

/// Takes `bytes` off the front of the output: buffer up to the next pin, the pin, and so on.
void PosixConnection::advance(size_t bytes) noexcept {
  while (bytes > 0) {
    const bool has_pin = first_pin_ < pins_.size();
    const size_t end = has_pin ? pins_[first_pin_].at : out_.size();
    const size_t copied = std::min(bytes, end - sent_);
    sent_ += copied;
    bytes -= copied;
    if (bytes == 0 || !has_pin) break;
    Pin& pin = pins_[first_pin_];
    const size_t taken = std::min(bytes, pin.bytes.bytes.size());
    pin.bytes.bytes = pin.bytes.bytes.subspan(taken);
    bytes -= taken;
    pinned_bytes_ -= taken;
    if (pin.bytes.bytes.empty()) {
      pin.bytes.pin.reset();
      ++first_pin_;
    }
  }
  if (sent_ == out_.size() && pinned_bytes_ == 0) {
    out_.clear();
    sent_ = 0;
    pins_.clear();
    first_pin_ = 0;
  } else if (sent_ > kSendNow && sent_ > out_.size() / 2) {   // a reader that never quite catches up
    out_.consume(sent_);
    pins_.erase(pins_.begin(), pins_.begin() + static_cast<ptrdiff_t>(std::exchange(first_pin_, 0)));
    for (Pin& pin : pins_) pin.at -= sent_;
    sent_ = 0;
  }
}

void PosixConnection::wait_for_room() noexcept {
  blocked_ = true;
  update_interest();
}

/// The peer has gone, but its last requests may still lie in the socket: one-way ones count although nobody waits for an answer.
/// Reading on meets the end, of which the connection then dies.
void PosixConnection::fall_mute() noexcept {
  mute_ = true;
  out_.clear();
  sent_ = 0;
  pins_.clear();
  first_pin_ = 0;
  pinned_bytes_ = wire_left_ = 0;
  if (filtered_) {
    filtered_->wire.clear();
    filtered_->sent = 0;
  }
  blocked_ = was_high_ = false;
  update_interest();
}

void PosixConnection::update_interest() noexcept {
  const uint32_t want = (paused_ || closing_ || ended_ || has_enough() ? 0u : uint32_t{EPOLLIN}) | (blocked_ ? uint32_t{EPOLLOUT} : 0u);
  if (want == interest_ || fd_ < 0) return;
  interest_ = want;
  loop_.rewatch(fd_, want, *this);
}

// ---- a filter ----------------------------------------------------------------------------------------------------

void PosixConnection::set_filter(std::unique_ptr<StreamFilter> filter) {
  MQ_CHECK(!filtered_ && unsent() == 0);
  filtered_ = std::make_unique<Filtered>();
  filtered_->filter = std::move(filter);
  yield();   // to it, but not from inside on_data, whose rest is not known yet
}

/// Gives raw input to the filter and what it makes of it to the handler.
void PosixConnection::feed(ByteView raw) noexcept {
  Filtered& f = *filtered_;
  ByteBuffer first;
  if (!std::exchange(f.begun, true)) {
    first = std::move(rest_);
    first.append(raw);
    raw = first.view();
  }
  const bool in_place = paused_ || rest_.size() > PosixLoop::kRestBytes;
  ByteBuffer& plain = in_place ? rest_ : loop_.plain();
  if (!in_place) {
    plain.clear();
    plain.append(rest_.view());
  }
  Result<> taken = f.filter->receive(raw, plain, f.wire);
  if (mute_) f.wire.clear();
  wire_left_ = f.wire.size() - f.sent;
  if (unsent() > 0 && !dirty_) {   // a reply of the filter, or output that waited for it to open
    dirty_ = true;
    loop_.mark_dirty(*this);
  }
  if (!in_place && !plain.empty()) hand_over(plain.view());
  else if (in_place && !paused_) hand_over_rest();
  if (!taken && !dead_) end(std::move(taken).error());
}

/// Moves what out_ has through the filter, once it is open; with `finish` also the last words.
void PosixConnection::apply_filter(bool finish) noexcept {
  Filtered& f = *filtered_;
  if (f.filter->open() && !out_.empty()) {
    f.filter->send(out_.view(), f.wire);
    out_.clear();
  }
  if (finish) {
    out_.clear();   // it never opened: what waited has nowhere to go
    f.filter->finish(f.wire);
  }
  wire_left_ = f.wire.size() - f.sent;
}

ssize_t PosixConnection::send_wire(bool& everything) noexcept {
  apply_filter(false);
  Filtered& f = *filtered_;
  everything = true;
  if (wire_left_ == 0) return 0;   // what out_ may hold waits for the filter, not for room
  ssize_t n;
  do n = ::send(fd_, f.wire.data() + f.sent, wire_left_, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0) return n;
  f.sent += static_cast<size_t>(n);
  wire_left_ -= static_cast<size_t>(n);
  everything = wire_left_ == 0;
  if (everything) {
    f.wire.clear();
    f.wire.shrink(kSendNow);
    f.sent = 0;
  } else if (f.sent > kSendNow) {
    f.wire.consume(std::exchange(f.sent, 0));
  }
  return n;
}

// ---- the end -----------------------------------------------------------------------------------------------------

void PosixConnection::close(bool abort) noexcept {
  if (dead_) return;
  if (abort) return die(Error(Errc::kClosed, "closed"));
  finish_later(Error(Errc::kClosed, "closed"));
}

/// Sends what there is at the end of the turn, then dies of `why`.
void PosixConnection::finish_later(Error why) noexcept {
  if (closing_) return;
  closing_ = true;
  why_ = std::make_unique<Error>(std::move(why));
  if (dirty_) return;
  dirty_ = true;
  loop_.mark_dirty(*this);
}

/// The peer does not take the last output: it gets a while.
void PosixConnection::linger() noexcept {
  update_interest();
  if (linger_timer_) return;
  linger_timer_ = loop_.after(kLingerMs, [this] {
    linger_timer_ = 0;
    die(Error(Errc::kTimeout, "the peer did not read before the close"));
  });
}

void PosixConnection::die(Error why) noexcept {
  if (dead_) return;
  dead_ = closing_ = true;
  why_ = std::make_unique<Error>(std::move(why));
  loop_.mark_dead(*this);
}

void PosixConnection::bury() noexcept {
  loop_.cancel(linger_timer_);
  ::close(std::exchange(fd_, -1));   // leaves the epoll set by itself
  pins_.clear();
  pinned_bytes_ = sent_ = wire_left_ = 0;
  out_.clear();
  if (handler_) handler_->on_close(*this, *why_);
}

}  // namespace mq::env
