// Consumer offsets: (topic, group, queue) -> next offset, consumerOffset.json. Source: spec semantics 13, storage 2.13.4.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/core/context.h"

namespace mq::broker {

/// Any thread; sharded by group, tiny critical sections.
class OffsetTable {
 public:
  explicit OffsetTable(BrokerContext& broker);
  Result<> load();

  std::optional<int64_t> find(std::string_view group, std::string_view topic, int32_t queue_id) const;
  /// Stores also a lower offset.
  void commit(std::string_view group, std::string_view topic, int32_t queue_id, int64_t offset);
  /// nextBeginOffset of the last pull, for in-flight statistics; memory only. `committed`: what the pull commits, with one look-up.
  void note_pull(std::string_view group, std::string_view topic, int32_t queue_id, int64_t offset, std::optional<int64_t> committed = {});
  std::optional<int64_t> pull_offset(std::string_view group, std::string_view topic, int32_t queue_id) const;
  /// A pending server-side reset: set by the admin, taken by the next pull.
  void reset(std::string_view group, std::string_view topic, int32_t queue_id, int64_t offset);
  bool reset_pending(std::string_view group, std::string_view topic, int32_t queue_id) const;
  std::optional<int64_t> take_reset(std::string_view group, std::string_view topic, int32_t queue_id);

  std::map<int32_t, int64_t> queues_of(std::string_view group, std::string_view topic) const;
  std::set<std::string> topics_of(std::string_view group) const;
  /// All of it, for observers: one row for each group and topic; by queue id, -1 where nothing is known.
  struct Row {
    std::string group, topic;
    std::vector<int64_t> committed, pulled;
  };
  std::vector<Row> rows() const;
  std::set<std::string> groups_of(std::string_view topic) const;
  void remove_topic(std::string_view topic);
  void remove_group(std::string_view group);
  std::string encode() const;          // the text of consumerOffset.json, compact for GET_ALL_CONSUMER_OFFSET
  /// Every flushConsumerOffsetInterval, on ctl: the file follows once the log is on the disk.
  void persist_when_durable();
  /// At the end, after Store::sync(): at once.
  Result<> persist();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mq::broker
