// What the files of the frame codec share; not for other modules.
#pragma once

#include "wire/frame.h"

namespace mq::wire::internal {

/// Fill everything of `out` but type and body. `readable` is the end of the bytes that may be loaded.
/// Errors: kCorrupt.
Result<> decode_json_header(ByteView header, const std::byte* readable, Frame& out);
Result<> decode_binary_header(ByteView header, Frame& out);

/// Puts all fields to what a frame has that names none of them.
void reset_head(Frame& out) noexcept;

/// Replaces malformed UTF-8 in remark, keys and values by U+FFFD, as Java's String constructor does: the ROCKETMQ header.
void repair_text(Frame& out);

/// A number as BigDecimal(text).toString() writes it; `text` is digits with at most one point and exponent.
void append_big_decimal(std::string& out, std::string_view text);

}  // namespace mq::wire::internal
