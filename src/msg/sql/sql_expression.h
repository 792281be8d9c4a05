// SQL92 filters over message properties: compiled once, evaluated per message, with Java's odd rules kept.
// Source: spec semantics 10.2 and its corrections; pinned by sql_expression_test.cc.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"

namespace mq::sql {

/// A compiled expression. Immutable, any thread.
///
///   or   := and (OR and)*          and := eq (AND eq)*
///   eq   := cmp ((= | <>) cmp | IS [NOT] NULL)*
///   cmp  := unary ((> | >= | < | <=) unary | [NOT] BETWEEN unary AND unary | [NOT] IN (str, ...)
///           | [NOT] CONTAINS str | [NOT] STARTSWITH str | [NOT] ENDSWITH str)*
///   unary := (+ | - | NOT) unary | literal | identifier | ( or )
///
/// QUIRK: what stands behind a complete expression is ignored as long as its first token is one; NOT binds tighter than
/// any comparison; 0.0 is refused.
class Expression {
 public:
  /// Errors: kInvalid with the position and what was expected. Depth and length are limited.
  static Result<std::shared_ptr<const Expression>> compile(std::string_view text);
  virtual ~Expression() = default;
  /// True when the expression is TRUE for a message with these properties (name 0x01 value 0x02 ...). NULL, FALSE and any
  /// failed conversion are false.
  virtual bool matches(std::string_view properties) const noexcept = 0;
};

}  // namespace mq::sql
