// YAML of RocketMQ's files (tools.yml, plain_acl.yml) as a Json value. yaml-cpp stays behind this.
#pragma once

#include <string_view>

#include "base/json.h"

namespace mq {

/// Maps become objects, in order, lists arrays, scalars strings whatever they look like ("12345678" stays text), "~" and nothing null.
/// Anchors and aliases are followed. Errors: kCorrupt with line and column; kTooLarge beyond 100,000 values (aliases of aliases).
Result<Json> parse_yaml(std::string_view text);
/// The same the other way: block style, strings quoted where they must be.
std::string to_yaml(const Json& value);

}  // namespace mq
