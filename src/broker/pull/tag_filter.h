// The filter of a subscription with expression type TAG: the hash of a message's tag is in the subscription's codeSet.
// Strings are not compared; the client does that (spec semantics 10.1).
#pragma once

#include <memory>

#include "store/store.h"
#include "wire/bodies/client.h"

namespace mq::broker {

class TagFilter final : public store::MessageFilter {
 public:
  explicit TagFilter(std::shared_ptr<const wire::SubscriptionData> subscription)
      : subscription_(std::move(subscription)),
        all_(subscription_->classFilterMode || subscription_->matches_all()) {}
  bool by_consume_queue(int64_t tagsCode) const noexcept override {
    return all_ || subscription_->codeSet.contains(static_cast<int32_t>(tagsCode));
  }
  bool all() const noexcept { return all_; }

 private:
  std::shared_ptr<const wire::SubscriptionData> subscription_;
  bool all_;
};

}  // namespace mq::broker
