// What one message after another is found by. Those of a batch are much alike, so that few of them need to be read through.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "msg/properties.h"

namespace mq {

/// Each next() gives what findable_properties would. A text that differs from the one before in nothing but the values of UNIQ_KEY and
/// KEYS, and these as long as before, is only compared with it.
class FindableRun {
 public:
  /// `properties` must live until the call after the next. The result is good until the next call.
  const FindableProperties& next(std::string_view properties) noexcept {
    if (!alike(properties)) {
      read(properties);
    } else {
      move(found_.uniq_key, properties);
      move(found_.keys, properties);
      move(found_.tags, properties);
      before_ = properties;
    }
    return found_;
  }
  /// mq::tags_code of the TAGS that next() gave.
  int64_t tags_code() const noexcept { return tags_code_; }

 private:
  struct Value {
    size_t at = 0, size = 0;
  };
  /// Nothing but values differs. The first 0x02 ends a value, so that one with another inside would be shorter than it looks.
  bool alike(std::string_view text) const noexcept {
    if (text.empty() || text.size() != before_.size()) return false;
    const char *const now = text.data(), *const before = before_.data();
    size_t from = 0;
    for (size_t i = 0; i < count_; ++i) {
      const Value& v = values_[i];
      if (std::memcmp(now + from, before + from, v.at - from) != 0 || std::memchr(now + v.at, 2, v.size)) return false;
      from = v.at + v.size;
    }
    return std::memcmp(now + from, before + from, text.size() - from) == 0;
  }
  void move(std::string_view& value, std::string_view to) const noexcept {
    if (value.data()) value = {to.data() + (value.data() - before_.data()), value.size()};
  }
  void read(std::string_view properties) noexcept;

  std::string_view before_;
  FindableProperties found_;          // of it
  std::array<Value, 2> values_;       // of UNIQ_KEY and KEYS, in their order
  size_t count_ = 0;                  // of them
  int64_t tags_code_ = 0;
};

}  // namespace mq
