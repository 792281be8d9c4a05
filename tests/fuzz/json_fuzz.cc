// The lenient JSON reader, and the writer behind it.
#include "base/json.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mq;
  const fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  const auto value = parse_json(exact.text());
  if (!value) {
    MQ_CHECK(value.error().code() == Errc::kCorrupt && value.error().message().find("byte") != std::string::npos);
    return 0;
  }
  // What the writer makes is read again, and from then on nothing changes any more. The first time it may: the writer
  // leaves out null members, NaN has no text.
  for (const bool browser : {false, true}) {
    const std::string first = to_text(*value, {.browser = browser});
    const auto again = parse_json(first);
    MQ_CHECK(again);
    const std::string second = to_text(*again, {.browser = browser});
    const auto third = parse_json(second);
    MQ_CHECK(third);
    MQ_CHECK(to_text(*third, {.browser = browser}) == second);
  }
  (void)to_text(*value, {.pretty = true});
  (void)value->as_int();
  (void)value->as_double();
  (void)value->as_string();
  return 0;
}
