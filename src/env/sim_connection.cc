#include <algorithm>

#include "base/check.h"
#include "env/sim_loop.h"
#include "env/sim_machine.h"
#include "env/sim_net.h"

namespace mq::env {

SimConnection::SimConnection(SimNet& net, uint64_t id, SimLinkRef link, int side)
    : net_(net), id_(id), link_(std::move(link)), side_(side) {
  mine().conn = this;
  touch();
}

SimConnection::~SimConnection() {
  if (mine().conn == this) mine().conn = nullptr;
}

void SimConnection::check_here() const noexcept { MQ_CHECK(net_.loop().allowed()); }
void SimConnection::touch() noexcept { last_active_ms_ = net_.loop().clock().mono_ms(); }

ByteBuffer& SimConnection::out() noexcept {
  check_here();
  if (net_.loop().stopped()) out_.clear();   // a dead process talks to nobody
  return out_;
}

void SimConnection::send_pinned(PinnedBytes bytes) {
  check_here();
  if (net_.loop().stopped() || bytes.bytes.empty()) return;
  if (filter_) return out_.append(bytes.bytes);
  queue_output();
  queued_bytes_ += bytes.bytes.size();
  queue_.emplace_back(std::move(bytes));
}

bool SimConnection::congested() const noexcept {
  if (unsent() > kHighWater) was_congested_ = true;
  return unsent() > kHighWater;
}

void SimConnection::pause(bool paused) noexcept {
  check_here();
  if (paused_ && !paused) {
    hand_again_ = !in_.empty();
    if (hand_again_ || !arrived_.empty()) wake();
  }
  paused_ = paused;
}

void SimConnection::yield() noexcept {
  check_here();
  hand_again_ = true;
  wake();
}

void SimConnection::close(bool abort) noexcept {
  check_here();
  closing_ = true;
  abort_ = abort_ || abort;
}

void SimConnection::arrived(SimChunk chunk) {
  arrived_.push_back(std::move(chunk));
  wake();
}

void SimConnection::broke(Errc code, const std::string& why) {
  if (error_) return;
  error_.emplace(code, why);
  arrived_.clear();
  wake();
}

void SimConnection::wake() {
  if (std::exchange(wake_planned_, true)) return;
  net_.loop().ready([&net = net_, id = id_] {
    if (SimConnection* connection = net.find(id)) connection->run_input();
  });
}

size_t SimConnection::take_arrived() {
  size_t got = 0;
  while (!arrived_.empty() && !arrived_.front().fin && got < kReadAtOnce) {
    got += arrived_.front().bytes.size();
    (filter_ ? raw_ : in_).append(ByteView(arrived_.front().bytes));
    arrived_.pop_front();
  }
  if (got == 0) return 0;
  touch();
  mine().in_flight -= got;
  // The sender's window opens when the news has travelled back.
  net_.fabric().scheduler().at(net_.fabric().scheduler().now_us() + net_.fabric().hop_us(*mine().machine, *theirs().machine),
                               [link = link_, other = 1 - side_] {
                                 if (link->side[other].conn) link->side[other].conn->wake();
                               });
  return got;
}

void SimConnection::set_filter(std::unique_ptr<StreamFilter> filter) {
  check_here();
  MQ_CHECK(!filter_ && unsent() == 0);
  filter_ = std::move(filter);
  wake();
}

/// Gives the filter what has arrived. Its error closes the connection once the handler had what came before.
void SimConnection::feed() {
  if (!std::exchange(filter_begun_, true)) {
    ByteBuffer first = std::move(in_);   // what the handler left when the filter was set
    first.append(raw_.view());
    raw_ = std::move(first);
    in_ = ByteBuffer();
  } else if (raw_.empty()) {
    return;
  }
  ByteBuffer wire;
  if (auto taken = filter_->receive(raw_.view(), in_, wire); !taken) filter_error_ = std::move(taken).error();
  raw_.clear();
  hand_again_ |= !in_.empty();
  queue_wire(std::move(wire));
}

void SimConnection::queue_wire(ByteBuffer wire) {
  if (wire.empty()) return;
  queued_bytes_ += wire.size();
  queue_.emplace_back(std::move(wire));
}

void SimConnection::run_input() {
  wake_planned_ = false;
  if (error_ || paused_) return;
  const size_t got = take_arrived();
  if (closing_) {
    in_.clear();
    return;
  }
  if (filter_) feed();
  if ((got > 0 && !filter_) || std::exchange(hand_again_, false)) {
    MQ_CHECK(handler_);
    const size_t used = handler_->on_data(*this, in_.view());
    MQ_CHECK(used <= in_.size());
    in_.consume(used);
  }
  closing_ |= filter_error_.has_value();
  if (arrived_.empty() || error_) return;
  if (arrived_.front().fin && got == 0 && !hand_again_) {
    error_.emplace(Errc::kClosed, "closed by the peer");
  } else {
    wake();
  }
}

void SimConnection::queue_output() {
  if (filter_) {
    ByteBuffer wire;
    if (filter_->open()) filter_->send(out_.view(), wire);
    else if (!closing_) return;   // it waits
    out_.clear();
    if (closing_) filter_->finish(wire);
    return queue_wire(std::move(wire));
  }
  if (out_.empty()) return;
  queued_bytes_ += out_.size();
  queue_.emplace_back(std::move(out_));
  out_ = ByteBuffer();
}

std::vector<std::byte> SimConnection::next_chunk(size_t limit) {
  std::vector<std::byte> chunk;
  while (!queue_.empty() && chunk.size() < limit) {
    const ByteView all = std::holds_alternative<ByteBuffer>(queue_.front())
                             ? std::get<ByteBuffer>(queue_.front()).view()
                             : std::get<PinnedBytes>(queue_.front()).bytes;
    const ByteView part = all.subspan(queue_at_, std::min(limit - chunk.size(), all.size() - queue_at_));
    chunk.insert(chunk.end(), part.begin(), part.end());
    queue_at_ += part.size();
    if (queue_at_ == all.size()) {
      queue_.pop_front();   // and with it the pin
      queue_at_ = 0;
    }
  }
  queued_bytes_ -= chunk.size();
  return chunk;
}

void SimConnection::transmit() {
  SimRng& rng = net_.fabric().scheduler().rng();
  queue_output();
  while (queued_bytes_ > 0) {
    const size_t room = link_->broken ? SIZE_MAX : link_->window - std::min(link_->window, theirs().in_flight);
    if (room == 0) break;
    size_t limit = room;   // most chunks as large as can be, some cut anywhere, some tiny
    if (rng.chance(0.3)) limit = std::min<size_t>(room, 1 + rng.below(queued_bytes_));
    if (rng.chance(0.05)) limit = std::min<size_t>(room, 1 + rng.below(64));
    net_.fabric().send(link_, 1 - side_, next_chunk(limit), false);
    touch();
  }
}

void SimConnection::let_go(Errc code, const std::string& why) {
  mine().conn = nullptr;
  if (!error_) error_.emplace(code, why);
}

bool SimConnection::run_output() {
  if (error_) return true;
  if (closing_ && abort_) {
    net_.fabric().break_link(link_, -1, Errc::kClosed, "connection reset by peer");
    let_go(Errc::kClosed, "closed here");
    return true;
  }
  if (unsent() > kHighWater) was_congested_ = true;
  transmit();
  if (closing_ && queued_bytes_ == 0) {
    net_.fabric().send(link_, 1 - side_, {}, true);
    if (filter_error_) error_ = std::move(filter_error_);
    let_go(Errc::kClosed, "closed here");
    return true;
  }
  if (was_congested_ && unsent() < kLowWater) {
    was_congested_ = false;
    if (handler_ && !closing_) handler_->on_drained(*this);
  }
  return false;
}

void SimConnection::report_close() {
  MQ_CHECK(error_);
  mine().conn = nullptr;
  if (handler_) std::exchange(handler_, nullptr)->on_close(*this, *error_);
}

void SimConnection::close_at_stop() {
  if (!error_) {
    transmit();
    net_.fabric().send(link_, 1 - side_, {}, true);
    let_go(Errc::kClosed, "the loop ends");
  }
  report_close();
}

void SimConnection::become_inert() {
  if (mine().conn == this) mine().conn = nullptr;
  if (!error_) error_.emplace(Errc::kClosed, "the simulated process is dead");
  handler_ = nullptr;
  in_ = ByteBuffer();
  out_ = ByteBuffer();
  arrived_.clear();
  auto dropped = std::move(queue_);   // pins go last: their owners may call us
  queue_.clear();
  queue_at_ = queued_bytes_ = 0;
}

}  // namespace mq::env
