// Every JSON body of a request or answer: byte 0 names the kind, the rest is the body.
#include "fuzz.h"
#include "wire/bodies/client.h"
#include "wire/bodies/route.h"
#include "wire/bodies/stats.h"
#include "wire/bodies/topic_config.h"

namespace {

using namespace mq;
using namespace mq::wire;

/// What is written of a parsed body is parsed to the same.
template <class Parse, class Print>
void check(std::string_view text, Parse parse, Print print) {
  const auto first = parse(text);
  if (!first) return;
  const std::string once = print(*first);
  const auto second = parse(once);
  MQ_CHECK(second);
  MQ_CHECK(print(*second) == once);
}

const auto kPrint = [](const auto& v) { return to_text(to_json(v)); };

/// For parsers that take a Json.
template <class F>
auto from_json(F f) {
  return [f](std::string_view text) -> Result<std::decay_t<decltype(f(Json()))>> {
    MQ_TRY(const Json j, parse_json(text));
    return f(j);
  };
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::Kinded input(data, size);
  const std::string_view text = input.text();
  switch (input.kind % 14) {
    case 0: check(text, heartbeat_from, encode_heartbeat); break;
    case 1: check(text, topic_route_from, kPrint); break;
    case 2: check(text, cluster_info_from, kPrint); break;
    case 3: check(text, topic_list_from, kPrint); break;
    case 4: check(text, kv_table_from, kPrint); break;
    case 5: check(text, topic_stats_from, kPrint); break;
    case 6: check(text, consume_stats_from, kPrint); break;
    case 7: check(text, consumer_connection_from, kPrint); break;
    case 8: check(text, producer_connection_from, [](const auto& v) { return to_text(producer_connection_json(v)); }); break;
    case 9: check(text, from_json(topic_config_table_from), [](const auto& v) { return to_text(to_json(v, true)); }); break;
    case 10: check(text, from_json(group_table_from), kPrint); break;
    case 11: check(text, from_json(subscription_from), kPrint); break;
    case 12: check(text, from_json(message_queue_from), kPrint); break;
    default: {
      const size_t newline = text.find('\n');
      const std::string_view expression = newline == std::string_view::npos ? std::string_view() : text.substr(newline + 1);
      (void)SubscriptionData::build(text.substr(0, newline), expression, "TAG");
    }
  }
  return 0;
}
