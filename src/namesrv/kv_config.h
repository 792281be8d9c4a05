// The KV config: namespace -> key -> value, the only thing a NameServer keeps over a restart (kvConfig.json).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "env/file.h"
#include "wire/bodies/route.h"

namespace mq::namesrv {

/// Badge: owned by the NameServer's loop. Every change is on disk before the call returns: the changes are an
/// operator's commands, a few a day, so the loop's wait for the disk is the cheapest way to an honest answer.
class KvConfig {
 public:
  KvConfig(env::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  /// Reads the file, or its .bak when it is missing, empty or damaged. Errors: kCorrupt when neither can be read.
  Result<> load();
  /// Errors: of the disk; the change counts in memory all the same.
  Result<> put(std::string_view name_space, std::string_view key, std::string_view value);
  /// An emptied namespace stays, as in Java; pinned by R06.
  Result<> remove(std::string_view name_space, std::string_view key);
  std::optional<std::string> get(std::string_view name_space, std::string_view key) const;
  /// nullopt: no such namespace.
  std::optional<wire::KvTable> list(std::string_view name_space) const;

 private:
  using Table = std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>>;
  Result<Table> read(const std::string& path) const;
  Result<> persist() const;

  env::FileSystem& fs_;
  const std::string path_;
  Table table_;
};

}  // namespace mq::namesrv
