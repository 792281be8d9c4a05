// The writer of json.h: fastjson 1.2.83's output, its odd map forms included (spec protocol 10.1, storage 2.13.1).
#include "base/json.h"
#include "base/numbers.h"
#include "base/utf8.h"

namespace mq {

namespace {

constexpr int64_t kSafeInteger = 9007199254740991;   // browser form: larger ones are written as text

void append_u(std::string& out, uint32_t unit) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[unit >> shift & 15];
}

class Writer {
 public:
  explicit Writer(JsonStyle style) : style_(style) {}

  void write(const Json& v) {
    switch (v.kind()) {
      case Json::Kind::kNull: out += "null"; break;
      case Json::Kind::kBool: out += v.as_bool() ? "true" : "false"; break;
      case Json::Kind::kInt: write_int(v.as_int()); break;
      case Json::Kind::kDouble: out += java_double_text(v.as_double()); break;
      case Json::Kind::kString: append_quoted(out, v.as_string(), style_.browser); break;
      case Json::Kind::kArray: write_array(v); break;
      case Json::Kind::kObject: write_object(v); break;
    }
  }

  std::string out;

 private:
  void write_int(int64_t i) {
    const bool quoted = style_.browser && (i > kSafeInteger || i < -kSafeInteger);
    if (quoted) out += '"';
    out += std::to_string(i);
    if (quoted) out += '"';
  }

  void new_line() {
    out += '\n';
    out.append(static_cast<size_t>(indent_), '\t');
  }

  /// Pretty: strings and numbers stay on one line, objects get a line each.
  void write_array(const Json& v) {
    const bool lines = style_.pretty && !v.items().empty() && v.items().front().kind() >= Json::Kind::kArray;
    out += '[';
    if (lines) ++indent_;
    bool first = true;
    for (const Json& item : v.items()) {
      if (!first) out += ',';
      first = false;
      if (lines) new_line();
      write(item);
    }
    if (lines) {
      --indent_;
      new_line();
    }
    out += ']';
  }

  /// QUIRK: in the pretty form members with a key that is no string start no line of their own, but the closing brace does.
  void write_object(const Json& v) {
    out += '{';
    ++indent_;
    bool first = true;
    for (const auto& [key, value] : v.members()) {
      if (value.is_null()) continue;
      if (!first) out += ',';
      first = false;
      if (key.is_string()) {
        if (style_.pretty) new_line();
        append_quoted(out, key.as_string(), style_.browser);
      } else if (style_.browser) {
        append_quoted(out, to_text(key), true);
      } else {
        write(key);
      }
      out += ':';
      write(value);
    }
    --indent_;
    if (style_.pretty && !first) new_line();
    out += '}';
  }

  JsonStyle style_;
  int indent_ = 0;
};

}  // namespace

void append_quoted(std::string& out, std::string_view text, bool browser) {
  out += '"';
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      // What is malformed becomes U+FFFD: its bytes would swallow the quote behind them in a reader's eyes.
      std::string_view rest = text.substr(i);
      size_t bad = 0;
      const char32_t point = next_code_point(rest, bad);
      i = text.size() - rest.size();
      if (browser || point == 0x2028 || point == 0x2029) {
        if (point >= 0x10000) {
          append_u(out, 0xD800 + ((point - 0x10000) >> 10));
          append_u(out, 0xDC00 + ((point - 0x10000) & 0x3FF));
        } else {
          append_u(out, point);
        }
      } else {
        char bytes[4];
        out.append(bytes, static_cast<size_t>(put_utf8(bytes, point) - bytes));
      }
      continue;
    }
    ++i;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\f': out += "\\f"; break;
      case '\r': out += "\\r"; break;
      case '/':
        if (browser && out.back() == '<') out += '\\';
        out += '/';
        break;
      default:
        if (c < 0x20) append_u(out, c);
        else out += static_cast<char>(c);
    }
  }
  out += '"';
}

std::string to_text(const Json& value, JsonStyle style) {
  Writer w(style);
  w.write(value);
  return std::move(w.out);
}

}  // namespace mq
