// The JSON header (type 0), read as leniently as fastjson 1.2.83 reads it into Java's RemotingCommand.
//
// One pass. Strings become views into the input; only a string with a backslash is copied, into frame.scratch. The
// common form, `"key":"value",` without blanks, takes the first branch everywhere; whatever else fastjson accepts
// (blanks, comments, other quotes, bare keys, surplus commas, numbers in place of text) goes through the slow functions.
#include <charconv>
#include <cmath>

#include "base/utf8.h"
#include "wire/codec_internal.h"
#include "wire/json_escape.h"
#include "wire/json_scan.h"

namespace mq::wire::internal {
namespace {

constexpr int kMaxDepth = 512;
constexpr uint8_t kNoLanguage = 255;

enum class Key : uint8_t { kCode, kLanguage, kVersion, kOpaque, kFlag, kRemark, kExtFields, kOther };

constexpr std::pair<std::string_view, Key> kKeys[] = {
    {"code", Key::kCode}, {"language", Key::kLanguage}, {"version", Key::kVersion},     {"opaque", Key::kOpaque},
    {"flag", Key::kFlag}, {"remark", Key::kRemark},     {"extFields", Key::kExtFields},
};

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// fastjson's "smart match": case, `_` and `-` do not count.
bool smart_equal(std::string_view given, std::string_view name) noexcept {
  size_t i = 0;
  for (char c : given) {
    if (c == '_' || c == '-') continue;
    if (i == name.size() || lower(c) != lower(name[i])) return false;
    ++i;
  }
  return i == name.size();
}

Key key_of(std::string_view k) noexcept {
  const auto is = [&](const char* name) { return std::memcmp(k.data(), name, k.size()) == 0; };
  switch (k.size()) {
    case 4:
      if (is("code")) return Key::kCode;
      if (is("flag")) return Key::kFlag;
      break;
    case 6:
      if (is("opaque")) return Key::kOpaque;
      if (is("remark")) return Key::kRemark;
      break;
    case 7:
      if (is("version")) return Key::kVersion;
      break;
    case 8:
      if (is("language")) return Key::kLanguage;
      break;
    case 9:
      if (is("extFields")) return Key::kExtFields;
      break;
    case 23:
      if (is("serializeTypeCurrentRPC")) return Key::kOther;   // the type byte of the frame counts
      break;
    default: break;
  }
  for (const auto& [name, key] : kKeys) {
    if (smart_equal(k, name)) return key;
  }
  return Key::kOther;
}

constexpr bool is_blank(char c) noexcept { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_name_start(char c) noexcept { return (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || c == '$'; }

/// A value of the header as it was written.
struct Value {
  enum class Kind : uint8_t { kString, kNumber, kTrue, kFalse, kNull, kNested } kind = Kind::kNull;
  std::string_view text;   // kString: unescaped; kNumber, kNested: the source text
};

class Parser {
 public:
  Parser(std::string_view text, const char* readable, Frame& out)
      : begin_(text.data()), p_(begin_), end_(begin_ + text.size()), readable_(readable), scan_(begin_, end_, readable), out_(out) {}

  bool run() {
    if (end_ - p_ >= 3 && std::string_view(p_, 3) == "\xEF\xBB\xBF") p_ += 3;
    if (!expect('{')) return bad("an object is needed");
    if (!members([this](std::string_view key) { return member(key); }, [] {})) return false;
    blanks();
    scan_.finish();
    return p_ == end_ || bad("text follows the object");
  }

  bool saw_non_ascii() const noexcept { return scan_.saw_non_ascii(); }
  Failure failure() const {
    return fail(Errc::kCorrupt, std::string("JSON header: ") + why_ + " at byte " + std::to_string(p_ - begin_));
  }

 private:
  bool bad(const char* why) noexcept {
    if (!why_) why_ = why;
    return false;
  }

  // ---- between the tokens ----

  /// Blanks, control characters and comments.
  void blanks() noexcept {
    if (p_ < end_ && !is_blank(*p_) && *p_ != '/') [[likely]] return;
    while (p_ < end_) {
      if (is_blank(*p_)) {
        ++p_;
      } else if (*p_ == '/' && p_ + 1 < end_ && (p_[1] == '/' || p_[1] == '*')) {
        const std::string_view rest(p_ + 2, static_cast<size_t>(end_ - p_ - 2));
        const std::string_view close = p_[1] == '/' ? "\n" : "*/";
        const size_t at = rest.find(close);
        p_ = at == std::string_view::npos ? end_ : rest.data() + at + close.size();
        scan_.seek(p_);
      } else {
        break;
      }
    }
  }

  bool expect(char c) noexcept {
    if (p_ < end_ && *p_ == c) [[likely]] {
      ++p_;
      return true;
    }
    blanks();
    if (p_ == end_ || *p_ != c) return false;
    ++p_;
    return true;
  }

  /// The members of an object up to and with its closing brace; `take` reads the value of a key, `ahead` may read whole
  /// members at the start of one.
  template <class Take, class Ahead>
  bool members(Take take, Ahead ahead) {
    while (true) {
      ahead();
      if (p_ == end_ || *p_ != '"') [[unlikely]] {
        while (expect(',')) {}   // QUIRK: fastjson skips surplus commas, before, between and behind
        if (p_ < end_ && *p_ == '}') {
          ++p_;
          return true;
        }
      }
      std::string_view key;
      if (!read_key(key)) return false;
      if (!expect(':')) return bad("a colon is needed");
      if (!take(key)) return false;
      if (p_ < end_ && *p_ == ',') [[likely]] {
        ++p_;
        continue;
      }
      blanks();
      if (p_ == end_ || (*p_ != ',' && *p_ != '}')) return bad("a comma or closing brace is needed");
    }
  }

  bool read_key(std::string_view& key) {
    if (p_ < end_ && *p_ == '"') [[likely]] return quoted(key);
    blanks();
    if (p_ == end_) return bad("the object does not end");
    if (*p_ == '"') return quoted(key);
    if (*p_ == '\'') return single_quoted(key);
    if (!is_name_start(*p_)) return bad("a key is needed");
    const char* from = p_;
    while (p_ < end_ && (is_name_start(*p_) || is_digit(*p_))) ++p_;
    key = {from, static_cast<size_t>(p_ - from)};
    return true;
  }

  // ---- strings ----

  /// At a double quote. The scanner's next special character is that quote.
  bool quoted(std::string_view& s) {
    scan_.take();
    const char* from = p_ + 1;
    const char* q = scan_.take();
    if (q == end_) return bad("a string does not end");
    if (*q == '"') [[likely]] {
      s = {from, static_cast<size_t>(q - from)};
      p_ = q + 1;
      return true;
    }
    return escaped(s, from, q);
  }

  /// Room in scratch for all that this header can unescape to, which is no longer than the header, and for its decimals,
  /// which may grow by a few characters each.
  char* scratch() {
    if (!to_) {
      const size_t need = 2 * static_cast<size_t>(end_ - begin_) + 32;
      if (out_.scratch.size() < need) out_.scratch.resize(need);
      to_ = out_.scratch.data();
    }
    return to_;
  }

  bool escaped(std::string_view& s, const char* from, const char* slash) {
    char* const start = scratch();
    char* to = start;
    while (true) {
      to = copy_run(to, from, slash);
      if (slash == end_) return bad("a string does not end");
      if (*slash == '"') break;
      if (end_ - slash > 6 && slash[1] == 'u' && slash[2] == '0' && slash[3] == '0' && slash[4] < '8') [[likely]] {
        // The separators of properties, \u0001 and \u0002.
        const int high = hex_digit(slash[4]), low = hex_digit(slash[5]);
        if (high < 0 || low < 0) return bad("\\u needs four hexadecimal digits");
        *to++ = static_cast<char>(high << 4 | low);
        from = slash + 6;
        slash = scan_.take();
        continue;
      }
      const char* after = unescape(slash, to);
      if (!after) return false;
      if (slash[1] == '"' || slash[1] == '\\') scan_.take();
      // `\u` may have eaten a following `\u` of the same pair, whose backslash is the scanner's next.
      if (after - slash > 6) scan_.take();
      from = after;
      slash = scan_.take();
    }
    s = {start, static_cast<size_t>(to - start)};
    to_ = to;
    p_ = slash + 1;
    return true;
  }

  /// Copies [from, until) to `to`; scratch has the room to copy 16 bytes at a time.
  char* copy_run(char* to, const char* from, const char* until) const noexcept {
    const size_t run = static_cast<size_t>(until - from);
    if (static_cast<size_t>(readable_ - from) < run + 16) [[unlikely]] {
      std::memcpy(to, from, run);
    } else {
      for (size_t i = 0; i < run; i += 16) std::memcpy(to + i, from + i, 16);
    }
    return to + run;
  }

  const char* unescape(const char* slash, char*& to) noexcept { return unescape_json(slash, end_, to, why_); }

  bool single_quoted(std::string_view& s) {
    char* const start = scratch();
    char* to = start;
    const char* q = p_ + 1;
    while (q < end_ && *q != '\'') {
      if (*q != '\\') {
        *to++ = *q++;
      } else if (!(q = unescape(q, to))) {
        return false;
      }
    }
    if (q == end_) return bad("a string does not end");
    s = {start, static_cast<size_t>(to - start)};
    to_ = to;
    p_ = q + 1;
    scan_.seek(p_);
    return true;
  }

  // ---- values ----

  bool value(Value& v) {
    if (p_ < end_ && *p_ == '"') [[likely]] {
      v.kind = Value::Kind::kString;
      return quoted(v.text);
    }
    return other_value(v);
  }

  bool other_value(Value& v) {
    blanks();
    if (p_ == end_) return bad("a value is needed");
    const char c = *p_;
    if (c == '"' || c == '\'') {
      v.kind = Value::Kind::kString;
      return c == '"' ? quoted(v.text) : single_quoted(v.text);
    }
    if (is_digit(c) || c == '-' || c == '+' || c == '.') return number(v);
    if (c == '{' || c == '[') {
      const char* from = p_;
      if (!skip_nested()) return false;
      v.kind = Value::Kind::kNested;
      v.text = {from, static_cast<size_t>(p_ - from)};
      return true;
    }
    return word(v);
  }

  bool number(Value& v) noexcept {
    const char* from = p_;
    const auto digits = [this] {
      const char* first = p_;
      while (p_ < end_ && is_digit(*p_)) ++p_;
      return p_ > first;
    };
    if (*p_ == '-' || *p_ == '+') ++p_;
    bool any = digits();
    if (p_ < end_ && *p_ == '.') {
      ++p_;
      any |= digits();
    }
    if (!any) return bad("a number is needed");
    if (p_ < end_ && (*p_ == 'e' || *p_ == 'E')) {
      ++p_;
      if (p_ < end_ && (*p_ == '-' || *p_ == '+')) ++p_;
      if (!digits()) return bad("a number is needed");
    }
    v.kind = Value::Kind::kNumber;
    v.text = {from, static_cast<size_t>(p_ - from)};
    return true;
  }

  bool word(Value& v) noexcept {
    static constexpr std::pair<std::string_view, Value::Kind> kWords[] = {{"true", Value::Kind::kTrue},
                                                                          {"false", Value::Kind::kFalse},
                                                                          {"null", Value::Kind::kNull},
                                                                          {"undefined", Value::Kind::kNull}};
    const std::string_view rest(p_, static_cast<size_t>(end_ - p_));
    for (const auto& [text, kind] : kWords) {
      if (!rest.starts_with(text)) continue;
      p_ += text.size();
      v.kind = kind;
      return true;
    }
    return bad("a value is needed");
  }

  /// At an opening brace or bracket: goes behind the one that closes it. Keys may be anything, as in fastjson's maps.
  bool skip_nested() {
    char open[kMaxDepth];
    int depth = 0;
    do {
      blanks();
      if (p_ == end_) return bad("the object does not end");
      std::string_view ignored;
      switch (const char c = *p_) {
        case '{': case '[':
          if (depth == kMaxDepth) return bad("nested too deep");
          open[depth++] = c;
          ++p_;
          break;
        case '}': case ']':
          if (open[--depth] != (c == '}' ? '{' : '[')) return bad("brackets do not match");
          ++p_;
          break;
        case '"':
          if (!quoted(ignored)) return false;
          break;
        case '\'':
          if (!single_quoted(ignored)) return false;
          break;
        case '\\': return bad("a value is needed");
        default: ++p_;
      }
    } while (depth > 0);
    return true;
  }

  // ---- the members of a RemotingCommand ----

  bool member(std::string_view key) {
    const Key which = key_of(key);
    if (which == Key::kExtFields) return ext_fields();
    Value v;
    if (!value(v)) return false;
    switch (which) {
      case Key::kCode: return int_field(v, out_.code);
      case Key::kVersion: return int_field(v, out_.version);
      case Key::kFlag: return int_field(v, out_.flag);
      case Key::kOpaque: {
        bool given = true;
        if (!int_field(v, out_.opaque, &given)) return false;
        if (given) out_.has_opaque = true;
        return true;
      }
      case Key::kLanguage: return language(v);
      case Key::kRemark: out_.remark = as_string(v); return true;
      default: return true;
    }
  }

  bool ext_fields() {
    if (!expect('{')) {
      Value v;
      if (!other_value(v)) return false;
      if (v.kind != Value::Kind::kNull) return bad("extFields must be an object");
      out_.ext.clear();
      return true;
    }
    out_.ext.clear();   // of two extFields the later one counts
    out_.ext.set_present();
    return members(
        [this](std::string_view key) {
          Value v;
          if (!value(v)) return false;
          out_.ext.add(key, v.kind == Value::Kind::kString ? v.text : as_string(v));
          return true;
        },
        [this] { plain_ext_fields(); });
  }

  /// Takes members of the form `"key":"value",` as long as a member of that form is followed by another one, with all
  /// state in registers. Leaves off at the start of the first member that is not.
  void plain_ext_fields() {
    SpecialScanner scan = scan_;
    const char* p = p_;
    while (end_ - p > 8 && *p == '"') {
      SpecialScanner ahead = scan;
      ahead.take();
      const char* key_end = ahead.take();
      if (end_ - key_end < 5 || *key_end != '"' || key_end[1] != ':' || key_end[2] != '"') break;
      ahead.take();
      const char* value_end = ahead.take();
      if (end_ - value_end < 3 || *value_end != '"' || value_end[1] != ',') break;
      out_.ext.add({p + 1, static_cast<size_t>(key_end - p - 1)}, {key_end + 3, static_cast<size_t>(value_end - key_end - 3)});
      p = value_end + 2;
      scan = ahead;
    }
    p_ = p;
    scan_ = scan;
  }

  /// Numbers and booleans become text.
  std::string_view as_string(const Value& v) {
    switch (v.kind) {
      case Value::Kind::kTrue: return "true";
      case Value::Kind::kFalse: return "false";
      case Value::Kind::kNull: return {};
      case Value::Kind::kNumber:
        if (v.text.find_first_of(".eE") != std::string_view::npos) return decimal(v.text);
        return v.text;
      default: return v.text;
    }
  }

  /// 1e3 as BigDecimal prints it, "1E+3".
  std::string_view decimal(std::string_view text) {
    std::string s;
    append_big_decimal(s, text);
    char* const start = scratch();
    if (out_.scratch.data() + out_.scratch.size() < start + s.size()) return text;
    std::memcpy(start, s.data(), s.size());
    to_ = start + s.size();
    return {start, s.size()};
  }

  /// An int of the bean. null and "" leave what is there; `given` then becomes false.
  bool int_field(const Value& v, int32_t& to, bool* given = nullptr) noexcept {
    switch (v.kind) {
      case Value::Kind::kTrue: to = 1; return true;
      case Value::Kind::kFalse: to = 0; return true;
      case Value::Kind::kNested: return bad("a number is needed");
      case Value::Kind::kNull: break;
      case Value::Kind::kNumber: return number_text(v.text, to);
      case Value::Kind::kString:
        if (!v.text.empty() && v.text != "null" && v.text != "NULL") return number_text(v.text, to);
    }
    if (given) *given = false;
    return true;
  }

  bool number_text(std::string_view t, int32_t& to) noexcept {
    if (t.size() <= 9) {   // cannot overflow
      int32_t v = 0;
      size_t i = 0;
      while (i < t.size() && is_digit(t[i])) v = v * 10 + (t[i++] - '0');
      if (i == t.size() && i > 0) [[likely]] return to = v, true;
    }
    if (t.size() > 1 && t[0] == '+' && is_digit(t[1])) t.remove_prefix(1);
    const char* last = t.data() + t.size();
    auto [end, ec] = std::from_chars(t.data(), last, to);
    if (ec == std::errc() && end == last) return true;
    double d = 0;   // 105.0 and 1e2 count as the whole number before the point
    auto [dend, dec] = std::from_chars(t.data(), last, d);
    if (dec != std::errc() || dend != last || !(std::abs(d) <= INT32_MAX)) return bad("an int32 is needed");
    to = static_cast<int32_t>(d);
    return true;
  }

  bool language(const Value& v) noexcept {
    switch (v.kind) {
      case Value::Kind::kString: out_.language = language_ordinal(v.text).value_or(kNoLanguage); return true;
      case Value::Kind::kNull: out_.language = kNoLanguage; return true;
      case Value::Kind::kNumber: {
        int32_t n = 0;
        if (!number_text(v.text, n)) return false;
        if (n < 0 || n > 255 || language_name(static_cast<uint8_t>(n)).empty()) return bad("no such language");
        out_.language = static_cast<uint8_t>(n);
        return true;
      }
      default: return bad("a language is needed");
    }
  }

  const char* begin_;
  const char* p_;
  const char* end_;
  const char* readable_;
  SpecialScanner scan_;
  Frame& out_;
  char* to_ = nullptr;           // next free byte of scratch
  const char* why_ = nullptr;
};

}  // namespace

Result<> decode_json_header(ByteView header, const std::byte* readable, Frame& out) {
  reset_head(out);
  out.has_opaque = false;
  Parser parser(as_text(header), reinterpret_cast<const char*>(readable), out);
  if (!parser.run()) [[unlikely]] return parser.failure();
  // fastjson decodes strictly: malformed UTF-8 closes the connection (in a ROCKETMQ header it becomes U+FFFD).
  if (parser.saw_non_ascii() && !is_utf8(as_text(header))) [[unlikely]] return fail(Errc::kCorrupt, "JSON header: malformed UTF-8");
  return {};
}

}  // namespace mq::wire::internal
