#include "env/sim_fabric.h"

#include <algorithm>

#include "env/loopback.h"
#include "env/sim_machine.h"
#include "env/sim_net.h"

namespace mq::env {

namespace {
bool is_numeric(const std::string& host) {
  return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
}
}  // namespace

void SimFabric::add(SimMachineImpl& machine) {
  machines_.push_back(&machine);
  names_[machine.name()] = {machine.address()};
}

void SimFabric::cut(const std::string& a, const std::string& b, bool cut) {
  const auto pair = std::minmax(a, b);
  if (cut) {
    cuts_.insert({pair.first, pair.second});
  } else {
    cuts_.erase({pair.first, pair.second});
  }
  scheduler_.trace("network {} - {}: {}", a, b, cut ? "cut" : "healed");
}

bool SimFabric::is_cut(const SimMachineImpl& a, const SimMachineImpl& b) const {
  const auto pair = std::minmax(a.name(), b.name());
  return cuts_.contains({pair.first, pair.second});
}

std::vector<std::string> SimFabric::resolve(const SimMachineImpl& from, const std::string& host) const {
  if (host.empty()) return {};
  if (host == "localhost") return {"127.0.0.1"};
  if (host == from.name()) return {from.address()};
  if (is_numeric(host)) return {host};
  const auto found = names_.find(host);
  return found == names_.end() ? std::vector<std::string>{} : found->second;
}

SimMachineImpl* SimFabric::machine_at(SimMachineImpl& from, const std::string& address) const {
  if (is_loopback(address)) return &from;
  for (SimMachineImpl* machine : machines_) {
    if (machine->address() == address) return machine;
  }
  return nullptr;
}

Result<> SimFabric::listen(SimMachineImpl& machine, uint16_t port, SimListener& listener) {
  std::vector<SimListener*>& taken = listeners_[{&machine, port}];
  const bool free = std::all_of(taken.begin(), taken.end(), [&](SimListener* other) {
    return (other->shared() && listener.shared()) || (other->host() != listener.host() && !other->any() && !listener.any());
  });
  if (!free) return fail(Errc::kBusy, "port is taken: " + machine.name() + ":" + std::to_string(port));
  taken.push_back(&listener);
  return {};
}

void SimFabric::unlisten(SimMachineImpl& machine, uint16_t port, SimListener& listener) {
  const auto found = listeners_.find({&machine, port});
  if (found == listeners_.end()) return;
  std::erase(found->second, &listener);
  if (found->second.empty()) listeners_.erase(found);
}

SimListener* SimFabric::listener_for(SimMachineImpl& machine, uint16_t port, const std::string& address) {
  const auto found = listeners_.find({&machine, port});
  if (found == listeners_.end()) return nullptr;
  std::vector<SimListener*> fit;
  for (SimListener* listener : found->second) {
    if (listener->any() || listener->host() == address || listener->host() == machine.name()) fit.push_back(listener);
  }
  return fit.empty() ? nullptr : fit[scheduler_.rng().below(fit.size())];
}

SimLinkRef SimFabric::new_link(SimMachineImpl& from, Endpoint local, SimMachineImpl& to, Endpoint remote) {
  auto link = std::make_shared<SimLink>();
  link->side[0].machine = &from;
  link->side[0].addr = std::move(local);
  link->side[1].machine = &to;
  link->side[1].addr = std::move(remote);
  constexpr size_t kWindows[] = {4 << 10, 64 << 10, 1 << 20};
  link->window = kWindows[scheduler_.rng().below(std::size(kWindows))];
  std::erase_if(links_, [](const std::weak_ptr<SimLink>& l) { return l.expired(); });
  links_.push_back(link);
  return link;
}

int64_t SimFabric::hop_us(const SimMachineImpl& from, const SimMachineImpl& to) {
  if (&from == &to) return scheduler_.rng().between(5, 50);
  return scheduler_.rng().between(from.faults().min_delay_us, from.faults().max_delay_us);
}

void SimFabric::send(const SimLinkRef& link, int to, std::vector<std::byte> bytes, bool fin) {
  if (link->broken) return;
  SimLink::Side& side = link->side[to];
  const int64_t due = scheduler_.now_us() + hop_us(*link->side[1 - to].machine, *side.machine);
  side.last_due_us = std::max(side.last_due_us, due);
  side.in_flight += bytes.size();
  side.coming.push_back({side.last_due_us, std::move(bytes), fin});
  plan_pump(link, to, side.coming.front().due_us);
}

void SimFabric::opened(const SimLinkRef& link, int side) {
  link->side[side].opening = false;
  if (!link->side[side].coming.empty()) plan_pump(link, side, link->side[side].coming.front().due_us);
}

void SimFabric::plan_pump(const SimLinkRef& link, int side, int64_t due_us) {
  if (std::exchange(link->side[side].pump_planned, true)) return;
  scheduler_.at(due_us, [this, link, side] {
    link->side[side].pump_planned = false;
    pump(link, side);
  });
}

bool SimFabric::stalled(const SimLinkRef& link, int to) {
  SimLink::Side& side = link->side[to];
  if (!side.machine->powered_off() && !is_cut(*side.machine, *link->side[1 - to].machine)) {
    side.stalled_since_us = -1;
    return false;
  }
  const int64_t now = scheduler_.now_us();
  if (side.stalled_since_us < 0) side.stalled_since_us = now;
  if (now - side.stalled_since_us > kGiveUpUs) {
    break_link(link, -1, Errc::kTimeout, "connection timed out");
  } else {
    plan_pump(link, to, now + scheduler_.rng().between(100'000, 500'000));
  }
  return true;
}

void SimFabric::pump(const SimLinkRef& link, int to) {
  SimLink::Side& side = link->side[to];
  while (!link->broken && !side.opening && !side.coming.empty()) {
    if (side.coming.front().due_us > scheduler_.now_us()) return plan_pump(link, to, side.coming.front().due_us);
    if (stalled(link, to)) return;
    if (!side.conn) return break_link(link, 1 - to, Errc::kClosed, "connection reset by peer");
    const bool loopback = side.machine == link->side[1 - to].machine;
    if (!loopback && (scheduler_.rng().chance(side.machine->faults().connection_cut) ||
                      scheduler_.rng().chance(link->side[1 - to].machine->faults().connection_cut))) {
      return break_link(link, to, Errc::kClosed, "connection reset (simulated cut)");
    }
    SimChunk chunk = std::move(side.coming.front());
    side.coming.pop_front();
    scheduler_.note_bytes(4 + static_cast<uint64_t>(to), chunk.bytes);
    side.conn->arrived(std::move(chunk));
  }
}

void SimFabric::break_link(const SimLinkRef& link, int first, Errc code, const std::string& why) {
  if (std::exchange(link->broken, true)) return;
  scheduler_.trace("{} - {}: {}", link->side[0].addr.to_string(), link->side[1].addr.to_string(), why);
  for (int i : {0, 1}) {
    link->side[i].coming.clear();
    const int64_t delay = i == first ? 0 : hop_us(*link->side[0].machine, *link->side[1].machine);
    scheduler_.at(scheduler_.now_us() + delay, [link, i, code, why] {
      if (link->side[i].conn) link->side[i].conn->broke(code, why);
    });
  }
}

void SimFabric::machine_crashed(SimMachineImpl& machine, Crash how) {
  std::erase_if(listeners_, [&](const auto& entry) { return entry.first.first == &machine; });
  for (const std::weak_ptr<SimLink>& weak : std::vector(links_)) {
    const SimLinkRef link = weak.lock();
    if (!link) continue;
    for (int i : {0, 1}) {
      SimLink::Side& side = link->side[i];
      if (side.machine != &machine) continue;
      const bool was_there = side.conn || side.opening;
      side.conn = nullptr;
      side.opening = false;
      if (how == Crash::kPower || !was_there) continue;   // half open: the other end is told nothing
      // The kernel closes for the dead process: orderly, or with a reset when something was left unread.
      if (scheduler_.rng().chance(0.5)) {
        send(link, 1 - i, {}, true);
      } else {
        break_link(link, -1, Errc::kClosed, "connection reset by peer");
      }
    }
  }
}

}  // namespace mq::env
