#include "remoting/server.h"

#include <algorithm>

#include "remoting/server_session.h"
#include "remoting/unheard.h"

namespace mq::remoting {
namespace {

Logger log("remoting");

}  // namespace

// ---- ServerPart --------------------------------------------------------------------------------------------------

Result<uint16_t> ServerPart::listen(uint16_t port, bool several, bool first) {
  const auto on_accept = [self = weak_from_this()](env::Connection& c) {
    if (const auto part = self.lock()) return part->accept(c);
    Unheard::turn_away(c);
  };
  env::Net& net = loop_.net();
  if (several && first && port != 0) {
    // SO_REUSEPORT would also let another process of this user share the port in silence: ask once without it.
    MQ_TRY(auto probe, net.listen(shared_->options.host, port, [](env::Connection& c) { c.close(true); }, false));
  }
  MQ_TRY(listener_, net.listen(shared_->options.host, port, on_accept, several));
  loop_.at_turn_end([self = weak_from_this()] {
    if (const auto part = self.lock()) part->end_turn();
  });
  scanning_ = env::Periodic(loop_, 1000, 1000, [this] { scan(); });
  return listener_->port();
}

void ServerPart::end_turn() noexcept {
  meter_.end_turn(loop_.clock());
  if (!readers_.end_turn(loop_.clock()) || readers_rest_) return;
  readers_rest_ = true;
  loop_.after(ReaderBudget::kRestMs, [self = weak_from_this()] {
    if (const auto part = self.lock()) part->go_on();
  });
}

bool ServerPart::holds_back(ServerSession& reader) {
  if (readers_rest_ && reader.catches_up_) {
    reader.connection().pause(true);
    resting_.push_back(&reader);
  } else if (readers_.used_up()) {
    reader.connection().yield();
  } else {
    return false;
  }
  return true;
}

/// In the order in which they came to rest.
void ServerPart::go_on() noexcept {
  readers_rest_ = false;
  for (ServerSession* s : resting_) s->connection().pause(false);
  resting_.clear();
}

void ServerPart::stop_listening() noexcept { listener_.reset(); }

void ServerPart::shut_down() noexcept {
  listener_.reset();
  scanning_.stop();
  close_all(true);
}

void ServerPart::accept(env::Connection& c) {
  if (shared_->connections.load(std::memory_order_relaxed) >= shared_->options.max_connections) {
    int64_t swallowed = 0;
    if (shared_->refused_lines.allow(loop_.clock().mono_ms(), swallowed)) {
      log.warn("{} turned away: {} connections are open ({} more such lines)", c.peer().to_string(), shared_->options.max_connections, swallowed);
    }
    return Unheard::turn_away(c);
  }
  shared_->connections.fetch_add(1, std::memory_order_relaxed);
  auto session = std::make_shared<ServerSession>(shared_from_this(), c);
  c.set_handler(session.get());
  sessions_.push_back(session.get());
  session->keep(session, sessions_.size() - 1);
}

void ServerPart::remove(ServerSession& s) noexcept {
  const size_t place = s.place_;
  sessions_[place] = sessions_.back();
  sessions_[place]->place_ = place;
  sessions_.pop_back();
  if (!resting_.empty()) std::erase(resting_, &s);
  shared_->connections.fetch_sub(1, std::memory_order_relaxed);
}

/// One pass per second; with many connections it takes up to eight seconds to come round.
void ServerPart::scan() noexcept {
  const int64_t now_ms = loop_.clock().mono_ms();
  const size_t count = std::min(sessions_.size(), std::max<size_t>(4096, sessions_.size() / 8));
  for (size_t i = 0; i < count; ++i) {
    if (scan_at_ >= sessions_.size()) scan_at_ = 0;
    sessions_[scan_at_++]->check_idle(now_ms);
  }
}

void ServerPart::close_all(bool abort) noexcept {
  for (ServerSession* s : sessions_) s->connection().close(abort);   // on_close comes at the end of the turn
}

// ---- Server ------------------------------------------------------------------------------------------------------

struct Server::Impl {
  env::Env& env;
  std::shared_ptr<ServerShared> shared = std::make_shared<ServerShared>();
  std::vector<std::shared_ptr<ServerPart>> parts;

  template <class F>
  void on_each(F f) {
    for (auto& part : parts) env.run_on(part->loop(), [&] { f(*part); });
  }
};

Server::Server(std::vector<env::Loop*> loops, env::Env& env, const Router& router, ServerOptions options)
    : impl_(new Impl{.env = env}) {
  impl_->shared->options = std::move(options);
  impl_->shared->router = &router;
  for (env::Loop* loop : loops) impl_->parts.push_back(std::make_shared<ServerPart>(*loop, impl_->shared));
}

Server::~Server() {
  // Each part dies on its own loop unless a closed session still holds it; its timer must go there in any case.
  impl_->on_each([](ServerPart& part) { part.shut_down(); });
}

Result<> Server::start() {
  ServerOptions& options = impl_->shared->options;
  const bool several = impl_->parts.size() > 1;
  Result<> result;
  for (auto& part : impl_->parts) {
    impl_->env.run_on(part->loop(), [&] {
      // The probe for another process only makes sense before the first of us listens.
      auto port = part->listen(options.port, several, part == impl_->parts.front());
      if (port && options.port == 0) options.port = *port;   // before any of the loops can read it elsewhere
      if (port) return;
      result = fail(std::move(port).error());
    });
    if (!result) {
      stop(false);
      return result;
    }
  }
  log.info("listening on {}", env::Endpoint{options.host.empty() ? "*" : options.host, options.port}.to_string());
  return {};
}

void Server::stop(bool connections) {
  impl_->on_each([connections](ServerPart& part) {
    part.stop_listening();
    if (connections) part.close_all(false);
  });
}

uint16_t Server::port() const noexcept { return impl_->shared->options.port; }

RequestMeter::Row Server::handled(size_t code) const noexcept {
  RequestMeter::Row sum;
  for (const auto& part : impl_->parts) sum.add(part->meter().row(code));
  return sum;
}

size_t Server::connections() const noexcept { return impl_->shared->connections.load(std::memory_order_relaxed); }

}  // namespace mq::remoting
