// Heartbeats, subscriptions, group configs, connections. Source: spec protocol 4.4, 6.2, 6.3.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "wire/bodies/topic_config.h"

namespace mq::wire {

struct SubscriptionData {
  bool classFilterMode = false;
  std::string topic;
  std::string subString;
  std::set<std::string> tagsSet;
  std::set<int32_t> codeSet;
  int64_t subVersion = 0;
  std::string expressionType = "TAG";
  bool operator==(const SubscriptionData&) const = default;

  /// As Java's FilterAPI.build: "*", "" and null match all; "A || B" fills tagsSet and codeSet. Errors: kInvalid.
  static Result<SubscriptionData> build(std::string_view topic, std::string_view expression, std::string_view type);
  bool matches_all() const { return subString == "*" || subString.empty(); }
};
/// Is it an expression of tags? Clients may leave its type out.
inline bool is_tag_type(std::string_view expression_type) noexcept { return expression_type.empty() || expression_type == "TAG"; }
/// What is subscribed to, for people and for comparison, without versions: "Orders (A || B), Bills (*)". Retry topics are left out.
std::string subscriptions_text(const std::vector<SubscriptionData>& subscriptions);
Json to_json(const SubscriptionData& s);
SubscriptionData subscription_from(const Json& j);

enum class ConsumeType : uint8_t { CONSUME_ACTIVELY, CONSUME_PASSIVELY, CONSUME_POP };
enum class MessageModel : uint8_t { BROADCASTING, CLUSTERING };
enum class ConsumeFromWhere : uint8_t {
  CONSUME_FROM_LAST_OFFSET, CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST, CONSUME_FROM_MIN_OFFSET,
  CONSUME_FROM_MAX_OFFSET, CONSUME_FROM_FIRST_OFFSET, CONSUME_FROM_TIMESTAMP
};
std::string_view to_string(ConsumeType v) noexcept;
std::string_view to_string(MessageModel v) noexcept;
std::string_view to_string(ConsumeFromWhere v) noexcept;

struct ConsumerData {
  std::string groupName;
  std::optional<ConsumeType> consumeType;
  std::optional<MessageModel> messageModel;
  std::optional<ConsumeFromWhere> consumeFromWhere;
  std::vector<SubscriptionData> subscriptionDataSet;
  bool unitMode = false;
};
struct HeartbeatData {
  std::string clientID;
  std::vector<std::string> producerGroups;
  std::vector<ConsumerData> consumers;
  int32_t heartbeatFingerprint = 0;
  bool withoutSub = false;
};
/// Lenient as fastjson: enums by name or ordinal, numbers as text. Errors: kCorrupt.
Result<HeartbeatData> heartbeat_from(std::string_view body);
std::string encode_heartbeat(const HeartbeatData& h);

/// GroupRetryPolicy as Java's toString prints it.
std::string retry_policy_text(const Json& policy);

struct SubscriptionGroupConfig {
  std::string groupName;
  bool consumeEnable = true;
  bool consumeFromMinEnable = true;
  bool consumeBroadcastEnable = true;
  bool consumeMessageOrderly = false;
  int32_t retryQueueNums = 1;
  int32_t retryMaxTimes = 16;
  Json groupRetryPolicy;             // object; default {"type":"CUSTOMIZED"}
  int64_t brokerId = 0;
  int64_t whichBrokerWhenConsumeSlowly = 1;
  bool notifyConsumerIdsChangedEnable = true;
  int32_t groupSysFlag = 0;
  int32_t consumeTimeoutMinute = 15;
  Json subscriptionDataSet;          // null: left out
  std::map<std::string, std::string> attributes;
  bool operator==(const SubscriptionGroupConfig&) const = default;
  std::string to_text() const;       // Java's toString
};
Json to_json(const SubscriptionGroupConfig& c);
SubscriptionGroupConfig group_config_from(const Json& j);

struct SubscriptionGroupTable {
  DataVersion dataVersion;
  std::map<std::string, SubscriptionGroupConfig> subscriptionGroupTable;
  std::map<std::string, std::map<std::string, int32_t>> forbiddenTable;
};
Json to_json(const SubscriptionGroupTable& t);
SubscriptionGroupTable group_table_from(const Json& j);

struct ClientConnection {
  std::string clientId;
  std::string clientAddr;
  std::string language;
  int32_t version = 0;
};
struct ConsumerConnection {
  std::vector<ClientConnection> connectionSet;
  std::map<std::string, SubscriptionData> subscriptionTable;
  std::string consumeType, messageModel, consumeFromWhere;
  std::string subscriptionsDiffer;   // how, of ours alone; empty and not sent: its consumers agree
};
Json to_json(const ConsumerConnection& c);
Result<ConsumerConnection> consumer_connection_from(std::string_view body);
Json producer_connection_json(const std::vector<ClientConnection>& connections);
Result<std::vector<ClientConnection>> producer_connection_from(std::string_view body);

}  // namespace mq::wire
