// Numbers that must not be mixed, and the words of the message format.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace mq {

/// Bytes over the whole CommitLog.
struct PhyOffset {
  int64_t bytes = 0;
  auto operator<=>(const PhyOffset&) const = default;
};

/// The n-th message of a queue, from 0.
struct QueueOffset {
  int64_t index = 0;
  auto operator<=>(const QueueOffset&) const = default;
};

/// sysFlag bits of a stored message (spec protocol 11.3).
namespace sys_flag {
inline constexpr int32_t kCompressed = 0x1;
inline constexpr int32_t kMultiTags = 0x2;
inline constexpr int32_t kTransactionMask = 0xC;
inline constexpr int32_t kPrepared = 0x4;
inline constexpr int32_t kCommit = 0x8;
inline constexpr int32_t kRollback = 0xC;
inline constexpr int32_t kBornHostV6 = 0x10;
inline constexpr int32_t kStoreHostV6 = 0x20;
inline constexpr int32_t kNeedUnwrap = 0x40;
inline constexpr int32_t kInnerBatch = 0x80;
/// Prepared messages (of 4.2.0) and rollbacks stand in the log only; consumers never see them.
constexpr bool reaches_queue(int32_t flags) noexcept {
  const int32_t transaction = flags & kTransactionMask;
  return transaction != kPrepared && transaction != kRollback;
}
}  // namespace sys_flag

/// perm bits of a topic.
namespace perm {
inline constexpr int32_t kInherit = 1;
inline constexpr int32_t kWrite = 2;
inline constexpr int32_t kRead = 4;
inline constexpr int32_t kPriority = 8;
}  // namespace perm

/// Names of message properties (MessageConst), those the broker reads or writes.
namespace prop {
inline constexpr std::string_view kKeys = "KEYS";
inline constexpr std::string_view kTags = "TAGS";
inline constexpr std::string_view kWait = "WAIT";
inline constexpr std::string_view kDelay = "DELAY";
inline constexpr std::string_view kRetryTopic = "RETRY_TOPIC";
inline constexpr std::string_view kRealTopic = "REAL_TOPIC";
inline constexpr std::string_view kRealQueueId = "REAL_QID";
inline constexpr std::string_view kTranMsg = "TRAN_MSG";
inline constexpr std::string_view kProducerGroup = "PGROUP";
inline constexpr std::string_view kMsgRegion = "MSG_REGION";
inline constexpr std::string_view kTraceOn = "TRACE_ON";
inline constexpr std::string_view kUniqKey = "UNIQ_KEY";
inline constexpr std::string_view kCluster = "CLUSTER";
inline constexpr std::string_view kPopCk = "POP_CK";
inline constexpr std::string_view kInnerNum = "INNER_NUM";
inline constexpr std::string_view kOriginMessageId = "ORIGIN_MESSAGE_ID";
inline constexpr std::string_view kReconsumeTime = "RECONSUME_TIME";
inline constexpr std::string_view kMaxReconsumeTimes = "MAX_RECONSUME_TIMES";
inline constexpr std::string_view kReplyToClient = "REPLY_TO_CLIENT";
inline constexpr std::string_view kPushReplyTime = "PUSH_REPLY_TIME";
inline constexpr std::string_view kTimerPrefix = "TIMER_";                  // of all of these
inline constexpr std::string_view kTimerDelaySec = "TIMER_DELAY_SEC";
inline constexpr std::string_view kTimerDelayMs = "TIMER_DELAY_MS";
inline constexpr std::string_view kTimerDeliverMs = "TIMER_DELIVER_MS";
inline constexpr std::string_view kTimerOutMs = "TIMER_OUT_MS";             // of a message that has waited
inline constexpr std::string_view kTimerDelUniqKey = "TIMER_DEL_UNIQKEY";   // takes another one back
}  // namespace prop

}  // namespace mq
