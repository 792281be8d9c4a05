// A record of the CommitLog, as the store reads it back and as a client gets it in the body of a pull.
#include "fuzz.h"
#include "msg/properties.h"
#include "msg/record.h"
#include "base/utf8.h"

namespace {

using namespace mq;

/// The same fields encoded again give the same bytes, apart from the version, the CRC and a CRC property behind.
void encode_again(const RecordView& record) {
  ByteBuffer out;
  const auto size = encode_record(record.m, out);
  if (!size) return;
  const auto again = decode_record(out.view(), RecordCheck::kLengthsAndCrc);
  MQ_CHECK(again);
  MQ_CHECK(again->m.topic == record.m.topic && again->m.properties == record.m.properties);
  MQ_CHECK(as_text(again->m.body) == as_text(record.m.body));
  MQ_CHECK(again->m.queueOffset == record.m.queueOffset && again->m.physicalOffset == record.m.physicalOffset);
  MQ_CHECK(again->m.bornHost == record.m.bornHost && again->m.storeHost == record.m.storeHost);
  MQ_CHECK(again->m.storeTimestamp == record.m.storeTimestamp && again->m.bornTimestamp == record.m.bornTimestamp);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  ByteView rest = exact.bytes();
  for (const RecordCheck how : {RecordCheck::kLengths, RecordCheck::kLengthsAndCrc}) {
    rest = exact.bytes();
    while (rest.size() >= 8) {
      if (is_filler(rest)) break;
      const auto record = decode_record(rest, how);
      if (!record) break;
      MQ_CHECK(!record->bytes.empty() && record->bytes.size() <= rest.size());
      encode_again(*record);
      rest = rest.subspan(record->bytes.size());
    }
  }
  if (const auto id = parse_offset_msg_id(exact.text())) {
    const std::string text = offset_msg_id(id->host, id->offset);
    const auto again = parse_offset_msg_id(text);
    MQ_CHECK(again && again->host == id->host && again->offset == id->offset);
  }
  return 0;
}
