// A table of named entries under config/: its DataVersion, its file and the journal beside it. Source: spec storage 2.13.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/badges.h"
#include "env/clock.h"
#include "env/json_journal.h"
#include "wire/bodies/topic_config.h"

namespace mq::broker {

/// The file is written whole, which takes the longer the more entries there are; what has to be on the disk at once goes to the journal beside it
/// (env/json_journal.h), unless the table is small.
class TableFile {
 public:
  /// The table itself. Asked on ctl, or by load(); never with a mutex held.
  class Table {
   public:
    /// Takes over a file's content and gives its DataVersion.
    virtual wire::DataVersion take(const Json& file) = 0;
    /// Takes over one entry of the journal; without a config it was removed.
    virtual void take(const std::string& name, const Json& config) = 0;
    /// The file's content as of `version` or later.
    virtual Json content(const wire::DataVersion& version) const = 0;
    /// Null when there is none of this name.
    virtual Json entry(const std::string& name) const = 0;
    virtual size_t size() const = 0;

   protected:
    ~Table() = default;
  };

  /// `kind`: of the journal's keys. `table` outlives this.
  TableFile(env::FileSystem& fs, env::Clock& clock, std::string path, std::string_view kind, Table& table);

  /// Reads the file (or its .bak) and its journal; a damaged one is set aside and named. False: there is none.
  bool load();
  /// The entry of this name is another one, or no more; without a name only the version moves. Behind the change itself; any thread.
  void changed(std::string_view name);
  /// Any thread.
  wire::DataVersion version() const;

  /// Writes the file when something changed since the last time. ctl loop.
  Result<> persist();
  /// The same, but not before twenty times as long as it took have passed since; until then what changes goes to the journal. ctl loop.
  Result<> persist_in_due_time();
  /// Returns when all changes so far are on the disk: of a small table in its file, else at a cost that does not grow with the table in the
  /// journal. ctl loop.
  Result<> persist_changes();

 private:
  bool small() const noexcept;
  bool journal_changes();

  env::FileSystem& fs_;
  env::Clock& clock_;
  const std::string path_;
  Table& table_;
  mutable Mutex mu_;
  wire::DataVersion version_ GUARDED_BY(mu_);
  std::vector<env::JsonChange> unwritten_ GUARDED_BY(mu_);   // behind the file and its journal, in order; their configs are looked up later
  std::optional<wire::DataVersion> unlisted_ GUARDED_BY(mu_);   // the last change that was one too many for unwritten_
  std::atomic<bool> dirty_{false};   // badge: published
  env::JsonJournal journal_;         // badge: owned by ctl
  int64_t next_persist_ms_ = 0;      // badge: owned by ctl
  size_t written_ = 0;               // badge: owned by ctl; entries in the file
};

}  // namespace mq::broker
