// Short texts that come from outside and have a parser of their own: byte 0 names it, the rest is the text.
#include "admin/message_text.h"
#include "admin/options.h"
#include "admin/java_text.h"
#include "admin/static_mapping.h"
#include "auth/access.h"
#include "auth/address_range.h"
#include "broker/txn/half_messages.h"
#include "env/net.h"
#include "fuzz.h"
#include "ops/http_server.h"

namespace {

using namespace mq;

void check_http(std::string_view head) {
  const auto request = ops::parse_http_request(head);
  if (!request) return;
  MQ_CHECK(!request->path.empty() && request->path.front() == '/' && request->path.find('?') == std::string_view::npos);
  const std::string again = std::string(request->method) + " " + std::string(request->path) + "?" + std::string(request->query) + " HTTP/1.1\r\n\r\n";
  const auto same = ops::parse_http_request(again);
  MQ_CHECK(same && same->method == request->method && same->path == request->path && same->query == request->query);
}

/// The body of a message of RMQ_SYS_TRANS_OP_HALF_TOPIC.
void check_op_body(std::string_view body) {
  std::string again;
  const auto offsets = broker::parse_op_body(body);
  for (const int64_t offset : offsets) again += std::to_string(offset) + ",";
  MQ_CHECK(broker::parse_op_body(again) == offsets);
}

void check_endpoint(std::string_view text) {
  const auto endpoint = env::Endpoint::parse(text);
  if (!endpoint) return;
  const auto again = env::Endpoint::parse(endpoint->to_string());
  MQ_CHECK(again && again->port == endpoint->port);
}

/// What mqadmin is told about a static topic.
void check_mapping(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return;
  const admin::MappedTopic topic = admin::mapped_topic_from(*json);
  const std::string once = to_text(to_json(topic));
  MQ_CHECK(to_text(to_json(admin::mapped_topic_from(parse_json(once).value()))) == once);
  if (topic.mapping) (void)admin::check_agreement("T", {{"a", topic}});
}

/// Records as mqadmin prints them.
void check_messages(std::string_view bytes) {
  const auto messages = admin::decode_messages(bytes, "broker-a");
  if (!messages) return;
  for (const auto& m : *messages) {
    MQ_CHECK(!m->offset_msg_id.empty());
    (void)admin::message_ext_text(*m);
    (void)admin::properties_text(*m);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::Kinded input(data, size);
  const std::string_view text = input.text();
  switch (input.kind % 8) {
    case 0: check_http(text); break;
    case 1: check_op_body(text); break;
    case 2: check_endpoint(text); break;
    case 3: check_mapping(text); break;
    case 4: check_messages(text); break;
    case 5: (void)auth::parse_credentials(std::string(text)); break;
    case 6: (void)admin::parse_attributes(text); break;
    default:
      (void)admin::parse_time(std::string(text));
      if (const auto range = auth::AddressRange::parse(text)) (void)range->contains(*Host::parse("10.1.2.3", 0));
  }
  return 0;
}
