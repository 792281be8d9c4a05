#include "broker/meta/send_checks.h"

#include <fmt/format.h>

#include "base/numbers.h"
#include "base/time_text.h"
#include "msg/names.h"
#include "msg/properties.h"

namespace mq::broker {

using wire::ResponseCode;

namespace {

Refusal forbidden_topic(std::string_view topic) {
  return {ResponseCode::NO_PERMISSION, fmt::format("Sending message to topic[{}] is forbidden.", topic)};
}

}  // namespace

std::optional<Refusal> SendChecks::topic(const wire::SendMessageHeader& h, TopicCache::Entry*& topic) {
  if (const int64_t from = broker_.config.startAcceptSendRequestTimeStamp(); from > 0 && broker_.env.clock().now_ms() < from) {
    return Refusal{ResponseCode::SYSTEM_ERROR, fmt::format("broker unable to service, until {}", local_time_text(from))};
  }
  topic = topics_.find(h.topic, h.queueId);
  if (topic) {
    if (!(broker_.config.brokerPermission() & perm::kWrite) && TopicCache::config(*topic)->order) {
      return Refusal{ResponseCode::NO_PERMISSION, fmt::format("the broker[{}] sending message is forbidden", broker_.ip)};
    }
    if (topic->send_forbidden) return forbidden_topic(h.topic);
    return retry_group(h.topic);
  }
  if (std::string bad = check_topic_name(h.topic); !bad.empty()) return Refusal{ResponseCode::INVALID_PARAMETER, std::move(bad)};
  if (is_send_forbidden_topic(h.topic)) return forbidden_topic(h.topic);
  if (auto refusal = retry_group(h.topic)) return refusal;
  meta_.topics.create_on_send(h.topic, h.defaultTopic, h.defaultTopicQueueNums, h.unitMode);
  topic = topics_.find(h.topic);
  if (!topic && is_retry_topic(h.topic)) {
    meta_.topics.create_internal(h.topic, 1, perm::kRead | perm::kWrite, h.unitMode ? 2 : 0);
    topic = topics_.find(h.topic);
  }
  if (topic) return std::nullopt;
  return Refusal{ResponseCode::TOPIC_NOT_EXIST, fmt::format("topic[{}] not exist, apply first please!{}", h.topic, wire::kFaqTail)};
}

/// A retry topic needs its group (spec semantics 3.5).
std::optional<Refusal> SendChecks::retry_group(std::string_view topic) {
  if (!is_retry_topic(topic)) return std::nullopt;
  const std::string_view group = topic.substr(kRetryPrefix.size());
  if (meta_.groups.find_or_create(group)) return std::nullopt;
  return Refusal{ResponseCode::SUBSCRIPTION_GROUP_NOT_EXIST, fmt::format("subscription group not exist, {} {}", group, wire::kFaqTail)};
}

std::optional<Refusal> SendChecks::queue(const remoting::Request& request, const wire::TopicConfig& config, int32_t queue_id) const {
  if (queue_id < std::max(config.writeQueueNums, config.readQueueNums)) return std::nullopt;
  return Refusal{ResponseCode::INVALID_PARAMETER, fmt::format("request queueId[{}] is illegal, {} Producer: {}", queue_id, config.to_text(),
                                                              request.session().peer_text())};
}

std::optional<Refusal> SendChecks::timer(std::string_view properties, int32_t delay_level) const {
  if (delay_level > 0 || find_property(properties, prop::kTimerOutMs).data()) return std::nullopt;
  const int64_t now = broker_.env.clock().now_ms(), most = int64_t{broker_.store_config.timerMaxDelaySec()} * 1000;
  const auto illegal = [most] {
    return Refusal{ResponseCode::MESSAGE_ILLEGAL, fmt::format("timer message illegal, the delay time should not be bigger than the max delay {}ms; or if set "
                                                              "del msg, the delay time should be bigger than the current time", most)};
  };
  struct Form {
    std::string_view name;
    int64_t unit_ms, from_ms;
  };
  for (const Form& f : {Form{prop::kTimerDelaySec, 1000, now}, Form{prop::kTimerDelayMs, 1, now}, Form{prop::kTimerDeliverMs, 1, 0}}) {
    const std::string_view text = find_property(properties, f.name);
    if (!text.data()) continue;
    int64_t due = 0;
    const auto number = parse_int64(text);
    if (!number || __builtin_mul_overflow(*number, f.unit_ms, &due) || __builtin_add_overflow(due, f.from_ms, &due)) return illegal();
    if (due <= now) return find_property(properties, prop::kTimerDelUniqKey).data() ? std::optional(illegal()) : std::nullopt;
    if (due - now > most) return illegal();
    return Refusal{ResponseCode::SYSTEM_ERROR, "accurate timer message is not enabled, timerWheelEnable is false: this broker has no timer yet"};
  }
  return std::nullopt;
}

int32_t SendChecks::any_queue(const wire::TopicConfig& config) const noexcept {
  const int32_t queues = config.writeQueueNums;
  return queues > 0 ? static_cast<int32_t>(broker_.env.rng().below(static_cast<uint64_t>(queues))) : 0;
}

}  // namespace mq::broker
