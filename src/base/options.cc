#include "base/options.h"

#include <algorithm>
#include <limits>
#include <map>
#include <thread>
#include <utility>

#include "base/no_effect.h"
#include "base/numbers.h"

namespace mq {

namespace {

constexpr std::string_view kHidden = "******";
std::atomic<int32_t> processors{0};   // badge: published; 0: ask the machine

/// Keys whose values must not be seen in logs.
bool is_secret(std::string_view key) {
  return key.find("ecret") != std::string_view::npos || key.find("assword") != std::string_view::npos || key.find("redential") != std::string_view::npos ||
         key.starts_with("initAuthentication");
}

Failure bad_value(const OptionInfo& info, std::string_view text, std::string_view allowed) {
  return fail(Errc::kInvalid, std::string(info.name) + "=" + shown_value(info.name, text) + " is not possible: " + std::string(allowed) + " is needed");
}

bool equals_true(std::string_view t) {
  if (t.size() != 4) return false;
  for (size_t i = 0; i < 4; ++i) if ((t[i] | 0x20) != "true"[i]) return false;
  return true;
}

/// A spelling of a boolean that Java takes as false but that may have meant true.
bool looks_like_true(std::string_view t) {
  return t == "1" || t == "yes" || t == "on" || t == "\"true\"" || t == "'true'" || t == "YES" || t == "ON" || t == "y";
}

bool has_control_character(std::string_view t) {
  return std::any_of(t.begin(), t.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

/// True when `word` is one of "A|B|C".
bool in_list(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const size_t end = list.find('|');
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  }
  return false;
}

bool is_path(std::string_view key) { return key.find("Path") != std::string_view::npos || key.ends_with("Dir"); }

/// Why the value must stop the start; empty when it need not.
std::string unusable(const OptionBase& option, const PropertyLine& line) {
  const OptionInfo& info = option.info();
  if (info.port) {
    const auto port = parse_int64(line.value);
    if (!port || *port < 0 || *port > 65535) return line.key + "=" + line.value + " is not possible: a port from 0 to 65535 is needed";
  }
  if (is_path(info.name) && has_control_character(line.value)) {
    return "the value of " + line.key + " holds a control character; in this file \\ starts an escape, so write \\\\ for a backslash";
  }
  return {};
}

}  // namespace

std::string shown_value(std::string_view key, std::string_view value) { return is_secret(key) && !value.empty() ? std::string(kHidden) : std::string(value); }

template <> Result<bool> parse_option<bool>(const OptionInfo&, std::string_view t) { return equals_true(t); }
template <> Result<int32_t> parse_option<int32_t>(const OptionInfo& info, std::string_view t) {
  const auto v = parse_int64(t);
  if (!v || *v < std::numeric_limits<int32_t>::min() || *v > std::numeric_limits<int32_t>::max()) {
    return bad_value(info, t, "a whole number from -2147483648 to 2147483647");
  }
  return static_cast<int32_t>(*v);
}
template <> Result<int64_t> parse_option<int64_t>(const OptionInfo& info, std::string_view t) {
  const auto v = parse_int64(t);
  if (!v) return bad_value(info, t, "a whole number");
  return *v;
}
template <> Result<double> parse_option<double>(const OptionInfo& info, std::string_view t) {
  const auto v = parse_double(t);
  if (!v) return bad_value(info, t, "a number");
  return *v;
}
template <> Result<std::string> parse_option<std::string>(const OptionInfo& info, std::string_view t) {
  if (has_control_character(t)) {
    return bad_value(info, "...", "a value without control characters (in this file \\ starts an escape: write \\\\ for a backslash)");
  }
  if (!info.allowed.empty() && !in_list(info.allowed, t)) return bad_value(info, t, "one of " + std::string(info.allowed));
  return std::string(t);
}

template <> std::string print_option<bool>(const bool& v) { return v ? "true" : "false"; }
template <> std::string print_option<int32_t>(const int32_t& v) { return std::to_string(v); }
template <> std::string print_option<int64_t>(const int64_t& v) { return std::to_string(v); }
template <> std::string print_option<double>(const double& v) { return java_double_text(v); }
template <> std::string print_option<std::string>(const std::string& v) { return v; }

template <> std::string_view option_type<bool>() noexcept { return "boolean"; }
template <> std::string_view option_type<int32_t>() noexcept { return "int"; }
template <> std::string_view option_type<int64_t>() noexcept { return "long"; }
template <> std::string_view option_type<double>() noexcept { return "double"; }
template <> std::string_view option_type<std::string>() noexcept { return "String"; }

std::string limited_text(const OptionInfo& info, int64_t configured) {
  const int64_t used = within_limits(info, configured);
  if (used == configured) return {};
  const std::string why = configured < info.least  ? "less than " + std::to_string(info.least)
                          : configured > info.most ? "more than " + std::to_string(info.most)
                                                   : "no multiple of " + std::to_string(info.multiple);
  return std::string(info.name) + "=" + std::to_string(configured) + " is " + why + ": " + std::to_string(used) + " is used";
}

int32_t java_processors() noexcept {
  const int32_t chosen = processors.load(std::memory_order_relaxed);
  return chosen > 0 ? chosen : std::max(1, static_cast<int32_t>(std::thread::hardware_concurrency()));
}

void set_java_processors(int32_t count) noexcept { processors.store(count, std::memory_order_relaxed); }

Result<std::vector<std::string>> Configuration::apply(const std::vector<PropertyLine>& lines, std::string_view where) {
  std::map<std::string_view, const PropertyLine*> last;   // by the key's own spelling
  for (const PropertyLine& line : lines) {
    const OptionBase* option = find(line.key);
    const std::string_view name = option ? option->info().name : std::string_view(line.key);
    if (option) {
      if (std::string why = unusable(*option, line); !why.empty()) {
        return fail(Errc::kInvalid, std::string(where) + (line.line > 0 ? ", line " + std::to_string(line.line) : "") + ": " + why);
      }
    }
    const PropertyLine*& winner = last[name];
    if (!winner || line.key == name || winner->key != name) winner = &line;
  }
  std::vector<std::string> warnings;
  for (const PropertyLine& line : lines) {
    const OptionBase* option = find(line.key);
    if (last[option ? option->info().name : std::string_view(line.key)] == &line) apply_line(line, warnings);
  }
  return warnings;
}

std::optional<bool> Configuration::set(const PropertyLine& line, std::vector<std::string>& warnings) {
  std::optional<bool> changed;
  for (OptionBase* option : all(line.key)) {
    const OptionInfo& info = option->info();
    const std::string before = option->text();
    const std::string why = unusable(*option, line);
    const Result<> taken = why.empty() ? option->parse(line.value) : Result<>(fail(Errc::kInvalid, why));
    const bool first = !changed;
    changed = changed.value_or(false) || option->text() != before;
    if (!first) continue;   // a key of several groups is spoken of once
    if (!line.repaired.empty()) warnings.push_back(line.key + ": " + line.repaired);
    if (info.name != line.key) warnings.push_back(line.key + ": old spelling, taken as " + std::string(info.name));
    if (option->type() == "boolean" && looks_like_true(line.value)) {
      warnings.push_back(line.key + "=" + line.value + " means false; write true to switch it on");
    }
    if (!taken) warnings.push_back(taken.error().message() + "; " + shown_value(info.name, before) + " stays");
    else if (std::string limited = option->other_than_configured(); !limited.empty()) warnings.push_back(std::move(limited));
    else if (info.reload == Reload::kIgnored && option->text() != option->default_text()) {
      warnings.push_back(line.key + "=" + shown_value(line.key, option->text()) + " is accepted without effect: " + std::string(why_no_effect(info.name)));
    }
  }
  return changed;
}

void Configuration::apply_line(const PropertyLine& line, std::vector<std::string>& warnings) {
  const bool known = set(line, warnings).has_value();
  MutexLock lock(mu_);
  if (known) return void(given_.insert(line.key));
  std::erase_if(extra_, [&](const auto& e) { return e.first == line.key; });
  extra_.emplace_back(line.key, line.value);
  warnings.push_back(line.key + ": no such key is known, it has no effect" + (line.line > 0 ? " (line " + std::to_string(line.line) + ")" : ""));
}

Result<std::vector<std::string>> Configuration::apply_environment(char** environment) {
  static constexpr std::string_view kPrefix = "ROCKETMQ_CONF_";
  std::vector<PropertyLine> lines;
  for (char** e = environment; e && *e; ++e) {
    std::string_view entry(*e);
    if (!entry.starts_with(kPrefix)) continue;
    entry.remove_prefix(kPrefix.size());
    const size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    PropertyLine line{std::string(entry.substr(0, equals)), std::string(entry.substr(equals + 1)), 0, ""};
    if (!find(line.key)) {
      std::string dotted = line.key;
      std::ranges::replace(dotted, '_', '.');
      if (find(dotted)) line.key = std::move(dotted);
    }
    const size_t kept = line.value.find_last_not_of(" \t\r\n") + 1;
    if (kept != line.value.size()) line.repaired = "blanks behind the value removed";
    line.value.resize(kept);
    lines.push_back(std::move(line));
  }
  return apply(lines, "environment " + std::string(kPrefix) + "*");
}

/// What parse_properties reads back to the same. Java escapes backslashes only, so that a line break in a value becomes a
/// line of its own, and another option, in the file that updates are written to.
static void append_escaped(std::string& out, std::string_view text, bool is_key) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool at_edge = i == 0 || i + 1 == text.size();
    switch (c) {
      case '\n': out += "\\n"; continue;
      case '\r': out += "\\r"; continue;
      case '\t': out += "\\t"; continue;
      case '\f': out += "\\f"; continue;
      default: break;
    }
    if (c == '\\' || (c == ' ' && (is_key || at_edge)) || (is_key && std::string_view("=:#!").find(c) != std::string_view::npos)) out += '\\';
    out += c;
  }
}

std::string Configuration::text(Secrets secrets) const {
  std::map<std::string, std::string> all;
  {
    MutexLock lock(mu_);
    for (const auto& [k, v] : extra_) all[k] = secrets == Secrets::kHide ? shown_value(k, v) : v;
  }
  for (const ConfigGroup* g : groups_) for (const OptionBase* o : g->options()) {
    std::string value = o->text();
    if (o->info().ours && value == o->default_text()) continue;
    if (secrets == Secrets::kHide && !value.empty()) value = shown_value(o->info().name, value);
    if (!value.empty() || !o->info().nullable) all[std::string(o->info().name)] = std::move(value);
  }
  std::string out;
  for (const auto& [k, v] : all) {
    append_escaped(out, k, true);
    out += '=';
    append_escaped(out, v, false);
    out += '\n';
  }
  return out;
}

std::vector<std::string> Configuration::print(bool important_only) const {
  std::vector<std::string> out;
  for (const ConfigGroup* g : groups_) {
    for (const OptionBase* o : g->options()) {
      if (!important_only || o->info().important) out.push_back(std::string(o->info().name) + "=" + shown_value(o->info().name, o->text()));
    }
  }
  return out;
}

std::string Configuration::Updated::text() const {
  std::string all;
  for (const std::string& w : warnings) all += (all.empty() ? "" : "; ") + w;
  return all;
}

Result<Configuration::Updated> Configuration::update(std::string_view properties, const std::vector<std::string>& black_list) {
  MQ_TRY(const auto lines, parse_properties(properties));
  for (const PropertyLine& line : lines) {
    if (std::find(black_list.begin(), black_list.end(), line.key) != black_list.end()) {
      return fail(Errc::kPermission, "Can not update config in black list.");
    }
  }
  Updated done;
  for (const PropertyLine& line : lines) {
    if (line.value == kHidden && is_secret(line.key)) continue;   // sent back as it was shown
    if (const auto changed = set(line, done.warnings)) {
      if (*changed) done.changed.emplace_back(find(line.key)->info().name);
      continue;
    }
    MutexLock lock(mu_);
    for (auto& [k, v] : extra_) if (k == line.key) v = line.value;
  }
  return done;
}

std::vector<OptionBase*> Configuration::all(std::string_view key) {
  std::vector<OptionBase*> found;
  for (ConfigGroup* g : groups_) {
    for (OptionBase* o : g->options()) {
      if (o->info().name == key || in_list(o->info().alias, key)) found.push_back(o);
    }
  }
  return found;
}

OptionBase* Configuration::find(std::string_view key) {
  const std::vector<OptionBase*> found = all(key);
  return found.empty() ? nullptr : found.front();
}

bool Configuration::given(std::string_view key) const {
  MutexLock lock(mu_);
  return given_.contains(key);
}

const OptionBase* Configuration::find(std::string_view key) const { return const_cast<Configuration*>(this)->find(key); }

}  // namespace mq
