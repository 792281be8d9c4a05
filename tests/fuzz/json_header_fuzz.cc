// The JSON header alone: the input is the header of one frame.
#include "fuzz.h"
#include "wire/frame.h"
#include "wire/test_util.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mq;
  using namespace mq::wire;
  if (size >= (1 << 24)) return 0;
  const fuzz::Exact exact(framed(static_cast<uint8_t>(SerializeType::kJson), {reinterpret_cast<const char*>(data), size}));
  Frame frame;
  if (!decode_frame(exact.bytes(), frame)) return 0;
  // Reading it twice, also into an object that was used, gives the same.
  const std::string first = describe(frame);
  MQ_CHECK(decode_frame(exact.bytes(), frame));
  MQ_CHECK(describe(frame) == first);
  // Each text of the header is inside its frame or in the frame's own memory: reading all of it would trip a sanitizer.
  MQ_CHECK(first.size() >= frame.remark.size());
  return 0;
}
