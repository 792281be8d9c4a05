#include "admin/options.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace mq::admin {

namespace {

std::string_view trim(std::string_view s) {
  while (!s.empty() && static_cast<unsigned char>(s.front()) <= ' ') s.remove_prefix(1);
  while (!s.empty() && static_cast<unsigned char>(s.back()) <= ' ') s.remove_suffix(1);
  return s;
}

std::string_view key_of(const OptionSpec& o) { return o.name.empty() ? o.long_name : o.name; }

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

constexpr size_t kWidth = 110;

/// Breaks `text` at the last blank at or before the width; continuation lines are indented.
void wrap(std::string& out, std::string text, size_t indent) {
  for (;;) {
    while (!text.empty() && text.back() == ' ') text.pop_back();
    if (text.size() <= kWidth) {
      out += text + "\n";
      return;
    }
    size_t at = text.rfind(' ', kWidth);
    if (at == std::string::npos || at <= indent) at = kWidth;
    std::string line = text.substr(0, at);
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += line + "\n";
    text = std::string(indent, ' ') + std::string(trim(text.substr(at)));
  }
}

class Parser {
 public:
  Parser(const std::vector<OptionSpec>& specs, const std::vector<std::string>& words) : specs_(specs), words_(words) {}

  Result<std::map<std::string, std::string>> run() {
    for (; at_ < words_.size(); ++at_) {
      const std::string& w = words_[at_];
      if (plain_ || w == "-" || !w.starts_with("-")) continue;   // stray words are ignored
      if (w == "--") {
        plain_ = true;
      } else if (w.starts_with("--")) {
        MQ_TRY_VOID(long_option(w.substr(2), w));
      } else {
        MQ_TRY_VOID(short_option(w.substr(1), w));
      }
    }
    MQ_TRY_VOID(check_required());
    return std::move(values_);
  }

 private:
  /// Exact long name, else every long name that starts so.
  std::vector<const OptionSpec*> matching(std::string_view name) const {
    std::vector<const OptionSpec*> found;
    for (const OptionSpec& o : specs_) if (o.long_name == name) return {&o};
    for (const OptionSpec& o : specs_) if (!name.empty() && o.long_name.starts_with(name)) found.push_back(&o);
    return found;
  }
  const OptionSpec* by_short(std::string_view name) const {
    for (const OptionSpec& o : specs_) if (!o.name.empty() && o.name == name) return &o;
    return nullptr;
  }

  Result<> long_option(std::string_view text, const std::string& word) {
    const size_t equals = text.find('=');
    const auto found = matching(text.substr(0, equals));
    if (found.empty()) return fail(Errc::kInvalid, "Unrecognized option: " + word);
    if (found.size() > 1) {
      std::string names;
      for (const OptionSpec* o : found) names += (names.empty() ? "'" : ", '") + std::string(o->long_name) + "'";
      return fail(Errc::kInvalid, "Ambiguous option: '" + word.substr(0, word.find('=')) + "'  (could be: " + names + ")");
    }
    if (equals == std::string_view::npos) return take(*found[0]);
    if (!found[0]->takes_value) return fail(Errc::kInvalid, "Unrecognized option: " + word);
    return store(*found[0], text.substr(equals + 1));
  }

  Result<> short_option(std::string_view text, const std::string& word) {
    const size_t equals = text.find('=');
    const std::string_view head = text.substr(0, equals);
    if (const OptionSpec* o = by_short(head)) {
      if (equals == std::string_view::npos) return take(*o);
      if (o->takes_value) return store(*o, text.substr(equals + 1));
    }
    if (const auto found = matching(head); !found.empty()) return long_option(text, word);   // -topic x
    if (const OptionSpec* o = by_short(text.substr(0, 1)); o && o->takes_value && text.size() > 1) return store(*o, text.substr(1));   // -tx
    // -abc: flags in one word, the last may take a value.
    for (size_t i = 0; i < text.size(); ++i) {
      const OptionSpec* o = by_short(text.substr(i, 1));
      if (!o) return fail(Errc::kInvalid, "Unrecognized option: " + word);
      if (o->takes_value && i + 1 < text.size()) return store(*o, text.substr(i + 1));
      MQ_TRY_VOID(take(*o));
    }
    return {};
  }

  /// The option stands alone: its value, if it takes one, is the next word, unless that is an option itself.
  Result<> take(const OptionSpec& o) {
    if (!o.takes_value) return store(o, {});
    if (at_ + 1 >= words_.size() || is_option(words_[at_ + 1])) {
      return fail(Errc::kInvalid, "Missing argument for option: " + std::string(key_of(o)));
    }
    return store(o, words_[++at_]);
  }

  bool is_option(std::string_view w) const {
    if (w.size() < 2 || w[0] != '-') return false;
    if (w.starts_with("--")) return !matching(w.substr(2, w.find('=') == std::string_view::npos ? w.npos : w.find('=') - 2)).empty();
    const std::string_view text = w.substr(1);
    return by_short(text.substr(0, 1)) || !matching(text).empty();
  }

  Result<> store(const OptionSpec& o, std::string_view value) {
    if (o.group > 0) {
      auto [it, fresh] = groups_.emplace(o.group, key_of(o));
      if (!fresh && it->second != key_of(o)) {
        return fail(Errc::kInvalid, "The option '" + std::string(key_of(o)) + "' was specified but an option from this group has already been selected: '" + it->second + "'");
      }
    }
    values_.emplace(key_of(o), value);   // the first one wins
    return {};
  }

  Result<> check_required() const {
    std::vector<std::string> missing;
    std::set<int> seen;
    for (const OptionSpec& o : specs_) {
      if (!o.required) continue;
      if (o.group == 0) {
        if (!values_.contains(std::string(key_of(o)))) missing.emplace_back(key_of(o));
      } else if (!groups_.contains(o.group) && seen.insert(o.group).second) {
        std::string text;
        for (const OptionSpec& m : specs_) {
          if (m.group == o.group) text += (text.empty() ? "[-" : ", -") + std::string(m.name) + " " + std::string(m.help);
        }
        missing.push_back(text + "]");
      }
    }
    if (missing.empty()) return {};
    std::string text = missing.size() == 1 ? "Missing required option: " : "Missing required options: ";
    for (size_t i = 0; i < missing.size(); ++i) text += (i ? ", " : "") + missing[i];
    return fail(Errc::kInvalid, std::move(text));
  }

  const std::vector<OptionSpec>& specs_;
  const std::vector<std::string>& words_;
  size_t at_ = 0;
  bool plain_ = false;
  std::map<std::string, std::string> values_;
  std::map<int, std::string> groups_;
};

}  // namespace

std::string Options::get(std::string_view name, std::string_view otherwise) const {
  const auto it = values_.find(std::string(name));
  return it == values_.end() ? std::string(otherwise) : std::string(trim(it->second));
}

std::optional<std::string> Options::find(std::string_view name) const {
  if (!has(name)) return std::nullopt;
  return get(name);
}

template <class T>
Result<T> Options::parsed(std::string_view name, T otherwise) const {
  if (!has(name)) return otherwise;
  const std::string text = get(name);
  std::string_view t = text;
  if (t.size() > 1 && t[0] == '+' && t[1] != '-') t.remove_prefix(1);
  T v = 0;
  const auto [end, ec] = std::from_chars(t.data(), t.data() + t.size(), v);
  if (t.empty() || ec != std::errc() || end != t.data() + t.size()) {
    return fail(Errc::kInvalid, "For input string: \"" + text + "\" (option -" + std::string(name) + " needs a number)");
  }
  return v;
}

Result<int64_t> Options::number(std::string_view name, int64_t otherwise) const { return parsed(name, otherwise); }

Result<int32_t> Options::int32(std::string_view name, int32_t otherwise) const { return parsed(name, otherwise); }

bool Options::is_true(std::string_view name) const { return lower(get(name)) == "true"; }

Result<Options> parse_options(const std::vector<OptionSpec>& specs, const std::vector<std::string>& words) {
  Options options;
  MQ_TRY(options.values_, Parser(specs, words).run());
  return options;
}

std::string usage_text(std::string_view command, std::vector<OptionSpec> specs) {
  std::stable_sort(specs.begin(), specs.end(), [](const OptionSpec& a, const OptionSpec& b) { return lower(key_of(a)) < lower(key_of(b)); });
  std::string line = "usage: mqadmin " + std::string(command);
  std::set<int> groups;
  auto one = [](const OptionSpec& o) {
    return (o.name.empty() ? "--" + std::string(o.long_name) : "-" + std::string(o.name)) + (o.takes_value ? " <arg>" : "");
  };
  for (const OptionSpec& o : specs) {
    line += ' ';
    if (o.group == 0) {
      line += o.required ? one(o) : "[" + one(o) + "]";
      continue;
    }
    if (!groups.insert(o.group).second) continue;   // QUIRK: the blank of a later member of a group stays
    std::string members;
    for (const OptionSpec& m : specs) if (m.group == o.group) members += (members.empty() ? "" : " | ") + one(m);
    line += o.required ? members : "[" + members + "]";
  }
  std::string out;
  wrap(out, line, 7);

  std::vector<std::string> prefixes;
  size_t widest = 0;
  for (const OptionSpec& o : specs) {
    std::string p = o.name.empty() ? "    --" + std::string(o.long_name) : " -" + std::string(o.name);
    if (!o.name.empty() && !o.long_name.empty()) p += ",--" + std::string(o.long_name);
    if (o.takes_value) p += " <arg>";
    widest = std::max(widest, p.size());
    prefixes.push_back(std::move(p));
  }
  for (size_t i = 0; i < specs.size(); ++i) {
    std::string p = prefixes[i];
    p.resize(widest + 3, ' ');
    wrap(out, p + std::string(specs[i].help), widest + 3);
  }
  return out;
}

Result<std::map<std::string, std::string>> parse_attributes(std::string_view text) {
  std::map<std::string, std::string> found;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    const size_t equals = item.find('=');
    std::string key(item.substr(0, equals));
    std::string value;
    if (equals != std::string_view::npos) {
      if (key.find('+') == std::string::npos) return fail(Errc::kInvalid, "add/alter attribute format is wrong: " + key);
      value = item.substr(equals + 1);
    } else if (key.find('-') == std::string::npos) {
      return fail(Errc::kInvalid, "delete attribute format is wrong: " + key);
    }
    if (!found.emplace(key, value).second) return fail(Errc::kInvalid, "key duplication: " + key);
  }
  return found;
}

}  // namespace mq::admin
