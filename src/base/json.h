// A JSON value, a reader as lenient as RocketMQ's (fastjson 1.2.83) and a writer with its exact output. Our own because
// the protocol is not JSON: maps with integer or object keys travel as {0:"a"} and {{"topic":"t"}:{...}}, which no JSON
// library reads or writes. Not on the hot path. Rules: spec protocol 10.1, storage 2.13.1.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace mq {

/// null, bool, int64, double, string, array or object. An object keeps its members in insertion order; a member's key
/// is itself a Json: a string, an integer (bare key) or an object. Copyable; moves are cheap.
class Json {
 public:
  enum class Kind : uint8_t { kNull, kBool, kInt, kDouble, kString, kArray, kObject };
  using Array = std::vector<Json>;
  using Member = std::pair<Json, Json>;
  using Object = std::vector<Member>;

  Json() = default;
  Json(std::nullptr_t) {}
  Json(bool v);
  Json(int v) : Json(static_cast<int64_t>(v)) {}
  Json(int64_t v);
  Json(double v);
  Json(std::string v);
  Json(std::string_view v) : Json(std::string(v)) {}
  Json(const char* v) : Json(std::string(v)) {}
  static Json array();
  static Json object();

  Kind kind() const noexcept { return kind_; }
  bool is_null() const noexcept { return kind_ == Kind::kNull; }
  bool is_object() const noexcept { return kind_ == Kind::kObject; }
  bool is_array() const noexcept { return kind_ == Kind::kArray; }
  bool is_string() const noexcept { return kind_ == Kind::kString; }

  // Reading leniently, as fastjson fills a Java field: a number may come as text, a text as a number, a bool as
  // "true"; what does not fit gives the default.
  bool as_bool(bool otherwise = false) const;
  int64_t as_int(int64_t otherwise = 0) const;
  double as_double(double otherwise = 0) const;
  std::string as_string(std::string_view otherwise = {}) const;

  /// Elements of an array, members of an object; empty for other kinds.
  const Array& items() const;
  const Object& members() const;
  Array& items();
  Object& members();
  size_t size() const { return is_array() ? items().size() : members().size(); }

  /// The member with this (string, or integer in decimal) key, or a shared null.
  const Json& operator[](std::string_view key) const;
  const Json* find(std::string_view key) const;

  /// Appends a member without looking for an earlier one of that key. Returns *this, to chain.
  Json& add(Json key, Json value);
  /// Replaces or appends.
  Json& set(std::string_view key, Json value);
  /// Appends to an array.
  Json& push(Json value);

  bool operator==(const Json&) const;

 private:
  Kind kind_ = Kind::kNull;
  union {
    bool bool_;
    int64_t int_ = 0;
    double double_;
  };
  std::string string_;
  Array array_;
  std::unique_ptr<Object> object_;
 public:
  Json(const Json&);
  Json& operator=(const Json&);
  Json(Json&&) noexcept = default;
  Json& operator=(Json&&) noexcept = default;
  ~Json() = default;
};

struct JsonStyle {
  bool pretty = false;    // tabs, as the files under config/ (with the odd closing brace after integer-keyed maps)
  bool browser = false;   // BrowserCompatible: quoted integer keys, \uXXXX, "<\/", large integers as text (spec 3.5)
};

/// Parses one value; white space and newlines may follow. Accepts bare, single-quoted and integer keys, objects as
/// keys, trailing commas, comments; malformed UTF-8 reads as U+FFFD. Errors: kCorrupt with the position. Depth is limited (512), so input cannot
/// exhaust the stack.
Result<Json> parse_json(std::string_view text);

/// Writes as fastjson does: no blanks, members in the order they were added (callers add them alphabetically),
/// null members are left out, null array items written.
std::string to_text(const Json& value, JsonStyle style = {});

/// Appends `text` as a quoted JSON string with fastjson's escapes.
void append_quoted(std::string& out, std::string_view text, bool browser = false);

/// What a text stands for where a bool is wanted: true, 1, Y, T or false, 0, N, F, whatever their case; none for any other (fastjson's TypeUtils).
std::optional<bool> json_truth(std::string_view text) noexcept;

}  // namespace mq
