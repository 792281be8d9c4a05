// Messages as the tool reads and prints them. Source: spec mqadmin 4.3, 4.8, 10.
#pragma once

#include <string>
#include <vector>

#include "admin/session.h"
#include "msg/record.h"

namespace mq::admin {

/// A stored message with what a Java client adds when it decodes one.
struct Message {
  std::string record;               // its bytes; the views of `fields` point into it
  RecordView view;
  std::string broker_name;
  std::string offset_msg_id;
  std::string msg_id;               // UNIQ_KEY, or the offset id when it has none
  std::vector<std::pair<std::string, std::string>> properties;   // in Java's map order
  std::string body;                 // decompressed when it could be
  void add_property(std::string name, std::string value);        // MIN_OFFSET, MAX_OFFSET
  std::string property(std::string_view name) const;             // "" when absent
};

/// Splits records that stand back to back. Errors: kCorrupt.
Result<std::vector<std::unique_ptr<Message>>> decode_messages(std::string_view bytes, const std::string& broker_name);

/// Java's MessageExt.toString(); `body`: false as of a message read without it ("body=null").
std::string message_ext_text(const Message& m, bool body = true);
/// A message for --json; its body is taken for UTF-8.
Json to_record(const Message& m, bool with_body = true);
/// "{KEYS=k, TAGS=t}".
std::string properties_text(const Message& m);
/// The block of queryMsgById, with the body written to /tmp/rocketmq/msgbodys/<id><suffix>.
Result<> print_message(Session& session, const Message& m, bool with_offset_id, const std::string& suffix, bool print_body);

}  // namespace mq::admin
