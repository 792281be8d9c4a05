// The option engine: an option is declared once, as a member; file parsing, -c/-p/-m, the environment, getBrokerConfig,
// updateBrokerConfig and docs/reference/config.md are derived from the declaration.
//
//   struct MessageStoreConfig : ConfigGroup {
//     Option<int32_t> mappedFileSizeCommitLog{this, 1 << 30, {.name = "mappedFileSizeCommitLog",
//         .doc = "Size of one CommitLog file.", .unit = "bytes", .reload = Reload::kRestart}};
//   };
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/badges.h"
#include "base/properties_file.h"
#include "base/result.h"

namespace mq {

enum class Reload : uint8_t {
  kLive,     // effective at once when updated
  kRestart,  // stored and shown at once, effective after a restart
  kIgnored,  // accepted and shown for compatibility, without effect here
};

struct OptionInfo {
  std::string_view name;            // the key, spelt as in broker.conf
  std::string_view doc;             // one sentence for the reference page
  std::string_view unit = "";       // "ms", "bytes", ...
  Reload reload = Reload::kRestart;
  bool important = false;           // printed by -m (Java's @ImportantField)
  std::string_view alias = "";      // old spellings taken as this key, separated by '|' ("mapedFileSizeCommitLog")
  std::string_view allowed = "";    // for text options: "A|B|C"; another value keeps the old one, with a warning
  bool port = false;                // 0 to 65535; a bad value stops the start: a server elsewhere than written is an outage
  bool nullable = false;            // null in Java while empty: left out of getBrokerConfig
  int64_t least = INT64_MIN;        // of a number: what is used for a smaller one, with a warning
  int64_t most = INT64_MAX;         // and for a larger one
  int64_t multiple = 1;             // and what it is rounded up to
  bool ours = false;                // not a key of RocketMQ 5.3.3: left out of getBrokerConfig while it has its default
};

/// The number that is used for one that is configured.
constexpr int64_t within_limits(const OptionInfo& info, int64_t configured) noexcept {
  const int64_t inside = std::clamp(configured, info.least, info.most);
  return info.multiple == 1 ? inside : (inside + info.multiple - 1) / info.multiple * info.multiple;
}

class OptionBase;

/// A group of options with one owner (BrokerConfig, MessageStoreConfig, ...). Options register themselves in order of
/// declaration; the group is created before any thread reads it and lives as long as the process.
class ConfigGroup {
 public:
  ConfigGroup() = default;
  ConfigGroup(const ConfigGroup&) = delete;
  ConfigGroup& operator=(const ConfigGroup&) = delete;
  const std::vector<OptionBase*>& options() const noexcept { return options_; }

 private:
  friend class OptionBase;
  std::vector<OptionBase*> options_;
};

class OptionBase {
 public:
  OptionBase(ConfigGroup* group, const OptionInfo& info) : info_(info) { group->options_.push_back(this); }
  virtual ~OptionBase() = default;
  OptionBase(const OptionBase&) = delete;
  OptionBase& operator=(const OptionBase&) = delete;

  const OptionInfo& info() const noexcept { return info_; }
  /// The value as Java's MixAll.object2Properties prints it.
  virtual std::string text() const = 0;
  virtual std::string default_text() const = 0;
  /// Of a number with limits: which one is used instead of the configured one and why; empty when it is used as it stands.
  virtual std::string other_than_configured() const = 0;
  /// "int", "long", "boolean", "double", "String".
  virtual std::string_view type() const noexcept = 0;
  /// Sets from text, by Java's parseInt/parseBoolean rules. Errors: kInvalid, naming key, value and what is allowed;
  /// the old value stays.
  virtual Result<> parse(std::string_view text) = 0;

 private:
  OptionInfo info_;
};

// Text <-> value by Java's rules; specialised in options.cc for the types an Option may have.
template <class T> Result<T> parse_option(const OptionInfo& info, std::string_view text);
template <class T> std::string print_option(const T& value);
template <class T> std::string_view option_type() noexcept;
std::string limited_text(const OptionInfo& info, int64_t configured);

/// T: bool, int32_t, int64_t, double (badge: published, an atomic) or std::string (badge: published, a snapshot).
template <class T>
class Option final : public OptionBase {
 public:
  Option(ConfigGroup* group, T value, const OptionInfo& info) : OptionBase(group, info), default_(value) { set(std::move(value)); }

  T operator()() const {
    if constexpr (std::is_same_v<T, std::string>) {
      return *value_.load(std::memory_order_acquire);
    } else {
      return value_.load(std::memory_order_relaxed);
    }
  }
  /// A number within its limits, which the value itself may be outside of: it is shown and kept as it was written.
  int64_t used() const requires std::is_integral_v<T> { return within_limits(info(), int64_t{(*this)()}); }
  void set(T v) {
    if constexpr (std::is_same_v<T, std::string>) {
      value_.store(std::make_shared<const std::string>(std::move(v)), std::memory_order_release);
    } else {
      value_.store(v, std::memory_order_relaxed);
    }
  }
  std::string text() const override { return print_option<T>((*this)()); }
  std::string default_text() const override { return print_option<T>(default_); }
  std::string other_than_configured() const override {
    if constexpr (std::is_integral_v<T>) return limited_text(info(), int64_t{(*this)()});
    else return {};
  }
  std::string_view type() const noexcept override { return option_type<T>(); }
  Result<> parse(std::string_view t) override {
    auto v = parse_option<T>(info(), t);
    if (!v) return fail(std::move(v).error());
    set(std::move(*v));
    return {};
  }

 private:
  using Cell = std::conditional_t<std::is_same_v<T, std::string>, std::atomic<std::shared_ptr<const std::string>>, std::atomic<T>>;
  Cell value_;
  T default_;
};

/// The value as logs and warnings may show it: stars for secrets, passwords and credentials.
std::string shown_value(std::string_view key, std::string_view value);

/// What Java's defaults count: Runtime.availableProcessors().
int32_t java_processors() noexcept;
/// Overrides it, for output that must not depend on the machine. Before any group is made.
void set_java_processors(int32_t count) noexcept;

/// All groups of a process, and the keys of the file that belong to none of them.
class Configuration {
 public:
  explicit Configuration(std::vector<ConfigGroup*> groups) : groups_(std::move(groups)) {}

  /// Applies the lines in order, the last one of a key wins, and a key wins over its old spelling. Returns one warning for
  /// each key that is unknown, repaired, unparsable (the default stays) or known but without effect.
  ///
  /// Shape:  `where` names the source in messages: the file's path.
  /// Errors: kInvalid naming source, line and key for a value that must not be replaced by a default in silence: a port, a
  ///         path with control characters (a backslash that was not doubled). Nothing is applied then.
  Result<std::vector<std::string>> apply(const std::vector<PropertyLine>& lines, std::string_view where);
  /// ROCKETMQ_CONF_<key> from the environment, as if at the end of the file; a shell cannot write a dot in a name, so that
  /// tls_server_mode stands for tls.server.mode.
  Result<std::vector<std::string>> apply_environment(char** environment);

  /// All options and the file's unknown keys as sorted `key=value\n` lines: what a file keeps, and with kHide what GET_*_CONFIG returns.
  enum class Secrets : uint8_t { kShow, kHide };
  std::string text(Secrets secrets = Secrets::kShow) const;
  /// True when the two differ: the file is its owner's alone then.
  bool has_secrets() const { return text(Secrets::kShow) != text(Secrets::kHide); }
  /// `-p`: every option as `key=value`; `-m`: only the important ones. In order of declaration; a key that several groups
  /// declare comes once for each, as in Java.
  std::vector<std::string> print(bool important_only) const;

  struct Updated {
    std::vector<std::string> changed;    // keys
    std::vector<std::string> warnings;   // as of apply()
    std::string text() const;            // the warnings as one
  };
  /// UPDATE_*_CONFIG: refuses the whole text when it names a key of `black_list` (kPermission), applies known keys, ignores unknown ones and
  /// bad values (Java answers SUCCESS).
  Result<Updated> update(std::string_view properties, const std::vector<std::string>& black_list);

  /// By key or old spelling; null when unknown. The first group's when several declare the key.
  const OptionBase* find(std::string_view key) const;
  OptionBase* find(std::string_view key);
  /// Whether apply() or the environment set the key, so that its default does not count.
  bool given(std::string_view key) const;
  const std::vector<ConfigGroup*>& groups() const noexcept { return groups_; }

 private:
  std::vector<OptionBase*> all(std::string_view key);
  /// Sets the options of the line's key and adds what is to be said of that. Whether a value has changed; nullopt: no option has this key.
  std::optional<bool> set(const PropertyLine& line, std::vector<std::string>& warnings);
  void apply_line(const PropertyLine& line, std::vector<std::string>& warnings);

  std::vector<ConfigGroup*> groups_;
  mutable Mutex mu_;
  std::vector<std::pair<std::string, std::string>> extra_ GUARDED_BY(mu_);   // unknown keys of the file
  std::set<std::string, std::less<>> given_ GUARDED_BY(mu_);
};

}  // namespace mq
