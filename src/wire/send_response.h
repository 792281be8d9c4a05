// The answer to SEND_MESSAGE, SEND_MESSAGE_V2 and SEND_BATCH_MESSAGE from a template: what does not change between two
// answers of a broker is laid out once.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "msg/offset_msg_ids.h"
#include "wire/frame.h"

namespace mq::wire {

/// What differs from one stored message to the next.
struct SendAnswer {
  SerializeType type = SerializeType::kJson;
  int32_t code = 0;
  int32_t opaque = 0;
  std::span<const PhyOffset> stored_at;   // of the message, of a batch of each: what its msgId says; at least one
  int32_t queueId = 0;
  int64_t queueOffset = 0;          // index in the ConsumeQueue, of a batch that of its first message
  std::string_view transactionId;   // data() == nullptr: none
};

/// Immutable once made, so any thread may use it.
class SendResponseTemplate {
 public:
  /// `store_host`: in every msgId. `region` and `trace_on`: MSG_REGION and TRACE_ON of every answer.
  SendResponseTemplate(const Host& store_host, std::string_view region, std::string_view trace_on);

  /// Appends the bytes that encode_frame gives for a SendMessageResponseHeader with these fields and no body.
  void append(ByteBuffer& out, const SendAnswer& a) const;

 private:
  void append_generic(ByteBuffer& out, const SendAnswer& a) const;

  const OffsetMsgIds ids_;
  const std::string region_;
  const std::string trace_on_;
  static constexpr size_t kLengths = 8;    // of the frame and of its header
  // Of SUCCESS in JSON:
  std::array<std::byte, 80> head_{};       // the lengths to be, then all before the first msgId's offset
  size_t head_size_ = 0;
  std::string tail_;                       // from the last two fields to the opaque
};

}  // namespace mq::wire
