#include "wire/bodies/shape.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "base/check.h"
#include "base/numbers.h"
#include "base/text.h"

namespace mq::wire {

namespace {

/// Text without content is a field's default.
bool is_default(const Json& j) { return j.is_string() && (j.as_string().empty() || j.as_string() == "null"); }

bool is_number(const Json& j, int64_t least, int64_t most) {
  if (is_default(j)) return true;
  switch (j.kind()) {
    case Json::Kind::kBool: return true;
    case Json::Kind::kInt: return j.as_int() >= least && j.as_int() <= most;
    case Json::Kind::kDouble: return std::fabs(j.as_double()) < static_cast<double>(most);
    case Json::Kind::kString: {
      const auto n = parse_int64(j.as_string());
      return n && *n >= least && *n <= most;
    }
    default: return false;
  }
}

bool is_int32(const Json& j) { return is_number(j, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()); }

bool is_truth(const Json& j) {
  return j.is_string() ? is_default(j) || json_truth(j.as_string()).has_value() : is_int32(j);
}

/// What a value that does not fit should have been; empty when it fits.
std::string_view wanted(const Json& j, BodyType type) {
  switch (type) {
    case BodyType::kText: return {};
    case BodyType::kBool: return is_truth(j) ? "" : "true or false";
    case BodyType::kInt32: return is_int32(j) ? "" : "a number of 32 bits";
    case BodyType::kInt64: return is_number(j, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()) ? "" : "a number of 64 bits";
    case BodyType::kEnum: return j.is_string() || (j.kind() == Json::Kind::kInt && j.as_int() >= 0 && j.as_int() <= INT32_MAX) ? "" : "a name";
    case BodyType::kObject: return j.is_object() ? "" : "an object";
    case BodyType::kList: return j.is_array() ? "" : "a list";
  }
  return {};
}

Failure misfit(std::string_view name, std::string_view wanted, const Json& value) {
  std::string text = to_text(value);
  if (text.size() > 100) text = text.substr(0, 97) + "...";
  return fail(Errc::kInvalid, "the body's " + std::string(name) + " must be " + std::string(wanted) + ", not " + text);
}

Result<> check_shape(const Json& body, BodyShape shape);

Result<> check_member(const BodyMember& member, const Json& value) {
  if (value.is_null()) {
    if (member.needed || member.not_null) return fail(Errc::kInvalid, "the body's " + std::string(member.name) + " is null");
    return {};
  }
  if (const std::string_view what = wanted(value, member.type); !what.empty()) return misfit(member.name, what, value);
  if (member.of.empty()) return {};
  if (member.type == BodyType::kObject) return check_shape(value, member.of);
  for (const Json& item : value.items()) {
    if (!item.is_object()) return misfit(member.name, "a list of objects", value);
    MQ_TRY_VOID(check_shape(item, member.of));
  }
  return {};
}

Result<> check_shape(const Json& body, BodyShape shape) {
  std::array<bool, 32> seen{};
  MQ_CHECK(shape.size() <= seen.size());
  for (const auto& [key, value] : body.members()) {
    if (!key.is_string()) continue;
    const auto member = std::ranges::find_if(shape, [name = key.as_string()](const BodyMember& m) { return equal_ignoring_case(m.name, name); });
    if (member == shape.end()) continue;
    seen[static_cast<size_t>(member - shape.begin())] = true;
    MQ_TRY_VOID(check_member(*member, value));
  }
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i].needed && !seen[i]) return fail(Errc::kInvalid, "the body's " + std::string(shape[i].name) + " is missing");
  }
  return {};
}

}  // namespace

Result<Json> parse_body(std::string_view text, BodyShape shape) {
  MQ_TRY(Json body, parse_json(text));
  if (!body.is_object()) return misfit("value", "an object", body);
  MQ_TRY_VOID(check_shape(body, shape));
  return body;
}

}  // namespace mq::wire
