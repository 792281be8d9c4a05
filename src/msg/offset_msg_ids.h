// The offsetMsgIds of one broker, many of them and quickly.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "msg/host.h"
#include "msg/types.h"

namespace mq {

/// As offset_msg_id() of record.h; the digits of the broker's address are laid out once. Immutable.
class OffsetMsgIds {
 public:
  explicit OffsetMsgIds(const Host& store_host) noexcept;
  /// The digits before those of the offset.
  std::string_view host() const noexcept { return {host_.data(), host_size_}; }
  /// The 16 digits of an offset. Where they end.
  static char* put_offset(char* at, PhyOffset offset) noexcept;
  /// Characters of so many ids with a comma between two.
  size_t size(size_t count) const noexcept { return count * (host_size_ + kOffsetDigits + 1) - (count > 0); }
  /// Writes them. Where they end.
  char* put(char* at, std::span<const PhyOffset> offsets) const noexcept;

 private:
  static constexpr size_t kOffsetDigits = 16;
  std::array<char, 40> host_;
  size_t host_size_;
};

}  // namespace mq
