// Statistics by name over the last minute, hour and day (315). Source: spec semantics 22, protocol 6.5.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/core/context.h"
#include "broker/core/traffic.h"
#include "remoting/router.h"

namespace mq::broker {

/// One number that only grows, with what it was at fixed steps back. Sampled from the loops' own counters, so that a message
/// costs nothing here.
class StatsItem {
 public:
  struct Sample {
    int64_t at_ms = 0;
    int64_t value = 0;   // what is counted: messages, bytes
    int64_t times = 0;   // how often something was counted
  };
  struct Summary {
    int64_t sum = 0;
    double tps = 0;      // a second
    double avgpt = 0;    // each time
  };
  enum class Span : uint8_t { kMinute, kHour, kDay };

  /// Takes a sample; steps of a span that are not yet over only move on its newest sample.
  void sample(const Sample& now);
  Summary over(Span span) const;

 private:
  struct Ring {
    int64_t step_ms;
    int64_t steps;   // that make up the span
    std::deque<Sample> samples;
  };
  std::array<Ring, 3> rings_{Ring{10'000, 6, {}}, Ring{600'000, 6, {}}, Ring{3'600'000, 24, {}}};
};

/// Handlers run on the io loop of the connection, sampling on ctl.
class StatsRoom {
 public:
  explicit StatsRoom(BrokerContext& broker) : broker_(broker) {}
  /// Starts sampling. Not from a loop.
  void start();
  void stop();

  remoting::Answer view(const wire::BrokerStatsHeader& h, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::VIEW_BROKER_STATS_DATA, &StatsRoom::view>>;

 private:
  static constexpr int64_t kSampleMs = 10'000;
  using Name = std::pair<std::string, std::string>;   // statsName, statsKey
  using Items = std::map<Name, StatsItem>;
  struct Count {
    Name name;
    int64_t value, times;
  };
  struct Counts {
    std::vector<Count> list;
    void add(std::string_view name, std::string_view key, int64_t value, int64_t times);
    int64_t add_topic(const std::string& topic, const Traffic::TopicSum& s);   // the messages put
    void add_group(const std::string& key, const Traffic::GroupSum& s);
  };

  Counts all_counts() const;
  Counts counts_of(const std::string& name, const std::string& key) const;
  void sample(const Counts& counts);

  BrokerContext& broker_;
  env::Periodic sampler_;            // badge: owned by ctl
  mutable Mutex mu_;
  Items items_ GUARDED_BY(mu_);      // badge: guarded
};

}  // namespace mq::broker
