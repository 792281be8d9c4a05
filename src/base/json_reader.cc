// The lenient reader of json.h: what fastjson 1.2.83 takes (spec protocol 1.3, 10.1).
#include <cstdlib>

#include "base/json.h"
#include "base/numbers.h"
#include "base/utf8.h"

namespace mq {

namespace {

constexpr int kMaxDepth = 512;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Json> run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    MQ_TRY(Json value, read_value(0));
    MQ_TRY_VOID(skip_blanks());
    if (at_ != text_.size()) return bad("something stands behind the value");
    return value;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  Failure bad(std::string_view what) const { return fail(Errc::kCorrupt, "JSON: " + std::string(what) + " at byte " + std::to_string(at_)); }

  Result<> skip_blanks() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\b') continue;
      if (c != '/' || at_ + 1 >= text_.size()) break;
      if (text_[at_ + 1] == '/') {
        at_ = std::min(text_.find('\n', at_), text_.size() - 1);
      } else if (text_[at_ + 1] == '*') {
        const size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return bad("a comment is not closed");
        at_ = end + 1;
      } else {
        break;
      }
    }
    return {};
  }

  Result<Json> read_value(int depth) {
    if (depth > kMaxDepth) return bad("nested too deeply");
    MQ_TRY_VOID(skip_blanks());
    const char c = peek();
    if (c == '{') return read_object(depth);
    if (c == '[') return read_array(depth);
    if (c == '"' || c == '\'') {
      MQ_TRY(std::string s, read_string());
      return Json(std::move(s));
    }
    if (c == '-' || c == '+' || c == '.' || (c >= '0' && c <= '9')) return read_number();
    const std::string_view word = read_word();
    if (word == "true") return Json(true);
    if (word == "false") return Json(false);
    if (word == "null" || word == "undefined") return Json();
    if (word == "NaN") return Json();
    return bad(at_ >= text_.size() ? "the text ends early" : "an unknown word");
  }

  Result<Json> read_object(int depth) {
    ++at_;
    Json object = Json::object();
    for (;;) {
      MQ_TRY_VOID(skip_blanks());
      while (take(',')) MQ_TRY_VOID(skip_blanks());
      if (take('}')) return object;
      MQ_TRY(Json key, read_key(depth));
      MQ_TRY_VOID(skip_blanks());
      if (!take(':')) return bad("expected : behind a key");
      MQ_TRY(Json value, read_value(depth + 1));
      object.add(std::move(key), std::move(value));
      MQ_TRY_VOID(skip_blanks());
      if (peek() != ',' && peek() != '}') return bad("expected , or } in an object");
    }
  }

  Result<Json> read_key(int depth) {
    const char c = peek();
    if (c == '"' || c == '\'') {
      MQ_TRY(std::string s, read_string());
      return Json(std::move(s));
    }
    if (c == '{' || c == '[') return read_value(depth + 1);
    if (c == '-' || (c >= '0' && c <= '9')) return read_number();
    const std::string_view word = read_word();
    if (word.empty()) return bad("expected a key");
    return Json(word);
  }

  Result<Json> read_array(int depth) {
    ++at_;
    Json array = Json::array();
    for (;;) {
      MQ_TRY_VOID(skip_blanks());
      while (take(',')) MQ_TRY_VOID(skip_blanks());
      if (take(']')) return array;
      MQ_TRY(Json value, read_value(depth + 1));
      array.push(std::move(value));
      MQ_TRY_VOID(skip_blanks());
      if (peek() != ',' && peek() != ']') return bad("expected , or ] in an array");
    }
  }

  std::string_view read_word() {
    const size_t from = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || static_cast<signed char>(c) < 0;
      if (!part) break;
      ++at_;
    }
    return text_.substr(from, at_ - from);
  }

  Result<Json> read_number() {
    const size_t from = at_;
    bool real = false;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '.' || c == 'e' || c == 'E') real = true;
      else if (!((c >= '0' && c <= '9') || c == '-' || c == '+')) break;
      ++at_;
    }
    const std::string_view t = text_.substr(from, at_ - from);
    if (at_ < text_.size() && std::string_view("LSBFD").find(text_[at_]) != std::string_view::npos) ++at_;   // fastjson's type suffix
    if (!real) {
      if (const auto i = parse_int64(t)) return Json(*i);
    }
    const auto d = parse_double(t);
    if (!d) return bad("a malformed number");
    return Json(*d);
  }

  Result<std::string> read_string() {
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == quote) return out;
      if (c != '\\') {
        out += c;
        continue;
      }
      if (at_ >= text_.size()) break;
      MQ_TRY_VOID(read_escape(out));
    }
    return bad("a string is not closed");
  }

  Result<> read_escape(std::string& out) {
    const char c = text_[at_++];
    switch (c) {
      case 'b': out += '\b'; return {};
      case 't': out += '\t'; return {};
      case 'n': out += '\n'; return {};
      case 'f': case 'F': out += '\f'; return {};
      case 'r': out += '\r'; return {};
      case 'v': out += '\v'; return {};
      case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': out += static_cast<char>(c - '0'); return {};
      case 'x': {
        MQ_TRY(const uint32_t v, read_hex(2));
        append_utf8(out, v);
        return {};
      }
      case 'u': {
        MQ_TRY(uint32_t v, read_hex(4));
        if (v >= 0xD800 && v < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
          const size_t back = at_;
          at_ += 2;
          MQ_TRY(const uint32_t low, read_hex(4));
          if (low >= 0xDC00 && low < 0xE000) v = 0x10000 + ((v - 0xD800) << 10) + (low - 0xDC00);
          else at_ = back;
        }
        append_utf8(out, v >= 0xD800 && v < 0xE000 ? '?' : v);   // Java writes a lone surrogate as '?'
        return {};
      }
      default: out += c; return {};   // \" \\ \/ \' and unknown ones
    }
  }

  Result<uint32_t> read_hex(size_t digits) {
    uint32_t v = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
      const char c = peek();
      uint32_t d;
      if (c >= '0' && c <= '9') d = static_cast<uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f') d = static_cast<uint32_t>(c - 'a') + 10;
      else if (c >= 'A' && c <= 'F') d = static_cast<uint32_t>(c - 'A') + 10;
      else return bad("a malformed escape");
      v = v << 4 | d;
    }
    return v;
  }

  static void append_utf8(std::string& out, uint32_t v) {
    if (v < 0x80) {
      out += static_cast<char>(v);
    } else if (v < 0x800) {
      out += static_cast<char>(0xC0 | v >> 6);
      out += static_cast<char>(0x80 | (v & 63));
    } else if (v < 0x10000) {
      out += static_cast<char>(0xE0 | v >> 12);
      out += static_cast<char>(0x80 | (v >> 6 & 63));
      out += static_cast<char>(0x80 | (v & 63));
    } else {
      out += static_cast<char>(0xF0 | v >> 18);
      out += static_cast<char>(0x80 | (v >> 12 & 63));
      out += static_cast<char>(0x80 | (v >> 6 & 63));
      out += static_cast<char>(0x80 | (v & 63));
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<Json> parse_json(std::string_view text) {
  if (is_utf8(text)) [[likely]] return Reader(text).run();
  ByteBuffer repaired;   // Java makes a String of the bytes first
  append_repaired(repaired, text);
  return Reader(repaired.text()).run();
}

}  // namespace mq
