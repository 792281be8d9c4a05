// java.util.Properties text: what broker.conf, namesrv.conf and the bodies of UPDATE_*_CONFIG are written in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mq {

struct PropertyLine {
  std::string key;
  std::string value;
  int line = 0;           // 1-based line where the key starts
  std::string repaired;   // not empty: what was mended and Java would have lost ("trailing blanks removed", "BOM")
};

/// Reads as java.util.Properties.load does (comments # and !, separators = : blank, escapes \t \n \r \f \uXXXX,
/// continuation lines; the text is UTF-8). Trailing blanks of values and a BOM are removed and noted in `repaired`.
/// Errors: kInvalid with the line for a malformed \u escape.
Result<std::vector<PropertyLine>> parse_properties(std::string_view text);

}  // namespace mq
