// The properties string of a message: name 0x01 value 0x02 name 0x01 value 0x02 ...
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"

namespace mq {

/// Iterates without copying. A segment counts when it has a name of at least one and a value of at least one byte;
/// others are skipped. A missing last 0x02 is tolerated.
class PropertyReader {
 public:
  explicit PropertyReader(std::string_view text) : text_(text) {}
  bool next(std::string_view& name, std::string_view& value) noexcept {
    if (at_ >= text_.size()) return false;
    if (at_ - seen_ >= kWindow) look(at_);
    return next_in_window(name, value) || next_of_any_form(name, value);
  }

 private:
  /// The plain case: the whole pair lies in what was looked at.
  bool next_in_window(std::string_view& name, std::string_view& value) noexcept {
    const size_t shift = at_ - seen_, left = text_.size() - at_;
    const auto split = static_cast<size_t>(std::countr_zero(marks_.ones >> shift));   // 64: none
    auto end = static_cast<size_t>(std::countr_zero(marks_.twos >> shift));
    if (end == kWindow && left <= kWindow - shift) end = left;                        // the last pair's 0x02 may be missing
    if (split == 0 || split + 1 >= end || end >= kWindow) return false;
    name = {text_.data() + at_, split};
    value = {text_.data() + at_ + split + 1, end - split - 1};
    at_ += end + 1;
    return true;
  }
  /// The same for pairs across the window's edge or longer than it, over segments that are no pairs.
  [[gnu::noinline]] bool next_of_any_form(std::string_view& name, std::string_view& value) noexcept;

  /// Bit i: text_[seen_ + i] is 0x01, or 0x02. The properties of most messages are looked at once, 64 bytes at a time.
  struct Marks {
    uint64_t ones = 0, twos = 0;
  };
  static constexpr size_t kWindow = 64;

  void look(size_t from) noexcept {
    seen_ = from;
    marks_ = marks_of(text_.data() + from, std::min(kWindow, text_.size() - from));
  }
  static Marks marks_of(const char* p, size_t n) noexcept;
  /// The first 0x02, with kEither also 0x01, from `from` on; text_.size() when there is none.
  template <bool kEither>
  size_t find(size_t from) noexcept;

  std::string_view text_;
  size_t at_ = 0;             // what is before has been given
  size_t seen_ = 0 - kWindow; // where marks_ begins; at first a window before the text
  Marks marks_;
};

/// What a message is found by: the last value of each, or a view without data.
struct FindableProperties {
  std::string_view uniq_key;
  std::string_view keys;
  std::string_view tags;
};
FindableProperties findable_properties(std::string_view properties) noexcept;

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
