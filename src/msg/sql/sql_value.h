// Values of the SQL92 filter language and Java's rules for comparing them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace mq::sql {

/// NULL, BOOLEAN, Integer, Long, Double, String.
using Value = std::variant<std::monostate, bool, int32_t, int64_t, double, std::string_view>;

inline bool is_null(const Value& v) { return v.index() == 0; }

/// Below 0, 0, above 0 as Java's compareTo; nullopt when a text is not a number of the other side's class (Java throws,
/// the whole expression then matches nothing). Values whose classes do not fit compare as less.
std::optional<int> compare(const Value& left, const Value& right);
/// Two texts under < <= > >= are compared as doubles.
std::optional<int> compare_ordered(const Value& left, const Value& right);

std::optional<double> java_double(std::string_view text);

}  // namespace mq::sql
