// The properties string of a message: name 0x01 value 0x02 name 0x01 value 0x02 ...
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"

namespace mq {

/// Iterates without copying. A segment counts when it has a name of at least one and a value of at least one byte;
/// others are skipped. A missing last 0x02 is tolerated.
class PropertyReader {
 public:
  explicit PropertyReader(std::string_view text) : rest_(text) {}
  bool next(std::string_view& name, std::string_view& value) noexcept;

 private:
  std::string_view rest_;
};

/// The last value of that name, or an empty view with data() == nullptr.
std::string_view find_property(std::string_view properties, std::string_view name) noexcept;

/// Appends one pair, with a 0x02 first when `out` (from `start`) is not empty and does not end in one.
void append_property(ByteBuffer& out, size_t start, std::string_view name, std::string_view value);
/// A copy of the string without the pairs of that name.
std::string without_property(std::string_view properties, std::string_view name);

/// A copy of the string with that pair, and no other of that name, at its end.
std::string with_property(std::string_view properties, std::string_view name, std::string_view value);

/// Java's String.hashCode over UTF-16 units of UTF-8 text. `before`: the hash of what stands in front of `utf8`, so that
/// joined text is hashed without joining it.
int32_t java_hash(std::string_view utf8, int32_t before = 0) noexcept;
/// tagsCode of a TAGS value: the hash sign-extended; 0 when empty.
inline int64_t tags_code(std::string_view tags) noexcept { return tags.empty() ? 0 : java_hash(tags); }

}  // namespace mq
