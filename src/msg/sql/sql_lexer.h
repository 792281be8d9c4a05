// Tokens of the SQL92 filter language. One token is read at a time: text that the parser never reaches may be anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mq::sql {

enum class Token : uint8_t {
  kEnd, kIdentifier, kString, kDecimal, kFloat,
  kNot, kAnd, kOr, kBetween, kIn, kTrue, kFalse, kIs, kNull, kContains, kStartsWith, kEndsWith,
  kEqual, kNotEqual, kGreater, kGreaterEqual, kLess, kLessEqual, kOpen, kComma, kClose, kPlus, kMinus,
};

struct Lexeme {
  Token token = Token::kEnd;
  std::string_view text;   // as written
  size_t at = 0;           // byte position, for messages
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  /// Errors: kInvalid for a character that starts no token, an open string or comment.
  Result<Lexeme> next();

 private:
  Result<void> skip_blanks();
  Lexeme word();
  Result<Lexeme> number();
  Lexeme make(Token token, size_t length) {
    Lexeme l{token, text_.substr(at_, length), at_};
    at_ += length;
    return l;
  }

  std::string_view text_;
  size_t at_ = 0;
};

/// The text of a string literal without its quotes, '' as '.
std::string unquote(std::string_view literal);

}  // namespace mq::sql
