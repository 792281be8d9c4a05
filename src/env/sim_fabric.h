// The network between simulated machines: names, listening ports, and the links that carry streams.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/net.h"
#include "env/sim.h"
#include "env/sim_scheduler.h"

namespace mq::env {

class SimConnection;
class SimListener;
class SimMachineImpl;

struct SimChunk {
  int64_t due_us = 0;
  std::vector<std::byte> bytes;
  bool fin = false;
};

/// One established connection. Each side holds what is on its way towards it.
struct SimLink {
  struct Side {
    SimMachineImpl* machine = nullptr;
    Endpoint addr;
    SimConnection* conn = nullptr;   // null before it is taken over (opening) and after its process let go of it
    bool opening = true;
    std::deque<SimChunk> coming;
    size_t in_flight = 0;            // bytes sent to this side and not yet read by it
    int64_t last_due_us = 0;         // chunks arrive in order
    bool pump_planned = false;
    int64_t stalled_since_us = -1;
  };
  Side side[2];                      // 0 connected, 1 accepted
  size_t window = 0;                 // limit of in_flight
  bool broken = false;
};
using SimLinkRef = std::shared_ptr<SimLink>;

/// Owned by SimWorld. Chunks of a stream arrive in order, after delays of the seed. What meets a cut network or a machine
/// without power is tried again until kGiveUpUs, then the connection breaks; what meets a closed connection breaks it at
/// once (RST).
class SimFabric {
 public:
  static constexpr int64_t kGiveUpUs = 30'000'000;

  explicit SimFabric(SimScheduler& scheduler) : scheduler_(scheduler) {}

  SimScheduler& scheduler() noexcept { return scheduler_; }
  void add(SimMachineImpl& machine);
  void set_name(const std::string& name, std::vector<std::string> addresses) { names_[name] = std::move(addresses); }
  void silence_name(const std::string& name, bool silent) { silent ? (void)silent_names_.insert(name) : (void)silent_names_.erase(name); }
  bool name_is_silent(const std::string& name) const { return silent_names_.contains(name); }
  void cut(const std::string& a, const std::string& b, bool cut);
  bool is_cut(const SimMachineImpl& a, const SimMachineImpl& b) const;

  /// Numeric addresses of a name as seen from a machine; empty: unknown.
  std::vector<std::string> resolve(const SimMachineImpl& from, const std::string& host) const;
  /// The machine with a numeric address, null when none has it.
  SimMachineImpl* machine_at(SimMachineImpl& from, const std::string& address) const;

  /// Errors: kBusy.
  Result<> listen(SimMachineImpl& machine, uint16_t port, SimListener& listener);
  void unlisten(SimMachineImpl& machine, uint16_t port, SimListener& listener);
  bool port_taken(SimMachineImpl& machine, uint16_t port) const { return listeners_.contains({&machine, port}); }
  /// A listener of the machine that accepts connections to `address`, picked by the seed among shared ones; or null.
  SimListener* listener_for(SimMachineImpl& machine, uint16_t port, const std::string& address);

  SimLinkRef new_link(SimMachineImpl& from, Endpoint local, SimMachineImpl& to, Endpoint remote);
  int64_t hop_us(const SimMachineImpl& from, const SimMachineImpl& to);
  /// Sends a chunk towards side `to`.
  void send(const SimLinkRef& link, int to, std::vector<std::byte> bytes, bool fin);
  /// Continues delivery towards a side that was opening.
  void opened(const SimLinkRef& link, int side);
  /// Breaks the link: side `first` (-1: none) learns it now, the other one after a hop.
  void break_link(const SimLinkRef& link, int first, Errc code, const std::string& why);
  void machine_crashed(SimMachineImpl& machine, Crash how);

 private:
  void plan_pump(const SimLinkRef& link, int side, int64_t due_us);
  void pump(const SimLinkRef& link, int side);
  /// True when the chunk cannot get through now; tries again later or gives up.
  bool stalled(const SimLinkRef& link, int side);

  SimScheduler& scheduler_;
  std::vector<SimMachineImpl*> machines_;
  std::map<std::string, std::vector<std::string>> names_;
  std::set<std::string> silent_names_;
  std::set<std::pair<std::string, std::string>> cuts_;
  std::map<std::pair<SimMachineImpl*, uint16_t>, std::vector<SimListener*>> listeners_;
  std::vector<std::weak_ptr<SimLink>> links_;
};

}  // namespace mq::env
