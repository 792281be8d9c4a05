#include "base/properties_file.h"

namespace mq {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }

/// Joins natural lines into logical ones and cuts keys from values, byte by byte as Properties.load does.
class PropertiesReader {
 public:
  explicit PropertiesReader(std::string_view text) : text_(text) {}

  Result<std::vector<PropertyLine>> run() {
    bool bom = false;
    if (text_.starts_with("\xEF\xBB\xBF")) {
      text_.remove_prefix(3);
      bom = true;
    }
    while (next_line()) {
      MQ_TRY(PropertyLine one, split());
      if (bom) note(one, "a byte order mark in front of the key removed");
      bom = false;
      lines_.push_back(std::move(one));
    }
    return std::move(lines_);
  }

 private:
  static void note(PropertyLine& line, std::string_view what) {
    if (!line.repaired.empty()) line.repaired += ", ";
    line.repaired += what;
  }

  /// The next logical line that is neither blank nor a comment, in `line_`.
  bool next_line() {
    line_.clear();
    bool continued = false;
    while (at_ < text_.size()) {
      size_t end = text_.find_first_of("\r\n", at_);
      if (end == std::string_view::npos) end = text_.size();
      std::string_view natural = text_.substr(at_, end - at_);
      ++number_;
      at_ = end;
      if (at_ < text_.size() && text_[at_] == '\r') ++at_, at_ += at_ < text_.size() && text_[at_] == '\n';
      else if (at_ < text_.size()) ++at_;
      while (!natural.empty() && is_blank(natural.front())) natural.remove_prefix(1);
      if (!continued) {
        if (natural.empty() || natural.front() == '#' || natural.front() == '!') continue;
        first_ = number_;
      }
      size_t slashes = 0;
      while (slashes < natural.size() && natural[natural.size() - 1 - slashes] == '\\') ++slashes;
      continued = slashes % 2 == 1;
      if (continued) natural.remove_suffix(1);
      line_ += natural;
      if (!continued) return true;
    }
    return !line_.empty();
  }

  Result<PropertyLine> split() {
    size_t key_end = 0;
    while (key_end < line_.size() && !is_blank(line_[key_end]) && line_[key_end] != '=' && line_[key_end] != ':') {
      if (line_[key_end] == '\\') ++key_end;
      ++key_end;
    }
    key_end = std::min(key_end, line_.size());
    size_t value = key_end;
    while (value < line_.size() && is_blank(line_[value])) ++value;
    if (value < line_.size() && (line_[value] == '=' || line_[value] == ':')) ++value;
    while (value < line_.size() && is_blank(line_[value])) ++value;

    PropertyLine one;
    one.line = first_;
    std::string_view raw = std::string_view(line_).substr(value);
    size_t kept = raw.size();
    while (kept > 0 && is_blank(raw[kept - 1]) && !(kept > 1 && raw[kept - 2] == '\\')) --kept;
    if (kept != raw.size()) note(one, "blanks behind the value removed");
    MQ_TRY(one.key, unescape(std::string_view(line_).substr(0, key_end)));
    MQ_TRY(one.value, unescape(raw.substr(0, kept)));
    return one;
  }

  /// The four hexadecimal digits behind `at`, which is left on the last of them.
  Result<uint32_t> utf16_unit(std::string_view s, size_t& at) const {
    uint32_t v = 0;
    for (int k = 0; k < 4; ++k) {
      const char c = ++at < s.size() ? s[at] : '?';
      if (c >= '0' && c <= '9') v = v << 4 | static_cast<uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f') v = v << 4 | static_cast<uint32_t>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F') v = v << 4 | static_cast<uint32_t>(c - 'A' + 10);
      else return fail(Errc::kInvalid, "line " + std::to_string(first_) + ": malformed \\uxxxx escape");
    }
    return v;
  }

  static void append_utf8(std::string& out, uint32_t v) {
    auto tail = [&](int shift) { out += static_cast<char>(0x80 | (v >> shift & 63)); };
    if (v < 0x80) out += static_cast<char>(v);
    else if (v < 0x800) out += static_cast<char>(0xC0 | v >> 6), tail(0);
    else if (v < 0x10000) out += static_cast<char>(0xE0 | v >> 12), tail(6), tail(0);
    else out += static_cast<char>(0xF0 | v >> 18), tail(12), tail(6), tail(0);
  }

  Result<std::string> unescape(std::string_view s) const {
    std::string out;
    for (size_t i = 0; i < s.size(); ++i) {
      if (s[i] != '\\' || i + 1 >= s.size()) {
        out += s[i];
        continue;
      }
      switch (s[++i]) {
        case 't': out += '\t'; break;
        case 'n': out += '\n'; break;
        case 'r': out += '\r'; break;
        case 'f': out += '\f'; break;
        case 'u': {
          MQ_TRY(uint32_t unit, utf16_unit(s, i));
          if (unit >= 0xD800 && unit < 0xDC00 && s.substr(i + 1).starts_with("\\u")) {
            size_t behind = i + 2;
            MQ_TRY(const uint32_t low, utf16_unit(s, behind));
            if (low >= 0xDC00 && low < 0xE000) {
              unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
              i = behind;
            }
          }
          append_utf8(out, unit);
          break;
        }
        default: out += s[i];
      }
    }
    return out;
  }

  std::string_view text_;
  size_t at_ = 0;
  int number_ = 0;
  int first_ = 0;
  std::string line_;
  std::vector<PropertyLine> lines_;
};

}  // namespace

Result<std::vector<PropertyLine>> parse_properties(std::string_view text) { return PropertiesReader(text).run(); }

}  // namespace mq
