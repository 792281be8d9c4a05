// Two JSON headers one after the other, several times, through the cache of shapes: it says of each what the parser says, and what is remembered of a
// send's header is what decoding gives. The input's first two bytes are the length of the first header.
#include "fuzz.h"
#include "wire/headers/send.h"
#include "wire/shape_cache.h"
#include "wire/test_util.h"

namespace {

auto all_of(const mq::wire::SendMessageHeaderV2& h) {
  return std::apply([&](const auto&... f) { return std::tuple(h.*f.member...); }, mq::wire::SendMessageHeaderV2::fields());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mq;
  using namespace mq::wire;
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const size_t cut = std::min<size_t>(data[0] << 8 | data[1], text.size());
  ShapeCache cache;
  const std::string_view one = text.substr(0, cut), other = text.substr(cut);
  for (const std::string_view header : {one, other, one, one, other, other}) {
    const fuzz::Exact exact(framed(static_cast<uint8_t>(SerializeType::kJson), header, "body"));
    Frame plain, cached;
    const auto a = decode_frame(exact.bytes(), plain);
    const auto b = cache.decode(exact.bytes(), cached);
    MQ_CHECK(a.has_value() == b.has_value());
    if (!a) continue;
    const auto* const known = remembered_header<SendMessageHeaderV2>(cached.ext);
    const auto wanted = decode_header<SendMessageHeaderV2>(plain.ext), got = decode_header<SendMessageHeaderV2>(cached.ext);
    MQ_CHECK(wanted.has_value() == got.has_value());
    MQ_CHECK(!known || wanted.has_value());
    for (const SendMessageHeaderV2* h : {known, got ? &*got : nullptr}) MQ_CHECK(!h || all_of(*h) == all_of(*wanted));
    MQ_CHECK(describe(plain) == describe(cached));
  }
  return 0;
}
