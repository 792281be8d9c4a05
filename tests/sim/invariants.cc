#include "invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "msg/properties.h"

namespace mq::sim {

namespace {

struct Found {
  int64_t phy = 0;
  int32_t size = 0;
  int64_t tagsCode = 0;
  uint64_t id = 0;
  bool operator==(const Found&) const = default;
};
using Queues = std::map<QueueKey, std::map<int64_t, Found>>;   // by queue offset

constexpr size_t kEnough = 20;   // sentences per report

class Report {
 public:
  template <class... A>
  void add(fmt::format_string<A...> format, A&&... args) {
    if (violations.size() < kEnough) violations.push_back(fmt::format(format, std::forward<A>(args)...));
  }
  Violations violations;
};

/// Rules 2 and 3 for one record at its place.
Found look_at(Report& report, const QueueKey& key, int64_t offset, const RecordView& record) {
  Found found{.size = static_cast<int32_t>(record.bytes.size()),
              .tagsCode = tags_code(find_property(record.m.properties, prop::kTags)),
              .id = Ledger::id_of(as_text(record.m.body))};
  found.phy = record.m.physicalOffset;
  if (record.m.queueOffset != offset) {
    report.add("dense: {} entry {} leads to a record of offset {}", key.to_string(), offset, record.m.queueOffset);
  }
  if (record.m.topic != key.topic || record.m.queueId != key.queue_id) {
    report.add("dense: {} entry {} leads to a record of {}-{}", key.to_string(), offset, record.m.topic, record.m.queueId);
  }
  if (found.id == 0) report.add("genuine: {} offset {}: body of {} bytes was never sent", key.to_string(), offset, record.m.body.size());
  return found;
}

Queues by_entries(Report& report, const store::Store& store) {
  Queues queues;
  for (const auto& [topic, queue_id] : store.queues()) {
    const QueueKey key{topic, queue_id};
    const store::QueueRef queue = store.find_queue(topic, queue_id);
    if (!queue) {
      report.add("dense: {} is listed but not found", key.to_string());
      continue;
    }
    const int64_t min = store.min_offset(*queue).index, max = store.max_offset(*queue).index;
    if (min != 0) report.add("dense: {} begins at {}, but nothing was ever deleted", key.to_string(), min);
    for (int64_t offset = min; offset < max; ++offset) {
      const auto entry = store.entry_at(*queue, {offset});
      if (!entry) {
        report.add("dense: {} has no entry {} (max {}): {}", key.to_string(), offset, max, entry.error().message());
        break;
      }
      const auto bytes = store.record_at(entry->phy);
      if (!bytes) {
        report.add("dense: {} entry {}: no record at {}: {}", key.to_string(), offset, entry->phy.bytes, bytes.error().message());
        continue;
      }
      const auto record = decode_record(bytes->bytes, RecordCheck::kLengthsAndCrc);
      if (!record) {
        report.add("genuine: {} offset {}: {}", key.to_string(), offset, record.error().message());
        continue;
      }
      Found found = look_at(report, key, offset, *record);
      if (found.phy != entry->phy.bytes || found.size != entry->size || found.tagsCode != entry->tagsCode) {
        report.add("rebuild: {} entry {} says ({}, {}, {}), its record ({}, {}, {})", key.to_string(), offset, entry->phy.bytes,
                   entry->size, entry->tagsCode, found.phy, found.size, found.tagsCode);
      }
      queues[key][offset] = found;
    }
  }
  return queues;
}

/// The log as a stranger reads it: file by file, record by record.
Queues by_walk(Report& report, env::Env& env, const store::Store& store, const std::string& dir) {
  Queues queues;
  int64_t at = store.min_phy().bytes;
  const int64_t end = store.max_phy().bytes;
  const auto files = env.fs().list(dir);
  if (!files) {
    report.add("rebuild: {}", files.error().message());
    return queues;
  }
  for (const env::DirEntry& file : *files) {
    const int64_t base = std::strtoll(file.name.c_str(), nullptr, 10);
    if (file.is_dir || base + file.size <= at || base >= end) continue;
    if (base > at) break;   // a gap: reported below
    const std::string text = env::read_file(env.fs(), dir + "/" + file.name).value_or("");
    while (at < end && at < base + file.size) {
      const ByteView rest = as_bytes(text).subspan(static_cast<size_t>(at - base));
      if (rest.size() < 8 || is_filler(rest)) {
        at = base + file.size;
        break;
      }
      const auto record = decode_record(rest, RecordCheck::kLengthsAndCrc);
      if (!record) {
        report.add("rebuild: no record at {} of the log, which ends at {}: {}", at, end, record.error().message());
        return queues;
      }
      if (record->m.physicalOffset != at) report.add("rebuild: record at {} says it is at {}", at, record->m.physicalOffset);
      const QueueKey key{std::string(record->m.topic), record->m.queueId};
      const int64_t offset = record->m.queueOffset;
      if (queues[key].contains(offset)) report.add("dense: {} offset {} was given twice", key.to_string(), offset);
      queues[key][offset] = look_at(report, key, offset, *record);
      at += static_cast<int64_t>(record->bytes.size());
    }
  }
  if (at != end) report.add("rebuild: the walk ends at {}, the log at {}", at, end);
  return queues;
}

void compare(Report& report, const Queues& entries, const Queues& walk) {
  for (const auto& [key, offsets] : walk) {
    const auto found = entries.find(key);
    for (const auto& [offset, record] : offsets) {
      if (found == entries.end() || !found->second.contains(offset)) {
        report.add("rebuild: the log has {} offset {} at {}, the ConsumeQueue has not", key.to_string(), offset, record.phy);
      } else if (!(found->second.at(offset) == record)) {
        report.add("rebuild: {} offset {} is at {} in the log, at {} by the ConsumeQueue", key.to_string(), offset, record.phy,
                   found->second.at(offset).phy);
      }
    }
  }
  for (const auto& [key, offsets] : entries) {
    const auto found = walk.find(key);
    for (const auto& [offset, entry] : offsets) {
      if (found == walk.end() || !found->second.contains(offset)) {
        report.add("rebuild: the ConsumeQueue has {} offset {}, the log has not", key.to_string(), offset);
      }
    }
  }
}

void check_once_and_order(Report& report, const std::map<QueueKey, std::map<int64_t, uint64_t>>& ids, Ledger& ledger,
                          bool ordered) {
  std::map<uint64_t, std::string> places;
  for (const auto& [key, offsets] : ids) {
    std::map<uint64_t, uint64_t> last_of_sender;
    for (const auto& [offset, id] : offsets) {
      if (id == 0) continue;
      const Message* message = ledger.find(id);
      const std::string place = fmt::format("{} offset {}", key.to_string(), offset);
      if (!message || !(message->queue == key)) {
        report.add("genuine: {} holds {}, which was not sent there", place, id);
        continue;
      }
      if (message->dead) report.add("genuine: {} holds {}, which had been lost before", place, id);
      if (const auto [at, fresh] = places.try_emplace(id, place); !fresh) {
        report.add("genuine: {} is at {} and at {}", id, at->second, place);
      }
      uint64_t& last = last_of_sender[id % Ledger::kSenders];
      if (ordered && id < last) report.add("order: {} holds {}, which was sent before {}", place, id, last);
      last = std::max(last, id);
    }
  }
}

void check_promises(Report& report, const std::vector<const Message*>& demanded,
                    const std::map<QueueKey, std::map<int64_t, uint64_t>>& ids) {
  for (const Message* message : demanded) {
    const auto queue = ids.find(message->queue);
    const bool there = queue != ids.end() && queue->second.contains(message->queue_offset) &&
                       queue->second.at(message->queue_offset) == message->id;
    if (there) continue;
    report.add("promises: {} was acknowledged ({}) at {} offset {}, log end {}, and is not there", message->id,
               message->promise == Promise::kDisk ? "disk" : "memory", message->queue.to_string(), message->queue_offset,
               message->phy_end);
  }
}

void check_reads(Report& report, const store::Store& store, const Queues& entries, env::Rng& rng) {
  for (const auto& [key, offsets] : entries) {
    const store::QueueRef queue = store.find_queue(key.topic, key.queue_id);
    if (!queue || offsets.empty()) continue;
    store::ReadResult result;
    int64_t offset = offsets.begin()->first;
    while (offset <= offsets.rbegin()->first) {
      result.clear();
      store.read(queue.get(), {.offset = {offset}, .max_messages = static_cast<int32_t>(1 + rng.below(40)), .may_wait = true}, result);
      const int64_t before = offset;
      for (const env::PinnedBytes& slice : result.slices) {
        ByteView rest = slice.bytes;
        while (!rest.empty()) {
          const auto record = decode_record(rest, RecordCheck::kLengthsAndCrc);
          if (!record) {
            report.add("reads: {} from {}: {}", key.to_string(), before, record.error().message());
            return;
          }
          const uint64_t id = Ledger::id_of(as_text(record->m.body));
          if (!offsets.contains(offset) || offsets.at(offset).id != id) {
            report.add("reads: {} offset {} gives {}", key.to_string(), offset, id);
          }
          rest = rest.subspan(record->bytes.size());
          ++offset;
        }
      }
      if (offset == before || result.next.index != offset) {
        report.add("reads: {} at {}: {} with {} messages, next {}", key.to_string(), before, store::to_string(result.status),
                   result.message_count, result.next.index);
        return;
      }
    }
  }
}

}  // namespace

Violations check_store(env::Env& env, const store::Store& store, const std::string& commit_log_dir, Ledger& ledger,
                       const Demand& demand, env::Rng& rng) {
  Report report;
  const Queues entries = by_entries(report, store);
  compare(report, entries, by_walk(report, env, store, commit_log_dir));
  std::map<QueueKey, std::map<int64_t, uint64_t>> ids;
  std::map<uint64_t, int64_t> present;
  for (const auto& [key, offsets] : entries) {
    for (const auto& [offset, found] : offsets) {
      ids[key][offset] = found.id;
      present[found.id] = offset;
    }
  }
  check_once_and_order(report, ids, ledger, true);
  check_promises(report, ledger.must_survive(demand.power, demand.flushed), ids);
  check_reads(report, store, entries, rng);
  ledger.settle(present);
  return std::move(report.violations);
}

Violations check_seen(const Seen& seen, Ledger& ledger) {
  Report report;
  std::map<QueueKey, std::map<int64_t, uint64_t>> ids;
  for (const auto& [key, offsets] : seen) {
    int64_t expected = 0;
    for (const auto& [offset, body] : offsets) {
      if (offset != expected) report.add("dense: {} jumps from offset {} to {}", key.to_string(), expected - 1, offset);
      expected = offset + 1;
      const uint64_t id = Ledger::id_of(body);
      if (id == 0) report.add("genuine: {} offset {}: body of {} bytes was never sent", key.to_string(), offset, body.size());
      ids[key][offset] = id;
    }
  }
  check_once_and_order(report, ids, ledger, false);
  check_promises(report, ledger.must_survive(false, 0), ids);
  return std::move(report.violations);
}

namespace {

template <class T>
bool is_among(const T& shown, const std::vector<T>& all) {
  return std::find(all.begin(), all.end(), shown) != all.end();
}

}  // namespace

Violations check_route(const std::string& namesrv, const std::optional<wire::TopicRouteData>& route, const RouteDemand& demand) {
  Report report;
  if (!route) {
    if (demand.presence == RouteDemand::Presence::kThere) report.add("routes: {} does not know the topic", namesrv);
    return std::move(report.violations);
  }
  if (demand.presence == RouteDemand::Presence::kGone) {
    report.add("expiry: {} shows a broker that it cannot have heard of for longer than the expiry", namesrv);
  }
  if (route->brokerDatas.size() != 1 || route->queueDatas.size() != 1) {
    report.add("routes: {} shows {} brokers and {} queue entries", namesrv, route->brokerDatas.size(), route->queueDatas.size());
    return std::move(report.violations);
  }
  const wire::BrokerData& broker = route->brokerDatas[0];
  const wire::QueueData& queue = route->queueDatas[0];
  const bool now = demand.presence == RouteDemand::Presence::kThere;
  const bool master = broker.brokerAddrs.size() == 1 && broker.brokerAddrs.contains(0);
  const std::string addr = master ? broker.brokerAddrs.at(0) : "";
  if (broker.cluster != demand.cluster || broker.brokerName != queue.brokerName || !(now ? addr == demand.addr : is_among(addr, demand.old_addrs))) {
    report.add("routes: {} shows broker {}", namesrv, to_text(to_json(broker)));
  }
  if (!is_among(queue, now ? demand.queue_datas : demand.old_queue_datas)) report.add("routes: {} shows {}", namesrv, to_text(to_json(queue)));
  return std::move(report.violations);
}

}  // namespace mq::sim
