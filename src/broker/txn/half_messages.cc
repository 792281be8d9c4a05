#include "broker/txn/half_messages.h"

#include <charconv>

#include "msg/names.h"
#include "msg/properties.h"

namespace mq::broker {

namespace {

constexpr std::string_view kTransactionId = "__transactionId__";

void add(std::string& properties, std::string_view name, std::string_view value) {
  properties.append(name).append(1, '\x01').append(value).append(1, '\x02');
}

}  // namespace

int64_t property_number(std::string_view properties, std::string_view name, int64_t otherwise) noexcept {
  const std::string_view text = find_property(properties, name);
  int64_t v = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), v);
  return text.data() && ec == std::errc() && end == text.data() + text.size() ? v : otherwise;
}

bool is_transactional(const PutMessage& m) noexcept {
  if (find_property(m.fields.properties, prop::kTranMsg) != "true") return false;
  return !(m.fields.reconsumeTimes > 0 && property_number(m.fields.properties, prop::kDelay, 0) > 0);
}

void make_half(PutMessage& m, std::deque<std::string>& scratch) {
  std::string& p = scratch.emplace_back(without_property(without_property(m.fields.properties, prop::kRealTopic), prop::kRealQueueId));
  if (!p.empty() && p.back() != '\x02') p += '\x02';
  const std::string_view key = find_property(m.fields.properties, prop::kUniqKey);
  if (!key.empty() && !find_property(m.fields.properties, kTransactionId).data()) add(p, kTransactionId, key);
  add(p, prop::kRealTopic, m.fields.topic);
  add(p, prop::kRealQueueId, std::to_string(m.fields.queueId));
  m.fields.properties = p;
  m.fields.topic = kHalfTopic;
  m.fields.queueId = 0;
  m.fields.sysFlag &= ~sys_flag::kTransactionMask;
  m.queue = nullptr;
}

std::string op_body(const std::vector<int64_t>& half_offsets) {
  std::string body;
  for (int64_t offset : half_offsets) body.append(std::to_string(offset)).append(1, ',');
  return body;
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
