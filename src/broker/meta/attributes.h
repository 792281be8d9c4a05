// Attributes of topics and subscription groups: parsing of "+k=v,-k2" and their rules. Pure. Source: spec semantics 2.5.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mq::broker {

using Attributes = std::map<std::string, std::string>;

/// A group whose value is CLIENT is told of a queue it committed nothing of that nothing is there (22), so that its consumers begin where
/// their CONSUME_FROM_WHERE says; BROKER, the default: as Java, at 0 while the first message is still in memory.
inline constexpr std::string_view kConsumeFromWhere = "consume.from.where";

/// What the attributes are of; each kind has its own.
enum class AttributesOf : uint8_t { kTopic, kGroup };

/// Signed keys: "+k" -> value, "-k" -> "". Errors: kInvalid with Java's text.
Result<Attributes> parse_attribute_changes(std::string_view text);
/// The attributes after the change. `fresh`: the topic or group is being created. Errors: kInvalid with Java's text.
Result<Attributes> apply_attribute_changes(AttributesOf kind, bool fresh, const Attributes& current, const Attributes& changes);

}  // namespace mq::broker
