// JSON string contents as fastjson writes them.
#pragma once

#include "base/byte_buffer.h"

namespace mq::wire {

/// Appends `text` with fastjson's escapes, without quotes around it: `"` and `\`, control characters (U+0000..1F,
/// U+007F..9F) as \b \t \n \f \r or \u00XX, U+2028 and U+2029. Everything else stays raw UTF-8.
void append_json_text(ByteBuffer& out, std::string_view text);

/// Nothing in it may need an escape: it can be copied as it is.
bool is_plain_json_text(std::string_view text) noexcept;

}  // namespace mq::wire
