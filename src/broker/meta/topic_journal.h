// config/topics.json.journal: what has changed since topics.json was written. One small write makes a topic durable, however many there are.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "env/file.h"
#include "wire/bodies/topic_config.h"

namespace mq::broker {

/// One change; without a config the topic was removed, without a name only the version moved.
struct TopicChange {
  wire::DataVersion version;   // the table's after it
  std::string topic;
  std::optional<wire::TopicConfig> config;
};

/// Lines of JSON: the DataVersion of the topics.json that the changes follow, then a change each. A reader that does not know the file, as a Java
/// broker, finds what topics.json says, which is written whole soon after each change; once anybody has written it the journal counts no more,
/// since its DataVersion is another one.
/// Badge: owned by ctl.
class TopicJournal {
 public:
  TopicJournal(env::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  /// What follows a table of this version, up to the first line that a crash has left torn.
  std::vector<TopicChange> read(const wire::DataVersion& base) const;
  /// topics.json holds a table of this version now: the next append begins anew.
  void follow(const wire::DataVersion& base) { base_ = base, begun_ = false; }
  bool follows() const noexcept { return base_.has_value(); }
  /// Returns when the changes are on the disk. After an error nothing is taken any more until follow().
  Result<> append(const std::vector<TopicChange>& changes);

 private:
  Result<> write(std::string_view text);

  env::FileSystem& fs_;
  const std::string path_;
  std::optional<wire::DataVersion> base_;   // none: unknown, or an append has failed
  std::unique_ptr<env::File> file_;
  int64_t size_bytes_ = 0;
  bool begun_ = false;                      // the file begins with base_
};

}  // namespace mq::broker
