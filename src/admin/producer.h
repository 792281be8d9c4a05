// Sends of commands, as a small Java producer makes them. Source: spec mqadmin 4.1, 4.2, 10.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "admin/session.h"

namespace mq::admin {

struct Outgoing {
  std::string topic;
  std::string body;
  std::string keys, tags;      // "": none
};

struct Sent {
  std::string status;          // "SEND_OK", "FLUSH_DISK_TIMEOUT", ...
  std::string msg_id;          // the producer's
  std::string offset_msg_id;
  wire::MessageQueue queue;
  int64_t queue_offset = 0;
  std::string to_text() const;   // Java's SendResult.toString()
};

/// Used by one command on the main thread.
class Producer {
 public:
  Producer(Session& session, std::string group) : s_(session), group_(std::move(group)) {}

  /// Queues of the topic that may be written, by broker name; those of TBW102 when the topic is not there yet. Kept from the first call on.
  /// Errors: "No route info of this topic: ..." in Java's words.
  Result<std::vector<wire::MessageQueue>> queues(const std::string& topic);
  /// To this queue, whether or not queues() knows it. Errors: as the broker words its refusal.
  Result<Sent> send(const Outgoing& message, const wire::MessageQueue& queue);
  /// To the topic's queues in turn; another one when a broker cannot take it, three times in all.
  Result<Sent> send(const Outgoing& message);

 private:
  struct Target {
    std::vector<wire::MessageQueue> queues;
    std::map<std::string, std::string> addrs;   // by broker name
    size_t next = 0;
  };
  Result<Target*> target(const std::string& topic);

  Session& s_;
  const std::string group_;
  std::map<std::string, Target> targets_;
  uint32_t count_ = 0;
  int32_t refused_with_ = 0;   // the code with which a broker refused the last message; 0: none did
};

}  // namespace mq::admin
