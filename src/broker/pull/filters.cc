#include "broker/pull/filters.h"

#include "msg/names.h"

namespace mq::broker {

TagFilter::TagFilter(std::shared_ptr<const wire::SubscriptionData> subscription)
    : subscription_(std::move(subscription)), all_(subscription_->classFilterMode || subscription_->matches_all()) {}

std::shared_ptr<const SubscriptionFilter> FilterCache::of_header(std::string_view expression, std::string_view type) {
  if (expression.empty() && type.data() && type != "TAG") return nullptr;   // of tags none means all
  if (type == "SQL92") {
    if (auto filter = sql(expression)) return filter;
  }
  // QUIRK: a type that nobody knows and an expression that does not compile filter nothing.
  if (!wire::is_tag_type(type)) expression = "*";
  // An absent type means tags; a present, empty one is kept, see SubscriptionData::build.
  const bool empty_type = type.data() && type.empty();
  if (last_ && expression_ == expression && empty_type_ == empty_type) return last_;
  auto built = wire::SubscriptionData::build({}, expression, empty_type ? type : "TAG");   // whatever the topic: tags filter alike in all
  if (!built) return nullptr;
  expression_ = expression;
  empty_type_ = empty_type;
  return last_ = std::make_shared<TagFilter>(std::make_shared<wire::SubscriptionData>(std::move(*built)));
}

std::shared_ptr<const SubscriptionFilter> FilterCache::of_subscription(std::string_view group, const std::shared_ptr<const wire::SubscriptionData>& data) {
  if (filters_ && data->expressionType == "SQL92" && !is_retry_topic(data->topic)) {
    auto known = filters_->find(data->topic, group);
    // Bits of another expression than the subscription's (spec semantics 10.2: versions) must not decide.
    if (known && known->compiled && known->expression == data->subString) {
      if (known != last_known_) {
        last_of_known_ = std::make_shared<SqlFilter>(known->compiled, known, filters_->bloom().bits());
        last_known_ = std::move(known);
      }
      return last_of_known_;
    }
  }
  if (data == last_data_) return last_of_data_;
  std::shared_ptr<const SubscriptionFilter> filter;
  const std::string& type = data->expressionType;
  if (wire::is_tag_type(type) || is_retry_topic(data->topic)) {
    filter = std::make_shared<TagFilter>(data);
  } else if (type == "SQL92") {
    filter = sql(data->subString);
  }
  last_data_ = data;
  return last_of_data_ = filter;
}

std::shared_ptr<const SubscriptionFilter> FilterCache::sql(std::string_view expression) {
  std::string key(expression);
  if (const auto it = sql_.find(key); it != sql_.end()) return it->second;
  if (sql_.size() >= kMaxSql) sql_.clear();
  auto compiled = sql::Expression::compile(expression);
  std::shared_ptr<const SubscriptionFilter> filter;
  if (compiled) filter = std::make_shared<SqlFilter>(std::move(*compiled));
  return sql_.emplace(std::move(key), std::move(filter)).first->second;
}

}  // namespace mq::broker
