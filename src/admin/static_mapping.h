// Static topics: which queue of which broker stands behind each of a topic's fixed queue numbers. Pure; reads and gives back mappings.
// Source: spec mqadmin 3.11, protocol 8.6.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "wire/bodies/topic_config.h"

namespace mq::admin {

/// A stretch of a static queue that lies in one queue of one broker.
struct MappingItem {
  int32_t gen = 0;              // which stretch it is, from 0
  int32_t queueId = 0;          // of the broker's queue
  std::string bname;
  int64_t logicOffset = -1;     // where the stretch begins in the static queue; -1: not decided yet
  int64_t startOffset = 0;      // and in the broker's queue
  int64_t endOffset = -1;
  int64_t timeOfStart = -1;
  int64_t timeOfEnd = -1;
};

/// What one broker knows of a static topic: TopicQueueMappingDetail. The last item of a queue is where it is written.
struct QueueMapping {
  std::string topic;
  std::string scope = "__global__";
  int32_t totalQueues = 0;
  std::string bname;
  int64_t epoch = 0;            // ms; a mapping of a lower one is outdated
  bool dirty = false;
  std::map<int32_t, std::vector<MappingItem>> hostedQueues;
};
Json to_json(const QueueMapping& m);
QueueMapping queue_mapping_from(const Json& j);

/// TopicConfigAndQueueMapping. The mapping is absent at a topic that is not static.
struct MappedTopic {
  wire::TopicConfig config;
  std::optional<QueueMapping> mapping;
};
Json to_json(const MappedTopic& t);
MappedTopic mapped_topic_from(const Json& j);
using MappedTopics = std::map<std::string, MappedTopic>;   // by broker name

/// What a broker that has no queue of the topic knows of it.
MappedTopic empty_at(const std::string& topic, const std::string& broker);

/// A change as mqadmin keeps it in a file before and after it: TopicRemappingDetailWrapper.
struct MappingChange {
  std::string topic;
  std::string type = "CREATE_OR_UPDATE";
  int64_t epoch = 0;
  MappedTopics brokers;
  std::set<std::string> map_in, map_out;   // brokers that get queues, that give queues away
};
Json to_json(const MappingChange& c);

/// The brokers' common epoch and number of queues. Errors: kInvalid in Java's words when they do not agree; `brokers` is not empty.
struct EpochAndQueues {
  int64_t epoch = 0;
  int32_t queues = 0;
};
Result<EpochAndQueues> check_agreement(const std::string& topic, const MappedTopics& brokers);

/// Gives the topic `queues` queues in all, the new ones to the brokers of `targets` that lead the fewest. `pick(n)` chooses among n equals.
/// Errors: kInvalid in Java's words; also when it has that many queues already.
Result<MappingChange> with_queues(const std::string& topic, int32_t queues, std::set<std::string> targets, MappedTopics brokers, int64_t now_ms,
                                  const std::function<size_t(size_t)>& pick);
/// Moves queues so that only `targets` lead some, as few as possible. Where a moved queue goes on stays undecided (logicOffset -1).
Result<MappingChange> moved_to(const std::string& topic, const std::set<std::string>& targets, MappedTopics brokers, int64_t now_ms);

/// Where a moved queue goes on: behind `max_offset` of its former queue, rounded up so that a late append still finds its place.
/// Errors: kInvalid when the queue ends before the stretch began.
Result<int64_t> next_logic_offset(const MappingItem& former, int64_t max_offset);

}  // namespace mq::admin
