// What the groups with SQL92 subscriptions filter by: consumerFilter.json, and the bit maps that ConsumeQueueExt units carry
// of it. Source: spec semantics 10.2, storage 2.4, 2.13.7.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/badges.h"
#include "base/json.h"
#include "broker/core/bloom_filter.h"
#include "env/loop.h"
#include "msg/sql/sql_expression.h"
#include "store/store.h"
#include "wire/bodies/client.h"

namespace mq::broker {

struct ConsumerFilterData {
  std::string consumerGroup, topic, expression, expressionType;
  int64_t bornTime = 0;      // ms; bit maps of messages stored later say whether they match
  int64_t deadTime = 0;      // 0: alive
  int64_t clientVersion = 0;
  std::vector<int32_t> positions;
  std::shared_ptr<const sql::Expression> compiled;   // null: it does not compile
  bool dead() const noexcept { return deadTime >= bornTime; }
  /// False when the bit map of a message says that it does not match. Messages from before the filter, and those with another
  /// size of map than `bits`, must be looked at themselves.
  bool may_match(int64_t store_timestamp, ByteView bit_map, int32_t bits) const noexcept {
    if (store_timestamp <= bornTime || bit_map.size() * 8 != static_cast<size_t>(bits)) return true;
    return BloomFilter::all_set(bit_map, positions);
  }
};
using ConsumerFilterRef = std::shared_ptr<const ConsumerFilterData>;

/// Made before the store, which asks it for bit maps while it recovers. Any thread.
class ConsumerFilters final : public store::FilterBits {
 public:
  struct Settings {
    std::string path;                 // of consumerFilter.json
    int32_t error_percent = 20;       // maxErrorRateOfBloomFilter
    int32_t expected = 32;            // expectConsumerNumUseFilter
    int64_t clean_ms = 86'400'000;    // filterDataCleanTimeSpan
  };
  ConsumerFilters(env::Env& env, Settings settings);

  /// Groups that were alive count as dead from then on, until they register again.
  void load();
  /// A heartbeat's subscriptions. A topic that the group had and that is not among them is dead.
  void register_group(std::string_view group, const std::vector<wire::SubscriptionData>& subscriptions);
  /// The group's last member has gone.
  void unregister_group(std::string_view group) { register_group(group, {}); }
  ConsumerFilterRef find(std::string_view topic, std::string_view group) const;
  std::string encode() const;          // the file's text
  /// One filter as it stands in the file.
  Json to_json(const ConsumerFilterData& d) const;
  /// When something has changed, or somebody has been dead for too long.
  Result<> persist();
  const BloomFilter& bloom() const noexcept { return bloom_; }

  uint64_t version() const noexcept override { return version_.load(std::memory_order_seq_cst); }
  size_t append(std::string_view topic, std::string_view properties, ByteBuffer& out) const noexcept override;

 private:
  using Groups = std::map<std::string, ConsumerFilterRef, std::less<>>;
  using Topics = std::map<std::string, std::shared_ptr<const Groups>, std::less<>>;

  bool known_to(std::string_view group) const;
  void register_one(std::string_view group, const wire::SubscriptionData& subscription) REQUIRES(mu_);
  void put(ConsumerFilterData data) REQUIRES(mu_);
  bool clean() REQUIRES(mu_);
  Json to_json() const REQUIRES(mu_);

  env::Env& env_;
  const Settings settings_;
  const BloomFilter bloom_;
  std::atomic<uint64_t> version_{0};               // badge: published; odd while topics_ changes
  std::atomic<std::shared_ptr<const Topics>> topics_;   // badge: published as a snapshot, replaced under mu_
  mutable Mutex mu_;
  bool dirty_ GUARDED_BY(mu_) = false;
};

}  // namespace mq::broker
