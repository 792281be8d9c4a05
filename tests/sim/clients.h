// A small producer and pull consumer over remoting::Client, as users of the simulated cluster.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "env/sim.h"
#include "env/sim_rng.h"
#include "invariants.h"
#include "ledger.h"
#include "msg/record.h"
#include "remoting/client.h"

namespace mq::sim {

/// Where clients find the broker: from its NameServers when there are any, else fixed.
struct Directory {
  std::vector<std::string> namesrvs;   // "10.0.0.2:9876"
  std::string broker;                  // "10.0.0.1:10911", when there are no NameServers
};

/// One loop on one machine with one remoting client. Destroy after its machine has crashed.
class Peer {
 public:
  Peer(env::SimMachine& machine, const std::string& name, env::SimRng& dice, const Directory& directory);
  virtual ~Peer() = default;
  void stop() noexcept { stopped_ = true; }

 protected:
  /// Finds the broker's address and calls `then` with it, or with "". What a NameServer told (a random one each time) is
  /// kept for a while, and for as long as no other route is told, as clients do.
  void locate(const std::string& topic, std::function<void(const std::string& addr)> then);
  /// The address did not answer: the next locate() asks.
  void doubt_routes();
  /// What is still pending completes with kClosed. Due at the begin of each destructor: completions use the whole object.
  void close();
  bool live() const noexcept { return !stopped_ && machine_.alive(); }
  void later(int64_t ms, std::function<void()> then);

  env::SimMachine& machine_;
  env::Loop& loop_;
  env::SimRng& dice_;
  const Directory& directory_;
  std::unique_ptr<remoting::Client> client_;
  bool stopped_ = false;

 private:
  struct Route {
    std::string addr;
    int64_t until_ms = 0;   // believed without asking
  };
  std::map<std::string, Route> routes_;
};

/// Sends messages one after the other, up to `window` unanswered, each once; tells the ledger what was acknowledged.
class Producer final : public Peer {
 public:
  Producer(env::SimMachine& machine, env::SimRng& dice, const Directory& directory, Ledger& ledger, std::string topic,
           int32_t queues, Promise promise);
  ~Producer() override { close(); }
  void start();
  /// Waits up to this long between two sends; 0: as at the start.
  void slow_down(int64_t pause_ms) noexcept { pause_ms_ = pause_ms > 0 ? pause_ms : kPauseMs; }
  int64_t acknowledged() const noexcept { return acknowledged_; }
  int64_t outstanding() const noexcept { return outstanding_; }
  const std::string& last_refusal() const noexcept { return last_refusal_; }

 private:
  void next();
  void send(const std::string& addr);

  Ledger& ledger_;
  const std::string topic_;
  const int32_t queues_;
  const Promise promise_;
  static constexpr int64_t kPauseMs = 60;
  int64_t pause_ms_ = kPauseMs;
  int64_t acknowledged_ = 0;
  int64_t outstanding_ = 0;
  std::string last_refusal_;
};

/// Pulls all queues of a topic from offset 0 with long polls and keeps what it saw.
class Consumer : public Peer {
 public:
  Consumer(env::SimMachine& machine, const std::string& name, env::SimRng& dice, const Directory& directory, std::string topic,
           int32_t queues);
  ~Consumer() override { close(); }
  void start();
  /// True when every queue has been read up to its max offset, as the broker told with the last answer.
  bool caught_up() const;
  Seen seen;
  Violations violations;

 protected:
  /// Each record once, in the order of its queue.
  virtual void message(const QueueKey&, const RecordView&) {}
  /// A pull was refused with this code; true: there is nothing to be read for now.
  virtual bool counts_as_empty(int32_t) const { return false; }

 private:
  struct Place {
    int64_t next = 0;
    int64_t max = -1;   // as told by the last answer; -1: none yet
  };
  void pull(int32_t queue_id);
  void take(int32_t queue_id, const remoting::Response<wire::PullMessageResponseHeader>& response);

  const std::string topic_;
  std::map<int32_t, Place> places_;
};

}  // namespace mq::sim
