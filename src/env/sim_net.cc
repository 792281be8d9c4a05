#include "env/sim_net.h"

#include <algorithm>

#include "base/check.h"
#include "env/sim_loop.h"
#include "env/sim_machine.h"

namespace mq::env {

// --- Listener -------------------------------------------------------------------------------------------------------

SimListener::SimListener(SimNet& net, std::string host, uint16_t port, bool shared, AcceptHandler on_accept)
    : net_(net),
      host_(std::move(host)),
      port_(port),
      shared_(shared),
      on_accept_(std::make_shared<AcceptHandler>(std::move(on_accept))) {}

SimListener::~SimListener() {
  MQ_CHECK(net_.loop().allowed());
  become_inert();
  net_.remove(*this);
}

void SimListener::become_inert() {
  net_.fabric().unlisten(net_.machine(), port_, *this);
  for (const SimLinkRef& link : std::exchange(backlog_, {})) {
    link->side[1].opening = false;
    net_.fabric().break_link(link, -1, Errc::kClosed, "connection reset by peer");
  }
  std::exchange(on_accept_, nullptr).reset();
}

void SimListener::incoming(const SimLinkRef& link) {
  backlog_.push_back(link);
  net_.loop().ready([this, alive = std::weak_ptr<AcceptHandler>(on_accept_), link] {
    if (!alive.expired()) accept(link);
  });
}

void SimListener::accept(const SimLinkRef& link) {
  std::erase(backlog_, link);
  const std::shared_ptr<AcceptHandler> handler = on_accept_;   // the handler may destroy this listener
  SimConnection& connection = net_.take_over(link, 1);
  (*handler)(connection);
  MQ_CHECK(connection.has_handler() || connection.closing());
}

// --- Net: connecting ------------------------------------------------------------------------------------------------

struct SimNet::Attempt {
  Endpoint to;
  ConnectHandler done;
  int64_t timeout_us = 0;
  std::vector<std::string> addresses;
  size_t next = 0;
  int64_t address_deadline_us = 0;
  Error last_error{Errc::kNotFound, "no address"};
  bool finished = false;
  SimLinkRef link;
};

SimNet::~SimNet() = default;

SimMachineImpl& SimNet::machine() noexcept { return loop_.process().machine(); }
SimFabric& SimNet::fabric() noexcept { return machine().fabric(); }

Result<std::unique_ptr<Listener>> SimNet::listen(const std::string& host, uint16_t port, AcceptHandler on_accept,
                                                 bool shared) {
  MQ_CHECK(loop_.allowed());
  if (loop_.stopped()) return fail(Errc::kClosed, "the simulated process is dead");
  while (port == 0) {
    const uint16_t free = machine().next_ephemeral_port();
    if (!fabric().port_taken(machine(), free)) port = free;
  }
  auto listener = std::make_unique<SimListener>(*this, host, port, shared, std::move(on_accept));
  listeners_.push_back(listener.get());
  MQ_TRY_VOID(fabric().listen(machine(), port, *listener));
  return listener;
}

void SimNet::connect(const Endpoint& to, int64_t timeout_ms, ConnectHandler done) {
  MQ_CHECK(loop_.allowed());
  if (loop_.stopped()) return;
  auto attempt = std::make_shared<Attempt>();
  attempt->to = to;
  attempt->done = std::move(done);
  attempt->timeout_us = std::max<int64_t>(timeout_ms, 1) * 1000;
  attempts_.push_back(attempt);
  SimScheduler& world = fabric().scheduler();
  world.at(world.now_us() + world.rng().between(5, 500), [this, attempt] {
    if (fabric().name_is_silent(attempt->to.host)) return;   // its time runs out
    attempt->addresses = fabric().resolve(machine(), attempt->to.host);
    attempt->last_error = Error(Errc::kNotFound, "unknown host: " + attempt->to.host);
    try_next(attempt);
  });
  world.at(world.now_us() + attempt->timeout_us, [this, attempt] {
    give_up(attempt, Error(Errc::kTimeout, "no answer from " + attempt->to.to_string()));
  });
}

void SimNet::try_next(const std::shared_ptr<Attempt>& attempt) {
  if (attempt->finished) return;
  if (attempt->next == attempt->addresses.size()) return give_up(attempt, attempt->last_error);
  ++attempt->next;
  attempt->address_deadline_us =
      fabric().scheduler().now_us() + attempt->timeout_us / static_cast<int64_t>(attempt->addresses.size());
  knock(attempt);
}

void SimNet::knock(const std::shared_ptr<Attempt>& attempt) {
  if (attempt->finished || loop_.stopped()) return;
  SimScheduler& world = fabric().scheduler();
  SimMachineImpl* target = fabric().machine_at(machine(), attempt->addresses[attempt->next - 1]);
  if (target && !target->powered_off() && !fabric().is_cut(machine(), *target)) {
    world.at(world.now_us() + fabric().hop_us(machine(), *target), [this, attempt, target] { arrive(attempt, *target); });
  } else if (world.now_us() >= attempt->address_deadline_us) {
    attempt->last_error = Error(Errc::kTimeout, "no answer from " + attempt->to.to_string());
    try_next(attempt);
  } else {
    const int64_t again = std::min(attempt->address_deadline_us, world.now_us() + world.rng().between(200'000, 1'000'000));
    world.at(again, [this, attempt] { knock(attempt); });
  }
}

void SimNet::arrive(const std::shared_ptr<Attempt>& attempt, SimMachineImpl& target) {
  if (attempt->finished || loop_.stopped()) return;
  SimScheduler& world = fabric().scheduler();
  const int64_t back = world.now_us() + fabric().hop_us(target, machine());
  const std::string& address = attempt->addresses[attempt->next - 1];
  SimListener* listener = fabric().listener_for(target, attempt->to.port, address);
  if (!listener) {
    world.at(back, [this, attempt] {
      attempt->last_error = Error(Errc::kRefused, "connection refused by " + attempt->to.to_string());
      try_next(attempt);
    });
    return;
  }
  const bool loopback = &target == &machine();
  attempt->link = fabric().new_link(machine(), {loopback ? address : machine().address(), machine().next_ephemeral_port()},
                                    target, {address, attempt->to.port});
  listener->incoming(attempt->link);
  world.at(back, [this, attempt] { established(attempt); });
}

void SimNet::give_up(const std::shared_ptr<Attempt>& attempt, const Error& why) {
  if (loop_.stopped() || std::exchange(attempt->finished, true)) return;
  if (attempt->link) {
    attempt->link->side[0].opening = false;
    fabric().break_link(attempt->link, -1, Errc::kClosed, "connection reset by peer");
  }
  loop_.ready([this, attempt, why] {
    std::erase(attempts_, attempt);
    attempt->done(fail(why));
  });
}

void SimNet::established(const std::shared_ptr<Attempt>& attempt) {
  if (loop_.stopped() || std::exchange(attempt->finished, true)) return;
  loop_.ready([this, attempt] {
    std::erase(attempts_, attempt);
    if (attempt->link->broken) return attempt->done(fail(Errc::kRefused, "connection reset by " + attempt->to.to_string()));
    SimConnection& connection = take_over(attempt->link, 0);
    attempt->link.reset();
    attempt->done(&connection);
    MQ_CHECK(connection.has_handler() || connection.closing());
  });
}

void SimNet::resolve(const std::string& host, int64_t timeout_ms, ResolveHandler done) {
  MQ_CHECK(loop_.allowed());
  if (loop_.stopped()) return;
  auto shared = std::make_shared<ResolveHandler>(std::move(done));
  SimScheduler& world = fabric().scheduler();
  const bool silent = fabric().name_is_silent(host);
  world.at(world.now_us() + (silent ? timeout_ms * 1000 : world.rng().between(5, 500)), [this, host, shared, silent] {
    loop_.ready([this, host, shared, silent] {
      if (silent) return (*shared)(fail(Errc::kTimeout, "no answer about " + host));
      std::vector<std::string> found = fabric().resolve(machine(), host);
      if (found.empty()) return (*shared)(fail(Errc::kNotFound, "unknown host: " + host));
      (*shared)(std::move(found));
    });
  });
}

// --- Net: connections -----------------------------------------------------------------------------------------------

SimConnection& SimNet::take_over(const SimLinkRef& link, int side) {
  const uint64_t id = ++last_id_;
  auto& connection = connections_[id] = std::make_unique<SimConnection>(*this, id, link, side);
  if (link->broken) {
    link->side[side].opening = false;
    connection->broke(Errc::kClosed, "connection reset by peer");
  } else {
    fabric().opened(link, side);
  }
  return *connection;
}

SimConnection* SimNet::find(uint64_t id) noexcept {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

void SimNet::end_of_turn() {
  for (bool again = true; again;) {
    again = false;
    std::vector<uint64_t> ids;
    for (const auto& [id, connection] : connections_) ids.push_back(id);
    for (uint64_t id : ids) {
      if (loop_.stopped()) return;   // it died in a handler; what is left is inert
      SimConnection* connection = find(id);
      if (!connection || !connection->run_output()) continue;
      connection->report_close();
      if (loop_.stopped()) return;
      connections_.erase(id);
      again = true;   // its handler may have written to or closed others
    }
  }
}

void SimNet::close_all() {
  while (!connections_.empty() && !loop_.stopped()) {
    const auto first = connections_.begin();
    const uint64_t id = first->first;
    first->second->close_at_stop();
    if (!loop_.stopped()) connections_.erase(id);
  }
}

void SimNet::drop_everything() {
  auto attempts = std::exchange(attempts_, {});
  for (const auto& attempt : attempts) {
    if (!attempt->link) continue;
    attempt->link->side[0].opening = false;
    fabric().break_link(attempt->link, -1, Errc::kClosed, "connection reset by peer");
  }
  for (SimListener* listener : std::vector(listeners_)) listener->become_inert();
  for (auto& [id, connection] : connections_) connection->become_inert();
}

}  // namespace mq::env
