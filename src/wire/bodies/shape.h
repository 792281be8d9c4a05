// What the members of a request's body must be. fastjson refuses a body whose values do not fit the fields of Java's class; without this
// such a value would read as the field's default, and a mistyped retryMaxTimes would set a group back to 16.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace mq::wire {

/// A number or a truth may come as text, an enum as its ordinal. null stands for the default unless the member must not be null.
enum class BodyType : uint8_t { kText, kBool, kInt32, kInt64, kEnum, kObject, kList };

struct BodyMember {
  std::string_view name;                     // told apart ignoring case, as fastjson's smart match
  BodyType type = BodyType::kText;
  bool not_null = false;                     // QUIRK: absent is fine, null is not
  bool needed = false;                       // neither absent nor null
  std::span<const BodyMember> of = {};       // kObject: its members; kList: those of each item
};
using BodyShape = std::span<const BodyMember>;

/// A whole body: JSON, an object, and of that shape; members that the shape does not know are passed over. Errors: kCorrupt; kInvalid, naming the
/// member and what it should be.
Result<Json> parse_body(std::string_view text, BodyShape shape);

inline constexpr BodyMember kMessageQueueShape[] = {{"topic"}, {"brokerName"}, {"queueId", BodyType::kInt32}};

inline constexpr BodyMember kSubscriptionShape[] = {
    {"classFilterMode", BodyType::kBool}, {.name = "topic", .needed = true}, {"subString"}, {"tagsSet", BodyType::kList}, {"codeSet", BodyType::kList},
    {"subVersion", BodyType::kInt64}, {"expressionType"}};
inline constexpr BodyMember kConsumerShape[] = {
    {.name = "groupName", .needed = true}, {"consumeType", BodyType::kEnum}, {"messageModel", BodyType::kEnum}, {"consumeFromWhere", BodyType::kEnum},
    {.name = "subscriptionDataSet", .type = BodyType::kList, .not_null = true, .of = kSubscriptionShape}, {"unitMode", BodyType::kBool}};
inline constexpr BodyMember kProducerShape[] = {{.name = "groupName", .needed = true}};
inline constexpr BodyMember kHeartbeatShape[] = {
    {"clientID"}, {.name = "producerDataSet", .type = BodyType::kList, .not_null = true, .of = kProducerShape},
    {.name = "consumerDataSet", .type = BodyType::kList, .not_null = true, .of = kConsumerShape}, {"heartbeatFingerprint", BodyType::kInt32},
    {"withoutSub", BodyType::kBool}, {"isWithoutSub", BodyType::kBool}};
inline constexpr BodyMember kCheckClientShape[] = {{"clientId"}, {"group"}, {"subscriptionData", BodyType::kObject}};

inline constexpr BodyMember kLockShape[] = {
    {"consumerGroup"}, {"clientId"}, {"onlyThisBroker", BodyType::kBool}, {.name = "mqSet", .type = BodyType::kList, .not_null = true, .of = kMessageQueueShape}};

inline constexpr BodyMember kGroupShape[] = {
    {.name = "groupName", .needed = true}, {"consumeEnable", BodyType::kBool}, {"consumeFromMinEnable", BodyType::kBool},
    {"consumeBroadcastEnable", BodyType::kBool}, {"consumeMessageOrderly", BodyType::kBool}, {"retryQueueNums", BodyType::kInt32},
    {"retryMaxTimes", BodyType::kInt32}, {"groupRetryPolicy", BodyType::kObject}, {"brokerId", BodyType::kInt64},
    {"whichBrokerWhenConsumeSlowly", BodyType::kInt64}, {"notifyConsumerIdsChangedEnable", BodyType::kBool}, {"groupSysFlag", BodyType::kInt32},
    {"consumeTimeoutMinute", BodyType::kInt32}, {"subscriptionDataSet", BodyType::kList}, {"attributes", BodyType::kObject}};
inline constexpr BodyMember kGroupListShape[] = {{.name = "groupConfigList", .type = BodyType::kList, .needed = true, .of = kGroupShape}};

inline constexpr BodyMember kTopicShape[] = {
    {"topicName"}, {"readQueueNums", BodyType::kInt32}, {"writeQueueNums", BodyType::kInt32}, {"perm", BodyType::kInt32}, {"topicFilterType", BodyType::kEnum},
    {"topicSysFlag", BodyType::kInt32}, {"order", BodyType::kBool}, {"attributes", BodyType::kObject}};
inline constexpr BodyMember kTopicListShape[] = {{.name = "topicConfigList", .type = BodyType::kList, .needed = true, .of = kTopicShape}};

inline constexpr BodyMember kAssignmentShape[] = {
    {.name = "topic", .needed = true}, {"consumerGroup"}, {"clientId"}, {"strategyName"}, {"messageModel", BodyType::kEnum}};
inline constexpr BodyMember kRequestModeShape[] = {
    {.name = "topic", .needed = true}, {.name = "consumerGroup", .needed = true}, {"mode", BodyType::kEnum}, {"popShareQueueNum", BodyType::kInt32}};

}  // namespace mq::wire
