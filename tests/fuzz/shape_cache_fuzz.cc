// Two JSON headers one after the other through the cache of shapes: it says of each what the parser says. The input's first
// two bytes are the length of the first header.
#include "fuzz.h"
#include "wire/shape_cache.h"
#include "wire/test_util.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mq;
  using namespace mq::wire;
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const size_t cut = std::min<size_t>(data[0] << 8 | data[1], text.size());
  ShapeCache cache;
  for (const std::string_view header : {text.substr(0, cut), text.substr(cut), text.substr(0, cut)}) {
    const fuzz::Exact exact(framed(static_cast<uint8_t>(SerializeType::kJson), header, "body"));
    Frame plain, cached;
    const auto a = decode_frame(exact.bytes(), plain);
    const auto b = cache.decode(exact.bytes(), cached);
    MQ_CHECK(a.has_value() == b.has_value());
    MQ_CHECK(!a || describe(plain) == describe(cached));
  }
  return 0;
}
