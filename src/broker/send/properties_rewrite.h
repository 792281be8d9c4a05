// What the broker changes in the properties of a message that a producer sends (spec semantics 3.3).
#pragma once

#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "msg/record.h"
#include "wire/header_form.h"

namespace mq::broker {

/// The properties a send looks at, as views into the producer's string; data() == nullptr when absent.
struct SendProperties {
  std::string_view tags;
  std::string_view keys;
  std::string_view uniq_key;
  std::string_view wait;
  std::string_view delay;
  std::string_view tran_msg;
  bool special = false;    // DELAY, TRAN_MSG or a TIMER_ property: a rewrite of the pipeline may apply
  bool timed = false;      // a TIMER_ property
  bool inner = false;      // INNER_NUM: several messages in one, for topics with queues of batches
  bool plain = true;       // none of MSG_REGION, TRACE_ON, CLUSTER, POP_CK occurs and no pair is malformed: kept as it is
};
SendProperties scan_properties(std::string_view text) noexcept;
/// The same of the properties in a header whose form may be known (else null): names are compared once for each form.
SendProperties scan_properties(std::string_view text, wire::HeaderForm* form) noexcept;

/// Appends MSG_REGION, TRACE_ON, CLUSTER and, when absent, UNIQ_KEY; removes POP_CK and earlier values of the first three.
class PropertiesRewriter {
 public:
  PropertiesRewriter(std::string_view region, bool trace_on, std::string_view cluster);
  /// Changes the properties of `m`, as they came from the producer; a new string is in `out` (cleared first). When they would exceed the
  /// record's limit of 32767 bytes the producer's string is kept without additions, so that what the broker adds never makes a legal
  /// message illegal. `new_uniq_key` is used when the producer sent none.
  void rewrite(MessageFields& m, const SendProperties& seen, std::string_view new_uniq_key, ByteBuffer& out) const;
  /// The pairs that every message of a batch gets behind its own: those of the batch, then MSG_REGION, TRACE_ON, CLUSTER. The result is in
  /// `out` (cleared first) or as long-lived as this.
  std::string_view additions(std::string_view of_batch, ByteBuffer& out) const;

 private:
  /// The pairs of `text` that stay, each with its 0x02.
  static void append_kept(std::string_view text, ByteBuffer& out);

  std::string suffix_;     // the three pairs
};

}  // namespace mq::broker
