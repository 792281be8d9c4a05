#include "msg/sql/sql_lexer.h"

#include <array>
#include <utility>

namespace mq::sql {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'; }

constexpr std::array<std::pair<std::string_view, Token>, 12> kKeywords{{
    {"NOT", Token::kNot}, {"AND", Token::kAnd}, {"OR", Token::kOr}, {"BETWEEN", Token::kBetween}, {"IN", Token::kIn},
    {"TRUE", Token::kTrue}, {"FALSE", Token::kFalse}, {"IS", Token::kIs}, {"NULL", Token::kNull},
    {"CONTAINS", Token::kContains}, {"STARTSWITH", Token::kStartsWith}, {"ENDSWITH", Token::kEndsWith}}};

bool equals_upper(std::string_view word, std::string_view upper) {
  if (word.size() != upper.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    const char c = word[i] >= 'a' && word[i] <= 'z' ? static_cast<char>(word[i] - 32) : word[i];
    if (c != upper[i]) return false;
  }
  return true;
}

Failure bad(size_t at, std::string_view what) {
  return fail(Errc::kInvalid, std::string(what) + " at column " + std::to_string(at + 1));
}

}  // namespace

Result<void> Lexer::skip_blanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
      ++at_;
    } else if (text_.substr(at_).starts_with("--")) {
      while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
    } else if (text_.substr(at_).starts_with("/*")) {
      const size_t end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) return bad(at_, "the comment is not closed");
      at_ = end + 2;
    } else {
      break;
    }
  }
  return {};
}

Result<Lexeme> Lexer::next() {
  MQ_TRY_VOID(skip_blanks());
  if (at_ >= text_.size()) return Lexeme{Token::kEnd, {}, at_};
  const char c = text_[at_];
  const char d = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (is_word_start(c)) return word();
  if (is_digit(c) || (c == '.' && is_digit(d))) return number();
  switch (c) {
    case '\'': {
      for (size_t i = at_ + 1; i < text_.size(); ++i) {
        if (text_[i] != '\'') continue;
        if (i + 1 < text_.size() && text_[i + 1] == '\'') { ++i; continue; }
        return make(Token::kString, i - at_ + 1);
      }
      return bad(at_, "the string is not closed");
    }
    case '=': return make(Token::kEqual, 1);
    case '<': return d == '>' ? make(Token::kNotEqual, 2) : d == '=' ? make(Token::kLessEqual, 2) : make(Token::kLess, 1);
    case '>': return d == '=' ? make(Token::kGreaterEqual, 2) : make(Token::kGreater, 1);
    case '(': return make(Token::kOpen, 1);
    case ',': return make(Token::kComma, 1);
    case ')': return make(Token::kClose, 1);
    case '+': return make(Token::kPlus, 1);
    case '-': return make(Token::kMinus, 1);
    default: return bad(at_, std::string("the character '") + c + "' is not part of the language");
  }
}

Lexeme Lexer::word() {
  size_t end = at_ + 1;
  while (end < text_.size() && (is_word_start(text_[end]) || is_digit(text_[end]))) ++end;
  const std::string_view w = text_.substr(at_, end - at_);
  for (const auto& [keyword, token] : kKeywords) {
    if (equals_upper(w, keyword)) return make(token, w.size());
  }
  return make(Token::kIdentifier, w.size());
}

/// decimal := 0 | [1-9][0-9]*[lL]?    float := d+.d*[exp] | .d+[exp] | d+exp. The longest match counts.
Result<Lexeme> Lexer::number() {
  size_t digits_end = at_;
  while (digits_end < text_.size() && is_digit(text_[digits_end])) ++digits_end;
  size_t end = digits_end;
  bool is_float = false;
  if (end < text_.size() && text_[end] == '.') {
    is_float = true;
    ++end;
    while (end < text_.size() && is_digit(text_[end])) ++end;
  }
  if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
    size_t e = end + 1;
    if (e < text_.size() && (text_[e] == '+' || text_[e] == '-')) ++e;
    if (e < text_.size() && is_digit(text_[e])) {
      is_float = true;
      while (e < text_.size() && is_digit(text_[e])) ++e;
      end = e;
    }
  }
  if (is_float) return make(Token::kFloat, end - at_);
  if (text_[at_] == '0') return make(Token::kDecimal, 1);
  end = digits_end;
  if (end < text_.size() && (text_[end] == 'l' || text_[end] == 'L')) ++end;
  return make(Token::kDecimal, end - at_);
}

std::string unquote(std::string_view literal) {
  std::string out;
  const std::string_view inner = literal.substr(1, literal.size() - 2);
  for (size_t i = 0; i < inner.size(); ++i) {
    out += inner[i];
    if (inner[i] == '\'') ++i;
  }
  return out;
}

}  // namespace mq::sql
