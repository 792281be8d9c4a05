// What brokers tell of themselves: runtime info (28), configuration (26) and statistics by name (315). Source: spec mqadmin 9, 6.8.
#pragma once

#include <map>
#include <string>

#include "admin/session.h"

namespace mq::admin {

/// One broker's runtime info; look-ups give "" or 0 for a missing key.
class RuntimeInfo {
 public:
  RuntimeInfo() = default;
  static Result<RuntimeInfo> of(Session& s, const std::string& addr);
  std::string get(std::string_view key, std::string_view otherwise = {}) const;
  double number(std::string_view key) const;
  int64_t integer(std::string_view key) const;
  /// The first of the blank-separated numbers.
  double first(std::string_view key) const;
  /// Sorted by key.
  const std::vector<std::pair<std::string, std::string>>& all() const noexcept { return table_.table; }

 private:
  wire::KvTable table_;
};

/// A broker's configuration by key.
Result<std::map<std::string, std::string, std::less<>>> broker_config(Session& s, const std::string& addr);

/// A statistic: its rate over the last minute, and the sum of the longest span of day, hour, minute that has counted something.
struct Counted {
  double tps = 0;
  int64_t day = 0;
};
/// Zeros when the broker has counted nothing for the key or cannot be asked.
Counted counted(Session& s, const std::string& addr, const std::string& stats, const std::string& key);

}  // namespace mq::admin
