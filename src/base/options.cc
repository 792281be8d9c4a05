#include "base/options.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "base/numbers.h"

namespace mq {

namespace {

Failure bad_value(const OptionInfo& info, std::string_view text, std::string_view allowed) {
  return fail(Errc::kInvalid, std::string(info.name) + "=" + std::string(text) + " is not possible: " + std::string(allowed) + " is needed");
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

}  // namespace

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
  if (!info.allowed.empty()) {
    std::string_view rest = info.allowed;
    bool found = false;
    while (!rest.empty() && !found) {
      const size_t end = rest.find('|');
      found = rest.substr(0, end) == t;
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    if (!found) return bad_value(info, t, "one of " + std::string(info.allowed));
  }
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

std::vector<std::string> Configuration::apply(const std::vector<PropertyLine>& lines) {
  std::map<std::string, const PropertyLine*> last;
  for (const PropertyLine& line : lines) last[line.key] = &line;
  std::vector<std::string> warnings;
  for (const PropertyLine& line : lines) {
    if (last[line.key] != &line) continue;
    OptionBase* option = find(line.key);
    if (!option) {
      MutexLock lock(mu_);
      extra_.emplace_back(line.key, line.value);
      warnings.push_back(line.key + ": no such key is known, it has no effect (line " + std::to_string(line.line) + ")");
      continue;
    }
    if (!line.repaired.empty()) warnings.push_back(line.key + ": " + line.repaired);
    if (option->info().name != line.key) warnings.push_back(line.key + ": old spelling, taken as " + std::string(option->info().name));
    if (option->type() == "boolean" && looks_like_true(line.value)) {
      warnings.push_back(line.key + "=" + line.value + " means false; write true to switch it on");
    }
    if (auto r = option->parse(line.value); !r) warnings.push_back(r.error().message() + "; " + option->text() + " stays");
  }
  return warnings;
}

std::vector<std::string> Configuration::apply_environment(char** environment) {
  static constexpr std::string_view kPrefix = "ROCKETMQ_CONF_";
  std::vector<PropertyLine> lines;
  for (char** e = environment; e && *e; ++e) {
    std::string_view entry(*e);
    if (!entry.starts_with(kPrefix)) continue;
    entry.remove_prefix(kPrefix.size());
    const size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    lines.push_back({std::string(entry.substr(0, equals)), std::string(entry.substr(equals + 1)), 0, ""});
  }
  return apply(lines);
}

std::string Configuration::text() const {
  std::map<std::string, std::string> all;
  {
    MutexLock lock(mu_);
    for (const auto& [k, v] : extra_) all[k] = v;
  }
  for (const ConfigGroup* g : groups_) for (const OptionBase* o : g->options()) all[std::string(o->info().name)] = o->text();
  std::string out;
  for (const auto& [k, v] : all) {
    out += k + "=";
    for (char c : v) {
      if (c == '\\') out += '\\';
      out += c;
    }
    out += "\n";
  }
  return out;
}

std::vector<std::string> Configuration::print(bool important_only) const {
  std::vector<std::string> out;
  for (const ConfigGroup* g : groups_) {
    for (const OptionBase* o : g->options()) {
      if (!important_only || o->info().important) out.push_back(std::string(o->info().name) + "=" + o->text());
    }
  }
  return out;
}

Result<std::vector<std::string>> Configuration::update(std::string_view properties, const std::vector<std::string>& black_list) {
  MQ_TRY(const auto lines, parse_properties(properties));
  for (const PropertyLine& line : lines) {
    if (std::find(black_list.begin(), black_list.end(), line.key) != black_list.end()) {
      return fail(Errc::kPermission, "Can not update config in black list.");
    }
  }
  std::vector<std::string> changed;
  for (const PropertyLine& line : lines) {
    OptionBase* option = find(line.key);
    if (!option) {
      MutexLock lock(mu_);
      for (auto& [k, v] : extra_) if (k == line.key) v = line.value;
      continue;
    }
    const std::string before = option->text();
    if (option->parse(line.value) && option->text() != before) changed.emplace_back(option->info().name);
  }
  return changed;
}

OptionBase* Configuration::find(std::string_view key) {
  for (ConfigGroup* g : groups_) {
    for (OptionBase* o : g->options()) {
      if (o->info().name == key || (!o->info().alias.empty() && o->info().alias == key)) return o;
    }
  }
  return nullptr;
}

const OptionBase* Configuration::find(std::string_view key) const { return const_cast<Configuration*>(this)->find(key); }

}  // namespace mq
