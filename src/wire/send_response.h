// The answer to SEND_MESSAGE, SEND_MESSAGE_V2 and SEND_BATCH_MESSAGE from a template: what does not change between two
// answers of a broker is laid out once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/frame.h"

namespace mq::wire {

/// What differs from one stored message to the next.
struct SendAnswer {
  SerializeType type = SerializeType::kJson;
  int32_t code = 0;
  int32_t opaque = 0;
  std::string_view msgId;
  bool plain_id = false;            // msgId has nothing that JSON writes as another: who made it knows
  int32_t queueId = 0;
  int64_t queueOffset = 0;          // index in the ConsumeQueue, of a batch that of its first message
  std::string_view transactionId;   // data() == nullptr: none
};

/// Immutable once made, so any thread may use it.
class SendResponseTemplate {
 public:
  /// `region` and `trace_on`: MSG_REGION and TRACE_ON of every answer.
  SendResponseTemplate(std::string_view region, std::string_view trace_on);

  /// Appends the bytes that encode_frame gives for a SendMessageResponseHeader with these fields and no body.
  void append(ByteBuffer& out, const SendAnswer& a) const;

 private:
  void append_json(ByteBuffer& out, const SendAnswer& a) const;
  void append_binary(ByteBuffer& out, const SendAnswer& a) const;
  void append_generic(ByteBuffer& out, const SendAnswer& a) const;

  std::string region_;
  std::string trace_on_;
  std::string json_tail_;     // from the last two fields to the opaque
  std::string binary_tail_;   // the last two fields
};

}  // namespace mq::wire
