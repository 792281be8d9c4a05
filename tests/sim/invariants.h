// What must hold after every simulated run and restart. All rules in one place; each adds sentences about what it found.
//
//   1 promises   every acknowledged message that the crash allows to demand is at its queue offset, whole
//   2 dense      a queue's offsets from min to max have one entry each, and the record says the same offset and queue
//   3 genuine    every record is one that was sent, whole, once; none that was lost before comes back
//   4 order      messages of one sender in one queue stand in the order they were sent
//   5 rebuild    the ConsumeQueues equal what a walk over the CommitLog files gives, and the walk ends where the log does
//   6 reads      pulling through read() gives the same messages as the entries
//   7 routes     a NameServer that broker and network let it shows the topic at the broker's address, with its queues and
//                perm, and at no time what never was
//   8 expiry     a NameServer does not show a broker that was out of its reach for longer than the expiry
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "env/loop.h"
#include "ledger.h"
#include "store/store.h"
#include "wire/bodies/route.h"

namespace mq::sim {

/// Empty when all is well. A run stops at its first non-empty report.
using Violations = std::vector<std::string>;

/// What a check may demand.
struct Demand {
  bool power = false;      // the last life ended by a power cut (else: process crash or orderly stop)
  int64_t flushed = 0;     // bytes of the log known to be durable before it
};

/// Checks a started store that nobody appends to, then settles the ledger with what is there.
Violations check_store(env::Env& env, const store::Store& store, const std::string& commit_log_dir, Ledger& ledger,
                       const Demand& demand, env::Rng& rng);

/// Rules 1 to 3 for what a consumer saw that began at offset 0: queue -> queue offset -> body. Not the order: a sender
/// that connects anew may be overtaken by what it sent on its old connection.
using Seen = std::map<QueueKey, std::map<int64_t, std::string>>;
Violations check_seen(const Seen& seen, Ledger& ledger);

/// What a NameServer may be held to that was asked for the route of a topic on one broker. Which case it is follows from
/// how long the two have been able to talk (route_watch.h). Where nothing can be demanded, old news may still be shown.
struct RouteDemand {
  enum class Presence : uint8_t { kAny, kThere, kGone };
  Presence presence = Presence::kAny;
  std::string cluster;
  std::string addr;                              // of the broker now
  std::vector<std::string> old_addrs;            // and whenever
  std::vector<wire::QueueData> queue_datas;      // that the topic may have now: several while an answer is outstanding
  std::vector<wire::QueueData> old_queue_datas;  // and that it may have had whenever
};
/// Rules 7 and 8. `route`: nullopt when the NameServer knows of none.
Violations check_route(const std::string& namesrv, const std::optional<wire::TopicRouteData>& route, const RouteDemand& demand);

}  // namespace mq::sim
