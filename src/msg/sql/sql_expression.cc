#include "msg/sql/sql_expression.h"

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "msg/properties.h"
#include "msg/sql/sql_lexer.h"
#include "msg/sql/sql_value.h"

namespace mq::sql {

namespace {

constexpr size_t kMaxText = 16 << 10;
constexpr int kMaxDepth = 200;
constexpr size_t kMaxNames = 64;

enum class Op : uint8_t {
  kConstant, kProperty, kEqual, kGreater, kGreaterEqual, kLess, kLessEqual, kAnd, kOr, kNot, kBooleanCast, kNegate,
  kIn, kNotIn, kContains, kNotContains, kStartsWith, kNotStartsWith, kEndsWith, kNotEndsWith,
};

/// One node of the tree; children are indices into the node list.
struct Node {
  Op op;
  int left = -1;
  int right = -1;
  Value value;                       // kConstant; text points into `texts` of the program
  int property = -1;                 // kProperty: index into `names`
  std::vector<std::string> words;    // kIn: the list; kContains...: the one text
};

/// What a node may stand for while compiling.
bool is_boolean(const Node& n) {
  switch (n.op) {
    case Op::kConstant: return n.value.index() <= 1;   // NULL, TRUE, FALSE
    case Op::kProperty: case Op::kNegate: return false;
    default: return true;
  }
}

class Program final : public Expression {
 public:
  bool matches(std::string_view properties) const noexcept override {
    std::array<std::string_view, kMaxNames> values{};
    PropertyReader reader(properties);
    std::string_view name, value;
    while (reader.next(name, value)) {
      for (size_t i = 0; i < names_.size(); ++i) if (names_[i] == name) values[i] = value;
    }
    bool failed = false;
    const Value v = evaluate(root_, values, failed);
    const bool* b = std::get_if<bool>(&v);
    return !failed && b && *b;
  }

 private:
  friend class Parser;
  using Values = std::array<std::string_view, kMaxNames>;

  Value evaluate(int index, const Values& values, bool& failed) const noexcept {
    if (failed) return {};
    const Node& n = nodes_[static_cast<size_t>(index)];
    switch (n.op) {
      case Op::kConstant: return n.value;
      case Op::kProperty: {
        const std::string_view v = values[static_cast<size_t>(n.property)];
        return v.data() ? Value(v) : Value();
      }
      case Op::kEqual: return equal(n, values, failed);
      case Op::kGreater: case Op::kGreaterEqual: case Op::kLess: case Op::kLessEqual: return ordered(n, values, failed);
      case Op::kAnd: case Op::kOr: return logic(n, values, failed);
      case Op::kNot: return negation(n, values, failed);
      case Op::kBooleanCast: {
        const Value v = evaluate(n.left, values, failed);
        if (is_null(v)) return {};
        return std::holds_alternative<bool>(v) && std::get<bool>(v);
      }
      case Op::kNegate: {
        const Value v = evaluate(n.left, values, failed);
        if (const auto* i = std::get_if<int32_t>(&v)) return static_cast<int32_t>(0u - static_cast<uint32_t>(*i));
        if (const auto* l = std::get_if<int64_t>(&v)) return static_cast<int64_t>(0ull - static_cast<uint64_t>(*l));
        if (const auto* d = std::get_if<double>(&v)) return -*d;
        return {};
      }
      case Op::kIn: case Op::kNotIn: {
        const Value v = evaluate(n.left, values, failed);
        if (is_null(v)) return {};
        for (const std::string& w : n.words) if (w == std::get<std::string_view>(v)) return n.op == Op::kIn;
        return n.op == Op::kNotIn;
      }
      default: return search(n, values, failed);
    }
  }

  /// QUIRK: NULL = NULL is TRUE; NULL = x is NULL; x = NULL is FALSE.
  Value equal(const Node& n, const Values& values, bool& failed) const noexcept {
    const Value l = evaluate(n.left, values, failed);
    const Value r = evaluate(n.right, values, failed);
    if (is_null(l)) return is_null(r) ? Value(true) : Value();
    if (is_null(r)) return false;
    const auto c = compare(l, r);
    if (!c) failed = true;
    return c && *c == 0;
  }

  Value ordered(const Node& n, const Values& values, bool& failed) const noexcept {
    const Value l = evaluate(n.left, values, failed);
    if (is_null(l)) return {};
    const Value r = evaluate(n.right, values, failed);
    if (is_null(r)) return {};
    const auto c = compare_ordered(l, r);
    if (!c) {
      failed = true;
      return {};
    }
    switch (n.op) {
      case Op::kGreater: return *c > 0;
      case Op::kGreaterEqual: return *c >= 0;
      case Op::kLess: return *c < 0;
      default: return *c <= 0;
    }
  }

  Value logic(const Node& n, const Values& values, bool& failed) const noexcept {
    const bool decides = n.op == Op::kOr;   // the value that ends it
    const Value l = evaluate(n.left, values, failed);
    if (const bool* b = std::get_if<bool>(&l); b && *b == decides) return decides;
    const Value r = evaluate(n.right, values, failed);
    if (const bool* b = std::get_if<bool>(&r); b && *b == decides) return decides;
    if (is_null(l) || is_null(r)) return {};
    return !decides;
  }

  Value negation(const Node& n, const Values& values, bool& failed) const noexcept {
    const Value v = evaluate(n.left, values, failed);
    if (is_null(v)) return {};
    const bool* b = std::get_if<bool>(&v);
    if (!b) {
      failed = true;
      return {};
    }
    return !*b;
  }

  Value search(const Node& n, const Values& values, bool& failed) const noexcept {
    const Value v = evaluate(n.left, values, failed);
    const auto* text = std::get_if<std::string_view>(&v);
    const std::string& word = n.words.front();
    if (!text || text->empty() || word.empty()) return false;
    switch (n.op) {
      case Op::kContains: return text->find(word) != std::string_view::npos;
      case Op::kNotContains: return text->find(word) == std::string_view::npos;
      case Op::kStartsWith: return text->starts_with(word);
      case Op::kNotStartsWith: return !text->starts_with(word);
      case Op::kEndsWith: return text->ends_with(word);
      default: return !text->ends_with(word);
    }
  }

  std::vector<Node> nodes_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<std::string>> texts_;   // what string constants point to
  int root_ = -1;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<std::shared_ptr<const Expression>> run() {
    MQ_TRY_VOID(advance());
    MQ_TRY(const int root, parse_or(0));
    MQ_TRY(program_->root_, as_boolean(root));
    return program_;
  }

 private:
  Node& node(int i) { return program_->nodes_[static_cast<size_t>(i)]; }
  int add(Node n) {
    program_->nodes_.push_back(std::move(n));
    return static_cast<int>(program_->nodes_.size()) - 1;
  }
  Result<> advance() {
    MQ_TRY(current_, lexer_.next());
    return {};
  }
  bool at(Token t) const { return current_.token == t; }
  Failure bad(std::string_view what) const {
    const std::string got = current_.token == Token::kEnd ? "the end" : "\"" + std::string(current_.text) + "\"";
    return fail(Errc::kInvalid, std::string(what) + ", got " + got + " at column " + std::to_string(current_.at + 1));
  }
  Result<> expect(Token t, std::string_view what) {
    if (!at(t)) return bad(std::string("expected ") + std::string(what));
    return advance();
  }

  // --- grammar --------------------------------------------------------------------------------------------------------

  Result<int> parse_or(int depth) {
    MQ_TRY(int left, parse_and(depth));
    while (at(Token::kOr)) {
      MQ_TRY_VOID(advance());
      MQ_TRY(const int right, parse_and(depth));
      MQ_TRY(left, logic(Op::kOr, left, right));
    }
    return left;
  }

  Result<int> parse_and(int depth) {
    MQ_TRY(int left, parse_equality(depth));
    while (at(Token::kAnd)) {
      MQ_TRY_VOID(advance());
      MQ_TRY(const int right, parse_equality(depth));
      MQ_TRY(left, logic(Op::kAnd, left, right));
    }
    return left;
  }

  Result<int> parse_equality(int depth) {
    MQ_TRY(int left, parse_comparison(depth));
    while (at(Token::kEqual) || at(Token::kNotEqual) || at(Token::kIs)) {
      const Token token = current_.token;
      MQ_TRY_VOID(advance());
      bool negate = token == Token::kNotEqual;
      int right;
      if (token == Token::kIs) {
        if (at(Token::kNot)) {
          negate = true;
          MQ_TRY_VOID(advance());
        }
        MQ_TRY_VOID(expect(Token::kNull, "NULL"));
        right = add({.op = Op::kConstant});
      } else {
        MQ_TRY(right, parse_comparison(depth));
        MQ_TRY_VOID(check_equal(left, right));
      }
      left = add({.op = Op::kEqual, .left = left, .right = right});
      if (negate) left = add({.op = Op::kNot, .left = left});
    }
    return left;
  }

  Result<int> parse_comparison(int depth) {
    MQ_TRY(int left, parse_unary(depth));
    for (;;) {
      switch (current_.token) {
        case Token::kGreater: { MQ_TRY(left, ordered(Op::kGreater, left, depth)); break; }
        case Token::kGreaterEqual: { MQ_TRY(left, ordered(Op::kGreaterEqual, left, depth)); break; }
        case Token::kLess: { MQ_TRY(left, ordered(Op::kLess, left, depth)); break; }
        case Token::kLessEqual: { MQ_TRY(left, ordered(Op::kLessEqual, left, depth)); break; }
        case Token::kContains: case Token::kStartsWith: case Token::kEndsWith: case Token::kBetween: case Token::kIn: {
          MQ_TRY(left, predicate(left, false, depth));
          break;
        }
        case Token::kNot: {
          MQ_TRY_VOID(advance());
          MQ_TRY(left, predicate(left, true, depth));
          break;
        }
        default: return left;
      }
    }
  }

  Result<int> predicate(int left, bool negated, int depth) {
    const Token token = current_.token;
    switch (token) {
      case Token::kBetween: MQ_TRY_VOID(advance()); return between(left, negated, depth);
      case Token::kIn: MQ_TRY_VOID(advance()); return in_list(left, negated);
      case Token::kContains: case Token::kStartsWith: case Token::kEndsWith: {
        MQ_TRY_VOID(advance());
        if (!at(Token::kString)) return bad("expected a string");
        const Op op = token == Token::kContains     ? (negated ? Op::kNotContains : Op::kContains)
                      : token == Token::kStartsWith ? (negated ? Op::kNotStartsWith : Op::kStartsWith)
                                                    : (negated ? Op::kNotEndsWith : Op::kEndsWith);
        Node n{.op = op, .left = left};
        n.words.push_back(unquote(current_.text));
        MQ_TRY_VOID(advance());
        return add(std::move(n));
      }
      default: return bad("expected BETWEEN, IN, CONTAINS, STARTSWITH or ENDSWITH");
    }
  }

  Result<int> between(int value, bool negated, int depth) {
    MQ_TRY(const int low, parse_unary(depth));
    MQ_TRY_VOID(expect(Token::kAnd, "AND"));
    MQ_TRY(const int high, parse_unary(depth));
    if (node(low).op == Op::kConstant && node(high).op == Op::kConstant) {
      const Value &l = node(low).value, &h = node(high).value;
      if (is_null(l) || is_null(h)) return bad("the bounds of BETWEEN can not be NULL");
      const auto c = compare(h, l);
      if (!c || *c < 0) return bad("the lower bound of BETWEEN must not be above the upper one");
    }
    for (int operand : {value, low, high}) MQ_TRY_VOID(check_ordered(operand));
    const int a = add({.op = negated ? Op::kLess : Op::kGreaterEqual, .left = value, .right = low});
    const int b = add({.op = negated ? Op::kGreater : Op::kLessEqual, .left = value, .right = high});
    return add({.op = negated ? Op::kOr : Op::kAnd, .left = a, .right = b});
  }

  Result<int> in_list(int left, bool negated) {
    if (node(left).op != Op::kProperty) return bad("expected a property before IN");
    Node n{.op = negated ? Op::kNotIn : Op::kIn, .left = left};
    MQ_TRY_VOID(expect(Token::kOpen, "("));
    for (;;) {
      if (!at(Token::kString)) return bad("expected a string");
      n.words.push_back(unquote(current_.text));
      MQ_TRY_VOID(advance());
      if (!at(Token::kComma)) break;
      MQ_TRY_VOID(advance());
    }
    MQ_TRY_VOID(expect(Token::kClose, ")"));
    return add(std::move(n));
  }

  Result<int> parse_unary(int depth) {
    if (depth > kMaxDepth) return bad("the expression is nested too deeply");
    switch (current_.token) {
      case Token::kPlus: MQ_TRY_VOID(advance()); return parse_unary(depth + 1);
      case Token::kMinus: {
        MQ_TRY_VOID(advance());
        MQ_TRY(const int operand, parse_unary(depth + 1));
        return add({.op = Op::kNegate, .left = operand});
      }
      case Token::kNot: {
        MQ_TRY_VOID(advance());
        MQ_TRY(const int operand, parse_unary(depth + 1));
        MQ_TRY(const int boolean, as_boolean(operand));
        return add({.op = Op::kNot, .left = boolean});
      }
      case Token::kOpen: {
        MQ_TRY_VOID(advance());
        MQ_TRY(const int inner, parse_or(depth + 1));
        MQ_TRY_VOID(expect(Token::kClose, ")"));
        return inner;
      }
      default: return parse_primary();
    }
  }

  Result<int> parse_primary() {
    Node n{.op = Op::kConstant};
    switch (current_.token) {
      case Token::kTrue: n.value = true; break;
      case Token::kFalse: n.value = false; break;
      case Token::kNull: break;
      case Token::kString:
        program_->texts_.push_back(std::make_unique<std::string>(unquote(current_.text)));
        n.value = std::string_view(*program_->texts_.back());
        break;
      case Token::kDecimal: { MQ_TRY(n.value, decimal()); break; }
      case Token::kFloat: { MQ_TRY(n.value, real()); break; }
      case Token::kIdentifier: {
        n.op = Op::kProperty;
        MQ_TRY(n.property, property(current_.text));
        break;
      }
      default: return bad("expected a value, a property or (");
    }
    const int index = add(std::move(n));
    MQ_TRY_VOID(advance());
    return index;
  }

  Result<Value> decimal() {
    std::string_view t = current_.text;
    if (t.back() == 'l' || t.back() == 'L') t.remove_suffix(1);
    int64_t v = 0;
    const auto [end, ec] = std::from_chars(t.data(), t.data() + t.size(), v);
    if (ec != std::errc() || end != t.data() + t.size()) return bad("the number is outside the range of a long");
    if (v <= std::numeric_limits<int32_t>::max()) return Value(static_cast<int32_t>(v));
    return Value(v);
  }

  /// QUIRK: a value below Double.MIN_VALUE is refused, and that includes 0.0.
  Result<Value> real() {
    const auto v = java_double(current_.text);
    if (!v || *v > std::numeric_limits<double>::max()) return bad("the number is above Double.MAX_VALUE");
    if (*v < std::numeric_limits<double>::denorm_min()) return bad("the number is below Double.MIN_VALUE");
    return Value(*v);
  }

  Result<int> property(std::string_view name) {
    auto& names = program_->names_;
    for (size_t i = 0; i < names.size(); ++i) if (names[i] == name) return static_cast<int>(i);
    if (names.size() == kMaxNames) return bad("more than 64 different properties");
    names.emplace_back(name);
    return static_cast<int>(names.size()) - 1;
  }

  // --- what Java refuses while it builds the tree ---------------------------------------------------------------------------

  Result<int> ordered(Op op, int left, int depth) {
    MQ_TRY_VOID(advance());
    MQ_TRY(const int right, parse_unary(depth));
    MQ_TRY_VOID(check_ordered(left));
    MQ_TRY_VOID(check_ordered(right));
    return add({.op = op, .left = left, .right = right});
  }

  Result<int> logic(Op op, int left, int right) {
    MQ_TRY(const int l, as_boolean(left));
    MQ_TRY(const int r, as_boolean(right));
    return add({.op = op, .left = l, .right = r});
  }

  Result<int> as_boolean(int index) {
    if (is_boolean(node(index))) return index;
    if (node(index).op == Op::kProperty) return add({.op = Op::kBooleanCast, .left = index});
    return bad("the expression will not result in a boolean value");
  }

  Result<> check_ordered(int index) {
    const Node& n = node(index);
    const bool number = n.op == Op::kConstant ? n.value.index() >= 2 && n.value.index() <= 4 : !is_boolean(n);
    if (!number) return bad("a string or boolean can not be compared with < > <= >= BETWEEN");
    return {};
  }

  Result<> check_equal(int left, int right) {
    const Node &l = node(left), &r = node(right);
    for (const Node* n : {&l, &r}) {
      if (n->op == Op::kConstant && is_null(n->value)) return bad("NULL can not be compared with = or <>, use IS NULL");
    }
    if (l.op == Op::kConstant && r.op == Op::kConstant && l.value.index() == 1 && r.value.index() != 1) {
      return bad("a boolean can not be compared with a value of another type");
    }
    return {};
  }

  Lexer lexer_;
  Lexeme current_;
  std::shared_ptr<Program> program_ = std::make_shared<Program>();
};

}  // namespace

Result<std::shared_ptr<const Expression>> Expression::compile(std::string_view text) {
  if (text.size() > kMaxText) return fail(Errc::kTooLarge, "the expression is longer than 16 KiB");
  return Parser(text).run();
}

}  // namespace mq::sql
