#include "broker/topic/attributes.h"

#include <algorithm>
#include <vector>

#include "base/numbers.h"

namespace mq::broker {

namespace {

struct Rule {
  std::string_view name;
  std::vector<std::string_view> values;   // empty: a number of at least -1
  bool changeable;
};

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all{{"queue.type", {"SimpleCQ", "BatchCQ"}, false},
                                     {"cleanup.policy", {"DELETE", "COMPACTION"}, false},
                                     {"message.type", {"NORMAL", "UNSPECIFIED", "FIFO", "DELAY", "TRANSACTION", "MIXED"}, true},
                                     {"reserve.time", {}, true}};
  return all;
}

Result<> check_value(const Rule& rule, const std::string& value) {
  if (rule.values.empty()) {
    const auto n = parse_int64(value);
    if (!n || *n < -1) return fail(Errc::kInvalid, "value is not in range(-1, 9223372036854775807)");
    return {};
  }
  if (std::find(rule.values.begin(), rule.values.end(), value) != rule.values.end()) return {};
  std::string allowed;
  for (std::string_view v : rule.values) allowed += (allowed.empty() ? "" : ", ") + std::string(v);
  return fail(Errc::kInvalid, "value is not in set: [" + allowed + "]");
}

}  // namespace

Result<Attributes> parse_attribute_changes(std::string_view text) {
  Attributes changes;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    if (item.empty()) continue;
    const size_t equals = item.find('=');
    std::string key(item.substr(0, equals));
    const char sign = key.empty() ? ' ' : key[0];
    if (equals != std::string_view::npos ? sign != '+' : sign != '-') return fail(Errc::kInvalid, "kv string format wrong.");
    const std::string value(equals == std::string_view::npos ? "" : item.substr(equals + 1));
    if (!changes.emplace(std::move(key), value).second) return fail(Errc::kInvalid, "key duplication: " + std::string(item));
  }
  return changes;
}

Result<Attributes> apply_attribute_changes(bool fresh, const Attributes& current, const Attributes& changes) {
  Attributes result = current;
  for (const auto& [signed_key, value] : changes) {
    const std::string key = signed_key.substr(1);
    const bool add = signed_key[0] == '+';
    if (fresh && !add) return fail(Errc::kInvalid, "only add attribute is supported while creating topic. key: " + key);
    if (changes.contains((add ? "-" : "+") + key)) return fail(Errc::kInvalid, "alter duplication key. key: " + key);
    const auto rule = std::find_if(rules().begin(), rules().end(), [&](const Rule& r) { return r.name == key; });
    if (rule == rules().end()) return fail(Errc::kInvalid, "unsupported key: " + key);
    if (!fresh && !rule->changeable) return fail(Errc::kInvalid, "attempt to update an unchangeable attribute. key: " + key);
    if (add) {
      MQ_TRY_VOID(check_value(*rule, value));
      result[key] = value;
    } else if (result.erase(key) == 0) {
      return fail(Errc::kInvalid, "attempt to delete a nonexistent key: " + key);
    }
  }
  return result;
}

}  // namespace mq::broker
