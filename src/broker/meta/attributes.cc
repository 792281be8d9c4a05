#include "broker/meta/attributes.h"

#include <algorithm>
#include <vector>

#include "base/numbers.h"

namespace mq::broker {

namespace {

struct Rule {
  std::string_view name;
  std::vector<std::string_view> values;   // in the order in which 5.3.3 names them; empty: a number of at least -1
  bool changeable;
};

const std::vector<Rule>& rules(AttributesOf kind) {
  static const std::vector<Rule> of_groups{{kConsumeFromWhere, {"BROKER", "CLIENT"}, true}};   // 5.3.3 has none
  if (kind == AttributesOf::kGroup) return of_groups;
  static const std::vector<Rule> of_topics{{"queue.type", {"SimpleCQ", "BatchCQ"}, false},
                                           {"cleanup.policy", {"DELETE", "COMPACTION"}, false},
                                           {"message.type", {"UNSPECIFIED", "TRANSACTION", "FIFO", "MIXED", "DELAY", "NORMAL"}, true},
                                           {"reserve.time", {}, true}};
  return of_topics;
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
    std::string_view value = equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
    value = value.substr(0, value.find('='));   // QUIRK: Java looks at the first two pieces only
    const bool add = equals != std::string_view::npos;
    if (key.find(add ? '+' : '-') == std::string::npos) {
      return fail(Errc::kInvalid, (add ? "add/alter attribute format is wrong: " : "delete attribute format is wrong: ") + key);
    }
    if (changes.contains(key)) return fail(Errc::kInvalid, "key duplication: " + key);
    changes.emplace(std::move(key), value);
  }
  return changes;
}

Result<Attributes> apply_attribute_changes(AttributesOf kind, bool fresh, const Attributes& current, const Attributes& changes) {
  Attributes result = current;
  for (const auto& [signed_key, value] : changes) {
    if (signed_key.size() < 2 || (signed_key[0] != '+' && signed_key[0] != '-')) return fail(Errc::kInvalid, "kv string format wrong.");
    const std::string key = signed_key.substr(1);
    const bool add = signed_key[0] == '+';
    if (fresh && !add) return fail(Errc::kInvalid, "only add attribute is supported while creating topic. key: " + key);
    if (changes.contains((add ? "-" : "+") + key)) return fail(Errc::kInvalid, "alter duplication key. key: " + key);
    const auto rule = std::ranges::find(rules(kind), key, &Rule::name);
    if (rule == rules(kind).end()) return fail(Errc::kInvalid, "unsupported key: " + key);
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
