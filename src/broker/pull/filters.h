// What a subscription lets through: by the hash of a message's tag, or by a SQL92 expression over its properties.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "broker/meta/consumer_filters.h"
#include "msg/sql/sql_expression.h"
#include "store/store.h"
#include "wire/bodies/client.h"

namespace mq::broker {

/// Immutable, any thread.
class SubscriptionFilter : public store::MessageFilter {
 public:
  /// True when every message passes: the read needs no filter.
  virtual bool all() const noexcept { return false; }
};

/// Expression type TAG: the tag's hash is in the codeSet. Strings are not compared; the client does that (spec semantics
/// 10.1).
class TagFilter final : public SubscriptionFilter {
 public:
  explicit TagFilter(std::shared_ptr<const wire::SubscriptionData> subscription);
  bool all() const noexcept override { return all_; }
  bool by_consume_queue(int64_t tagsCode) const noexcept override {
    return all_ || subscription_->codeSet.contains(static_cast<int32_t>(tagsCode));
  }

 private:
  std::shared_ptr<const wire::SubscriptionData> subscription_;
  bool all_;
};

/// Expression type SQL92: evaluated on the record's properties.
class SqlFilter final : public SubscriptionFilter {
 public:
  /// `data` of the group that reads, when bit maps say something of it; else null.
  explicit SqlFilter(std::shared_ptr<const sql::Expression> expression, ConsumerFilterRef data = nullptr, int32_t bits = 0)
      : expression_(std::move(expression)), data_(std::move(data)), bits_(bits) {}
  bool by_bit_map(int64_t store_timestamp, ByteView map) const noexcept override { return !data_ || data_->may_match(store_timestamp, map, bits_); }
  bool by_consume_queue(int64_t) const noexcept override { return true; }
  bool needs_record() const noexcept override { return true; }
  bool by_record(const RecordView& record) const noexcept override { return expression_->matches(record.m.properties); }

 private:
  std::shared_ptr<const sql::Expression> expression_;
  ConsumerFilterRef data_;
  int32_t bits_;
};

/// Filters that were built before. Badge: owned by one io loop.
class FilterCache {
 public:
  /// `filters` null: ConsumeQueueExt is off.
  explicit FilterCache(const ConsumerFilters* filters) : filters_(filters) {}
  /// Null when there is no expression where its type needs one. One that does not compile, or is of an unknown type, lets all pass.
  std::shared_ptr<const SubscriptionFilter> of_header(std::string_view expression, std::string_view type);
  std::shared_ptr<const SubscriptionFilter> of_subscription(std::string_view group, const std::shared_ptr<const wire::SubscriptionData>& subscription);

 private:
  static constexpr size_t kMaxSql = 1000;
  std::shared_ptr<const SubscriptionFilter> sql(std::string_view expression);

  const ConsumerFilters* const filters_;
  // The last tag subscription that came in a header: pull consumers repeat theirs.
  std::string expression_;
  bool empty_type_ = false;
  std::shared_ptr<const SubscriptionFilter> last_;
  // Of registered subscriptions, while their data is the same object.
  std::shared_ptr<const wire::SubscriptionData> last_data_;
  std::shared_ptr<const SubscriptionFilter> last_of_data_;
  // Of the last group whose bit maps are known.
  ConsumerFilterRef last_known_;
  std::shared_ptr<const SubscriptionFilter> last_of_known_;
  std::unordered_map<std::string, std::shared_ptr<const SubscriptionFilter>> sql_;   // by expression; null: does not compile
};

}  // namespace mq::broker
