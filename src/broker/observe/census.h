// One look at everything that metrics and /state tell: topics, consumer lags, traffic, rates.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "broker/meta/registries.h"

namespace mq::broker {

struct TopicCensus {
  std::string name;
  bool system = false;
  int64_t max_offset_sum = 0;     // over its queues
  Traffic::TopicSum traffic;
  double put_tps = 0, put_bytes_per_second = 0;
};

struct LagCensus {
  std::string group, topic;
  bool retry = false, system = false;
  int64_t committed_sum = 0, lag = 0, inflight = 0, ready = 0;
  int64_t latency_ms = 0;                              // age of the oldest message not yet committed; 0 without lag
  int64_t queueing_ms = 0;                             // of the oldest one not yet pulled
  std::vector<std::pair<int32_t, int64_t>> queue_lags;
};

struct GetCensus {
  std::string topic, group;
  Traffic::GroupSum traffic;
  double get_tps = 0, get_bytes_per_second = 0;
};

struct Census {
  std::vector<TopicCensus> topics;
  std::vector<LagCensus> lags;     // groups that consume by broadcasting keep their offsets themselves and have none
  std::vector<GetCensus> gets;
};

/// Makes a Census; remembers the counters of ten seconds ago for the rates. Badge: owned by one thread.
class CensusTaker {
 public:
  CensusTaker(BrokerContext& broker, const Registries& meta) : broker_(broker), meta_(meta) {}
  Census take();

 private:
  struct Past {
    int64_t nums = 0, bytes = 0;
    double nums_rate = 0, bytes_rate = 0;
    uint64_t round = 0;   // of the last look, so that what is gone can go here
  };
  void rate(const std::string& key, int64_t nums, int64_t bytes, double& nums_rate, double& bytes_rate);
  LagCensus lag_of(const OffsetTable::Row& row, int32_t queues, int64_t now_ms) const;

  BrokerContext& broker_;
  const Registries meta_;
  std::unordered_map<std::string, Past> past_;
  uint64_t round_ = 0;
  int64_t rated_ms_ = 0;
  double seconds_ = 0;            // since the rates before; 0: they stand
};

}  // namespace mq::broker
