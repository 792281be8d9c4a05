// What must hold after every simulated run and restart. All rules in one place; each adds sentences about what it found.
//
//   1 promises   every acknowledged message that the crash allows to demand is at its queue offset, whole
//   2 dense      a queue's offsets from min to max have one entry each, and the record says the same offset and queue
//   3 genuine    every record is one that was sent, whole, once; none that was lost before comes back
//   4 order      messages of one sender in one queue stand in the order they were sent
//   5 rebuild    the ConsumeQueues equal what a walk over the CommitLog files gives, and the walk ends where the log does
//   6 reads      pulling through read() gives the same messages as the entries
#pragma once

#include <string>
#include <vector>

#include "env/loop.h"
#include "ledger.h"
#include "store/store.h"

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

}  // namespace mq::sim
