// The body of SEND_BATCH_MESSAGE: its parts.
#include "fuzz.h"
#include "msg/properties.h"
#include "msg/record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mq;
  const fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  ByteView rest = exact.bytes();
  for (size_t parts = 0;; ++parts) {
    MQ_CHECK(parts <= exact.bytes().size());   // each takes at least one byte
    const size_t before = rest.size();
    const auto part = next_batch_part(rest);
    if (!part || !*part) break;
    MQ_CHECK(rest.size() < before);
    ByteBuffer out;
    const auto n = encode_record({.topic = "T", .flag = (*part)->flag, .body = (*part)->body, .properties = (*part)->properties}, out);
    if (n) MQ_CHECK(decode_record(out.view(), RecordCheck::kLengthsAndCrc));
  }
  return 0;
}
