// PATH.journal beside a table of JSON: what has changed since PATH was written. One small write makes a change durable, however large the table is.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "env/file.h"

namespace mq::env {

/// One change; without a config the entry was removed, without a name only the version moved.
struct JsonChange {
  Json version;   // the table's after it
  std::string name;
  Json config;
};

/// Lines of JSON: the version (`dataVersion`) of the table that the changes follow, then a change each. A reader that does not know the file, as
/// a Java broker, finds what PATH says, which is written whole soon after each change; once anybody has written it the journal counts no more,
/// since its version is another one.
/// Badge: owned by the table's loop.
class JsonJournal {
 public:
  /// `kind`: the lines' keys, "topic" gives "topic" and "topicConfig".
  JsonJournal(FileSystem& fs, const std::string& table_path, std::string_view kind)
      : fs_(fs), path_(table_path + ".journal"), kind_(kind), config_key_(kind_ + "Config") {}

  const std::string& path() const noexcept { return path_; }
  /// What follows a table of this version, up to the first line that a crash has left torn.
  std::vector<JsonChange> read(const Json& base) const;
  /// The table of this version is in its file now: the next append begins anew.
  void follow(Json base) { base_ = std::move(base), begun_ = false; }
  bool follows() const noexcept { return !base_.is_null(); }
  /// Returns when the changes are on the disk. After an error nothing is taken any more until follow().
  Result<> append(const std::vector<JsonChange>& changes);

 private:
  Result<> write(std::string_view text);

  FileSystem& fs_;
  const std::string path_, kind_, config_key_;
  Json base_;              // null: unknown, or an append has failed
  std::unique_ptr<File> file_;
  int64_t size_bytes_ = 0;
  bool begun_ = false;     // the file begins with base_
};

}  // namespace mq::env
