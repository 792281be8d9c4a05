#include "msg/names.h"

#include <algorithm>
#include <array>

namespace mq {
namespace {

constexpr size_t kTopicMaxLength = 127;
constexpr size_t kGroupMaxLength = 255;   // as 5.3.3 and all clients; such a group has a retry topic when it names a folder
constexpr std::string_view kAllowed = "^[%|a-zA-Z0-9_-]+$";

constexpr std::array<bool, 256> kValid = [] {
  std::array<bool, 256> ok{};
  for (unsigned char c = '0'; c <= '9'; ++c) ok[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) ok[c] = ok[static_cast<unsigned char>(c - 'a' + 'A')] = true;
  for (char c : {'%', '|', '-', '_'}) ok[static_cast<unsigned char>(c)] = true;
  return ok;
}();

/// Character.isWhitespace for the ASCII range; a name with other white space is illegal anyway, only the remark differs.
bool is_blank(std::string_view t) {
  return std::all_of(t.begin(), t.end(), [](char c) { return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f); });
}

bool has_illegal(std::string_view t) {
  return std::any_of(t.begin(), t.end(), [](char c) { return !kValid[static_cast<unsigned char>(c)]; });
}

}  // namespace

std::string check_topic_name(std::string_view topic) {
  if (is_blank(topic)) return "The specified topic is blank.";
  if (has_illegal(topic)) return "The specified topic contains illegal characters, allowing only " + std::string(kAllowed);
  // QUIRK: %RETRY% and %DLQ% get no extra room (seen on 5.3.3), though such topics may be longer when the broker makes them.
  if (topic.size() > kTopicMaxLength) return "The specified topic is longer than topic max length.";
  return {};
}

std::string check_group_name(std::string_view group) {
  if (is_blank(group)) return "The specified group is blank.";
  if (has_illegal(group)) {
    return "The specified group: " + std::string(group) + ", contains illegal characters, allowing only " + std::string(kAllowed);
  }
  if (group.size() > kGroupMaxLength) {
    return "The specified group: " + std::string(group) + ", is longer than group max length: " + std::to_string(kGroupMaxLength);
  }
  return {};
}

bool is_system_topic(std::string_view topic) noexcept {
  static constexpr std::string_view kTopics[] = {
      kAutoCreateTopic, kScheduleTopic, "BenchmarkTest", kHalfTopic, kTraceTopic, kOpHalfTopic,
      "TRANS_CHECK_MAX_TIME_TOPIC", kSelfTestTopic, "OFFSET_MOVED_EVENT", "CHECKPOINT_TOPIC"};
  return topic.starts_with("rmq_sys_") || std::find(std::begin(kTopics), std::end(kTopics), topic) != std::end(kTopics);
}

bool is_send_forbidden_topic(std::string_view topic) noexcept {
  static constexpr std::string_view kTopics[] = {kScheduleTopic, kHalfTopic, kOpHalfTopic, "TRANS_CHECK_MAX_TIME_TOPIC",
                                                 kSelfTestTopic, "OFFSET_MOVED_EVENT"};
  return std::find(std::begin(kTopics), std::end(kTopics), topic) != std::end(kTopics);
}

bool is_predefined_group(std::string_view group) noexcept {
  static constexpr std::string_view kGroups[] = {
      "DEFAULT_CONSUMER", "DEFAULT_PRODUCER", "TOOLS_CONSUMER", "SCHEDULE_CONSUMER", "FILTERSRV_CONSUMER", "__MONITOR_CONSUMER",
      "CLIENT_INNER_PRODUCER", "SELF_TEST_P_GROUP", "SELF_TEST_C_GROUP", "CID_ONS-HTTP-PROXY", "CID_ONSAPI_PERMISSION", "CID_ONSAPI_OWNER",
      "CID_ONSAPI_PULL"};
  return group.starts_with("CID_RMQ_SYS_") || std::find(std::begin(kGroups), std::end(kGroups), group) != std::end(kGroups);
}

}  // namespace mq
