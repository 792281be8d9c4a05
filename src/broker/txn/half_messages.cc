#include "broker/txn/half_messages.h"

#include <charconv>

#include "base/text.h"
#include "broker/core/stored_message.h"
#include "msg/names.h"
#include "msg/properties.h"

namespace mq::broker {

namespace {

constexpr std::string_view kTransactionId = "__transactionId__";

}  // namespace

bool is_transactional(const PutMessage& m) noexcept {
  if (!equal_ignoring_case(find_property(m.fields.properties, prop::kTranMsg), "true")) return false;
  return !(m.fields.reconsumeTimes > 0 && property_number(m.fields.properties, prop::kDelay, 0) > 0);
}

void make_half(PutMessage& m, std::deque<std::string>& scratch) {
  std::string properties(m.fields.properties);
  const std::string_view key = find_property(m.fields.properties, prop::kUniqKey);
  if (!key.empty() && !find_property(properties, kTransactionId).data()) properties = with_property(properties, kTransactionId, key);
  m.fields.properties = scratch.emplace_back(with_real_queue(properties, m.fields.topic, m.fields.queueId));
  m.fields.topic = kHalfTopic;
  m.fields.queueId = 0;
  m.fields.sysFlag &= ~sys_flag::kTransactionMask;
  m.queue = nullptr;
}

std::vector<int64_t> parse_op_body(std::string_view body) {
  std::vector<int64_t> offsets;
  while (!body.empty()) {
    const size_t comma = body.find(',');
    const std::string_view number = body.substr(0, comma);
    int64_t v = 0;
    const auto [end, ec] = std::from_chars(number.data(), number.data() + number.size(), v);
    if (ec == std::errc() && end == number.data() + number.size()) offsets.push_back(v);
    body.remove_prefix(comma == std::string_view::npos ? body.size() : comma + 1);
  }
  return offsets;
}

}  // namespace mq::broker
