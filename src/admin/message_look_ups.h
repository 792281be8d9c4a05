// How commands come by messages: pulls from a queue, look-ups by key or id. Source: spec mqadmin 2.2, 4.3, 4.8.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admin/message_text.h"
#include "admin/options.h"
#include "admin/session.h"

namespace mq::admin {

inline constexpr int32_t kPullBatch = 32;

/// What one pull brought; `status` is the client's word for the answer's code.
struct Pulled {
  std::string status;
  int64_t next = 0, min = 0, max = 0;
  std::vector<std::unique_ptr<Message>> messages;
};

/// One pull without waiting, as the tools' DefaultMQPullConsumer sends it. Tags are compared again, as clients do.
Result<Pulled> pull(Session& s, const std::string& addr, const wire::MessageQueue& q, int64_t offset, int32_t count, std::string_view expression);

/// A queue with the address of its broker.
struct QueueAt {
  wire::MessageQueue queue;
  std::string addr;
};
/// Readable queues in the order in which Java's hash set holds them. Errors: as Java's pull consumer words them.
Result<std::vector<QueueAt>> queues_of(Session& s, const std::string& topic);

/// The queue's bounds, narrowed by the times that the options `begin` and `end` give.
struct Range { int64_t from = 0, to = 0; };
Result<Range> range_of(Session& s, const QueueAt& q, const Options& o, std::string_view begin, std::string_view end);

/// Messages of a topic by key, from all brokers of its route; false positives of the index are dropped.
/// Errors: 208 when there is none, 17 without a route.
Result<std::vector<std::unique_ptr<Message>>> query_messages(Session& s, const std::string& topic, const std::string& key, int32_t max, int64_t begin_ms,
                                                             int64_t end_ms, bool unique);
/// By the id a broker gave (asked at the host in it), else by the id its producer gave, of the last three days.
Result<std::unique_ptr<Message>> message_by_id(Session& s, const std::string& topic, const std::string& id);

/// Has one consumer consume a message again, at once, and prints what it made of it.
Result<> consume_directly(Session& s, const Message& m, const std::string& group, const std::string& client_id);

}  // namespace mq::admin
