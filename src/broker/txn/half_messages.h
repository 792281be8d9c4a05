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

/// "12,15,": the body of an op message; a single number without a comma is what 4.x wrote.
std::string op_body(const std::vector<int64_t>& half_offsets);
std::vector<int64_t> parse_op_body(std::string_view body);


}  // namespace mq::broker
