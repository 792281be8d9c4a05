// Half and op messages as they stand in the log. Pure functions. Source: spec semantics 8, storage 2.12, 3.12.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/put_pipeline.h"

namespace mq::broker {

inline constexpr std::string_view kTransGroup = "CID_RMQ_SYS_TRANS";
inline constexpr std::string_view kMaxTimeTopic = "TRANS_CHECK_MAX_TIME_TOPIC";
inline constexpr std::string_view kCheckTimes = "TRANSACTION_CHECK_TIMES";
inline constexpr std::string_view kImmunityTime = "CHECK_IMMUNITY_TIME_IN_SECONDS";

/// TRAN_MSG=true on a message that a producer sends. QUIRK: a retry with a delay level is an ordinary message even so.
bool is_transactional(const PutMessage& m) noexcept;
/// Turns it into a half message: topic, queue 0, REAL_TOPIC, REAL_QID, __transactionId__; transaction bits cleared.
void make_half(PutMessage& m, std::deque<std::string>& scratch);

/// The half offsets that an op message decides: "12", or "12,15," as brokers of 5.x write them. We write a single number into each, which
/// 4.x reads too: to it a comma makes no number, the decision is lost, and the producer is asked again about what was committed.
std::vector<int64_t> parse_op_body(std::string_view body);

}  // namespace mq::broker
