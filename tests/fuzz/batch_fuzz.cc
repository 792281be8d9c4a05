// The body of SEND_BATCH_MESSAGE: its parts.
#include "fuzz.h"
#include "msg/properties.h"
#include "msg/record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mq;
  const fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  BatchReader parts(exact.bytes());
  MessageFields shared{.topic = "T", .more_properties = "CLUSTER\1c\2"};
  const RecordSeries series(shared);
  BatchPart part;
  for (size_t before = exact.bytes().size(); parts.next(part); before = parts.rest().size()) {
    MQ_CHECK(parts.rest().size() < before);   // each takes at least one byte
    ByteBuffer out, alone;
    shared.flag = part.flag;
    shared.body = part.body;
    shared.properties = part.properties;
    const size_t appended = series.append(part.flag, part.body, part.properties, true, out);
    const auto n = encode_record(shared, alone);
    MQ_CHECK(appended == (n ? *n : 0) && out.text() == alone.text());
    if (n) MQ_CHECK(decode_record(out.view(), RecordCheck::kLengthsAndCrc));
  }
  return 0;
}
