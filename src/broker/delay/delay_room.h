// Delay levels: a message with DELAY > 0 waits in SCHEDULE_TOPIC_XXXX, queue level - 1, and is put to its real topic when it
// is due. Source: spec semantics 6, storage 3.10, 2.13.6.
#pragma once

#include <map>
#include <memory>

#include "broker/core/put_pipeline.h"
#include "broker/delay/delay_levels.h"
#include "remoting/router.h"

namespace mq::broker {

/// Lives on ctl (badge of all state: owned by ctl), but for the rewrite, which runs on any loop and only reads the levels.
/// Pending messages cost no memory: they are in the log, found through the queue's entries, whose tagsCode is their time.
class DelayRoom {
 public:
  DelayRoom(BrokerContext& broker, PutPipeline& pipeline, DelayLevels levels);
  ~DelayRoom();

  /// Reads delayOffset.json (or its .bak) and moves offsets into their queues' range. Before start(), not from a loop.
  Result<> load();
  /// Starts delivering. Not from a loop.
  void start();
  /// Stops delivering and writes the file. Not from a loop.
  void stop();
  /// delayOffset.json as one line, for GET_ALL_DELAY_OFFSET. Any thread.
  std::string encode() const;
  remoting::Answer all_offsets(const wire::NoHeader&, remoting::Request& request) { return request.ok_body(encode()); }

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::GET_ALL_DELAY_OFFSET, &DelayRoom::all_offsets>>;
  /// (level, next offset, max offset) of levels that have delivered, for the runtime info. Any thread.
  struct Progress { int32_t level; int64_t offset; int64_t max; };
  std::vector<Progress> progress() const;

 private:
  store::PutStatus rewrite(PutMessage& message, std::deque<std::string>& scratch) const;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mq::broker
