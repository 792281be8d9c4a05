// The files of ACL 1.0 as one table: <home>/conf/acl/**.yml, then <home>/conf/plain_acl.yml. Source: spec semantics 27.1, 27.5.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "auth/plain_acl.h"
#include "base/badges.h"
#include "env/file.h"

namespace mq::auth {

/// Badge: published, a snapshot.
struct PlainTable {
  std::vector<WhiteAddress> white;                                     // of all files: from there everything is admitted
  std::map<std::string, PlainAccount, std::less<>> accounts;           // of an access key in two files, the first
  std::set<std::string, std::less<>> former;                           // keys that an edited file no longer has
  struct Version {
    int64_t counter = 0;
    int64_t timestamp = 0;
  };
  std::map<std::string, Version> versions;                             // by file
};

/// Reads are for any thread; start and changes for one thread at a time.
class PlainFiles {
 public:
  PlainFiles(env::FileSystem& fs, std::string home) : fs_(fs), home_(std::move(home)) {}
  /// Errors: kInvalid without a home or naming the file and what is wrong in it.
  Result<> load();
  /// Reads files that changed, came or went. One that cannot be read keeps counting as it was, and is named in the log.
  void refresh();
  std::shared_ptr<const PlainTable> table() const noexcept { return table_.get(); }
  std::string default_file() const { return home_ + "/conf/plain_acl.yml"; }

  // Each writes the file (the old one stays as .bak) and counts at once. Errors: kInvalid in RocketMQ's words; kNotFound; kIo.
  Result<> put_account(const PlainAccountChange& change, int64_t now_ms);
  Result<> delete_account(std::string_view access_key, int64_t now_ms);
  /// `path` empty: the default file.
  Result<> put_white_addresses(const std::vector<std::string>& addresses, std::string path, int64_t now_ms);
  /// What request 54 shows, with stars for secrets.
  Json shown() const;

 private:
  struct Known {
    int64_t size = 0, mtime_ms = 0;
    PlainFile file;
  };
  std::vector<std::string> find() const;
  void find_in(const std::string& dir, int depth, std::vector<std::string>& found) const;
  Result<Known> read(const std::string& path) const;
  Result<> write(const std::string& path, const Json& content);
  void publish();
  const std::string* file_of(std::string_view access_key) const;

  env::FileSystem& fs_;
  const std::string home_;
  std::vector<std::string> order_;          // badge: the changing thread's
  std::map<std::string, Known> files_;      // badge: the changing thread's
  std::set<std::string, std::less<>> seen_; // badge: the changing thread's; access keys ever loaded
  Published<PlainTable> table_;             // badge: published
};

}  // namespace mq::auth
