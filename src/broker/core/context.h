// What every room of a broker may see: the world, the store, the loops, the identity. Built by the assembly before any
// room and alive as long as they are.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "broker/core/config.h"
#include "broker/core/traffic.h"
#include "env/loop.h"
#include "msg/host.h"
#include "store/store.h"
#include "wire/signature.h"

namespace mq::remoting {
class Tls;
}

namespace mq::broker {

/// Announces changed topics to all NameServers; implemented by the route room, bound in the assembly.
class RouteAnnouncer {
 public:
  virtual ~RouteAnnouncer() = default;
  /// Any thread. Changes of one tick go out together; `topic` empty: a full registration.
  virtual void topic_changed(std::string_view topic) noexcept = 0;
  /// Runs `done` on `loop` once every NameServer has answered a registration that began after this call, or after a second.
  virtual void when_announced(env::Loop& loop, Task done) noexcept = 0;
};

struct BrokerContext {
  env::Env& env;
  const BrokerConfig& config;
  const HostConfig& host;
  const store::MessageStoreConfig& store_config;
  store::Store& store;
  std::vector<env::Loop*> io_loops;    // own connections, run every hot request to completion
  env::Loop* append_loop = nullptr;    // appends while the disk dawdles; null: they are made where they come up
  env::Loop* ctl = nullptr;            // topics, groups, registration, persistence, periodic work
  std::vector<env::Loop*> read_loops;  // reads that may wait for the disk
  /// The read loops in turn. Any thread.
  env::Loop& next_read_loop() noexcept { return *read_loops[next_reader_.fetch_add(1, std::memory_order_relaxed) % read_loops.size()]; }

  std::string broker_name;             // brokerName, the host name when not configured
  std::string cluster;
  std::string ip;                      // brokerIP1 or what was found
  std::string addr;                    // ip:listenPort, as registered
  wire::Credentials credentials;       // sign this broker's own requests; empty: unsigned
  Host store_host;                     // the same as bytes, for records and message ids
  std::unique_ptr<Traffic> traffic;    // by loop_index()
  RouteAnnouncer* announcer = nullptr;
  const remoting::Tls* outgoing_tls = nullptr;   // null: plain connections to the NameServers
  std::atomic<bool> shutting_down{false};   // badge: published
  int64_t boot_ms = 0;
  std::atomic<size_t> next_reader_{0};      // badge: published

  /// The index of the loop that runs this call: of an io loop, or io_loops.size() for ctl. A bug elsewhere.
  size_t loop_index() const noexcept { return ctl && ctl->here() ? io_loops.size() : io_index(); }
  env::Loop& loop_at(size_t index) const noexcept { return index < io_loops.size() ? *io_loops[index] : *ctl; }
  /// The index of the io loop that runs this call; a bug elsewhere. For per-loop state of rooms.
  size_t io_index() const noexcept {
    for (size_t i = 0; i < io_loops.size(); ++i) if (io_loops[i]->here()) return i;
    MQ_CHECK(!"not on an io loop");
    return 0;
  }
};

}  // namespace mq::broker
