// Options of a command and their parsing, as commons-cli 1.5 does it: what RocketMQ's scripts were written against.
// Source: spec mqadmin 1.3, 1.4.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mq::admin {

struct OptionSpec {
  std::string_view name;          // short, without the dash; "" when there is only a long name
  std::string_view long_name;     // QUIRK: some of Java's end in a blank
  bool takes_value = true;
  bool required = false;
  std::string_view help;
  int group = 0;                  // > 0: members of one group exclude each other; required counts for the group
};

/// The values of a parsed command line.
class Options {
 public:
  bool has(std::string_view name) const { return values_.contains(std::string(name)); }
  /// The trimmed value, or `otherwise`.
  std::string get(std::string_view name, std::string_view otherwise = {}) const;
  std::optional<std::string> find(std::string_view name) const;
  /// Errors: kInvalid as Java's NumberFormatException says it, and which option it is.
  Result<int64_t> number(std::string_view name, int64_t otherwise) const;
  /// The same of an option that is an int of Java's.
  Result<int32_t> int32(std::string_view name, int32_t otherwise) const;
  bool is_true(std::string_view name) const;   // Boolean.parseBoolean

 private:
  template <class T>
  Result<T> parsed(std::string_view name, T otherwise) const;

  friend Result<Options> parse_options(const std::vector<OptionSpec>&, const std::vector<std::string>&);
  std::map<std::string, std::string> values_;   // by short name (long name when there is no short one)
};

/// Errors: kInvalid with commons-cli's message ("Missing required option: t").
Result<Options> parse_options(const std::vector<OptionSpec>& specs, const std::vector<std::string>& words);

/// "+k=v,-k2" -> the signed keys as Java's map holds them. Errors: kInvalid in Java's words.
Result<std::map<std::string, std::string>> parse_attributes(std::string_view text);

/// The usage text of a command, 110 columns wide, options sorted by name.
std::string usage_text(std::string_view command, std::vector<OptionSpec> specs);

}  // namespace mq::admin
