#include "base/json.h"

#include <cmath>

#include "base/check.h"
#include "base/numbers.h"
#include "base/text.h"

namespace mq {

Json::Json(bool v) : kind_(Kind::kBool), bool_(v) {}
Json::Json(int64_t v) : kind_(Kind::kInt), int_(v) {}
Json::Json(double v) : kind_(Kind::kDouble), double_(v) {}
Json::Json(std::string v) : kind_(Kind::kString), string_(std::move(v)) {}

Json Json::array() {
  Json j;
  j.kind_ = Kind::kArray;
  return j;
}

Json Json::object() {
  Json j;
  j.kind_ = Kind::kObject;
  j.object_ = std::make_unique<Object>();
  return j;
}

Json::Json(const Json& o) : kind_(o.kind_), int_(o.int_), string_(o.string_), array_(o.array_), object_(o.object_ ? std::make_unique<Object>(*o.object_) : nullptr) {}

Json& Json::operator=(const Json& o) {
  if (this != &o) *this = Json(o);
  return *this;
}

std::optional<bool> json_truth(std::string_view text) noexcept {
  const auto is_one_of = [text](auto... spellings) { return (equal_ignoring_case(text, spellings) || ...); };
  if (is_one_of("true", "1", "Y", "T")) return true;
  if (is_one_of("false", "0", "N", "F")) return false;
  return std::nullopt;
}

bool Json::as_bool(bool otherwise) const {
  switch (kind_) {
    case Kind::kBool: return bool_;
    case Kind::kInt: return int_ == 1;
    case Kind::kDouble: return as_int() == 1;
    case Kind::kString:
      return string_.empty() ? otherwise : json_truth(string_).value_or(false);
    default: return otherwise;
  }
}

int64_t Json::as_int(int64_t otherwise) const {
  switch (kind_) {
    case Kind::kBool: return bool_ ? 1 : 0;
    case Kind::kInt: return int_;
    case Kind::kDouble: return std::isfinite(double_) && std::fabs(double_) < 9.2e18 ? static_cast<int64_t>(double_) : otherwise;
    case Kind::kString: {
      if (const auto i = parse_int64(string_)) return *i;
      const auto d = parse_double(string_);
      return d && std::fabs(*d) < 9.2e18 ? static_cast<int64_t>(*d) : otherwise;
    }
    default: return otherwise;
  }
}

double Json::as_double(double otherwise) const {
  switch (kind_) {
    case Kind::kInt: return static_cast<double>(int_);
    case Kind::kDouble: return double_;
    case Kind::kString: return parse_double(string_).value_or(otherwise);
    default: return otherwise;
  }
}

std::string Json::as_string(std::string_view otherwise) const {
  switch (kind_) {
    case Kind::kNull: return std::string(otherwise);
    case Kind::kString: return string_;
    default: return to_text(*this);
  }
}

const Json::Array& Json::items() const {
  static const Array none;
  return kind_ == Kind::kArray ? array_ : none;
}

const Json::Object& Json::members() const {
  static const Object none;
  return kind_ == Kind::kObject ? *object_ : none;
}

Json::Array& Json::items() {
  MQ_CHECK(kind_ == Kind::kArray);
  return array_;
}

Json::Object& Json::members() {
  MQ_CHECK(kind_ == Kind::kObject);
  return *object_;
}

const Json* Json::find(std::string_view key) const {
  for (auto it = members().rbegin(); it != members().rend(); ++it) {   // a later member of the same key wins
    const Json& k = it->first;
    if (k.kind_ == Kind::kString ? k.string_ == key : k.kind_ == Kind::kInt && std::to_string(k.int_) == key) return &it->second;
  }
  return nullptr;
}

const Json& Json::operator[](std::string_view key) const {
  static const Json null{};
  const Json* found = find(key);
  return found ? *found : null;
}

Json& Json::add(Json key, Json value) {
  members().emplace_back(std::move(key), std::move(value));
  return *this;
}

Json& Json::set(std::string_view key, Json value) {
  for (auto& [k, v] : members()) {
    if (k.kind_ == Kind::kString && k.string_ == key) {
      v = std::move(value);
      return *this;
    }
  }
  return add(std::string(key), std::move(value));
}

Json& Json::push(Json value) {
  items().push_back(std::move(value));
  return *this;
}

bool Json::operator==(const Json& o) const {
  if (kind_ != o.kind_) return false;
  switch (kind_) {
    case Kind::kNull: return true;
    case Kind::kBool: return bool_ == o.bool_;
    case Kind::kInt: return int_ == o.int_;
    case Kind::kDouble: return double_ == o.double_;
    case Kind::kString: return string_ == o.string_;
    case Kind::kArray: return array_ == o.array_;
    case Kind::kObject: return *object_ == *o.object_;
  }
  return false;
}

}  // namespace mq
