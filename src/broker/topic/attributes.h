// Attributes of topics: parsing of "+k=v,-k2" and their rules. Pure. Source: spec semantics 2.5.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mq::broker {

using Attributes = std::map<std::string, std::string>;

/// Signed keys: "+k" -> value, "-k" -> "". Errors: kInvalid with Java's text.
Result<Attributes> parse_attribute_changes(std::string_view text);
/// The attributes after the change. `fresh`: the topic is being created. Errors: kInvalid with Java's text.
Result<Attributes> apply_attribute_changes(bool fresh, const Attributes& current, const Attributes& changes);

}  // namespace mq::broker
