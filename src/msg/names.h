// Rules for names of topics and groups, and the names the system itself uses (spec semantics 2.2, 2.3).
#pragma once

#include <string>
#include <string_view>

namespace mq {

inline constexpr std::string_view kRetryPrefix = "%RETRY%";
inline constexpr std::string_view kDlqPrefix = "%DLQ%";
inline constexpr std::string_view kAutoCreateTopic = "TBW102";
inline constexpr std::string_view kScheduleTopic = "SCHEDULE_TOPIC_XXXX";
inline constexpr std::string_view kHalfTopic = "RMQ_SYS_TRANS_HALF_TOPIC";
inline constexpr std::string_view kOpHalfTopic = "RMQ_SYS_TRANS_OP_HALF_TOPIC";
inline constexpr std::string_view kSelfTestTopic = "SELF_TEST_TOPIC";
inline constexpr std::string_view kTraceTopic = "RMQ_SYS_TRACE_TOPIC";
inline constexpr std::string_view kOrderTopicNamespace = "ORDER_TOPIC_CONFIG";   // of NameServers: ordered topics and their queues

inline bool is_retry_topic(std::string_view t) { return t.starts_with(kRetryPrefix); }
/// A retry topic stands for its group; other names stay as they are.
inline std::string_view without_retry_prefix(std::string_view t) { return is_retry_topic(t) ? t.substr(kRetryPrefix.size()) : t; }
inline bool is_dlq_topic(std::string_view t) { return t.starts_with(kDlqPrefix); }

/// Empty when valid, else the remark that RocketMQ 5.3.3 answers with.
std::string check_topic_name(std::string_view topic);
std::string check_group_name(std::string_view group);
/// The built-in system topics, not those a broker adds (its cluster's, its own).
bool is_system_topic(std::string_view topic) noexcept;
/// The topics clients may not send to.
bool is_send_forbidden_topic(std::string_view topic) noexcept;

/// Groups that every broker knows, and those of its own services.
bool is_predefined_group(std::string_view group) noexcept;

}  // namespace mq
