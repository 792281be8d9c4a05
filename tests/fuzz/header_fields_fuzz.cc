// The header structs of the request table, filled from extFields: int16 index of a row, then lines "key=value".
#include <functional>

#include "base/utf8.h"
#include "fuzz.h"
#include "wire/requests.h"

namespace {

using namespace mq;
using namespace mq::wire;

/// Decoding what was encoded from a decoded header gives the same encoding.
template <class H>
void check(const ExtFields& ext) {
  const auto header = decode_header<H>(ext);
  if (!header) {
    MQ_CHECK(header.error().code() == Errc::kInvalid && !header.error().message().empty());
    return;
  }
  for (const SerializeType type : {SerializeType::kJson, SerializeType::kRocketMq}) {
    ByteBuffer first, second;
    encode_frame(first, {.type = type}, *header);
    Frame frame;
    MQ_CHECK(decode_frame(first.view(), frame));
    const auto again = decode_header<H>(frame.ext);
    if (!again) continue;   // the binary form drops an empty text, which a required field then misses
    encode_frame(second, {.type = type}, *again);
    if (type == SerializeType::kJson) MQ_CHECK(first.text() == second.text());
  }
}

using Row = void (*)(const ExtFields&);
constexpr Row kRows[] = {
#define X(code, name, request, response, ...) check<request>, check<response>,
    MQ_ALL_REQUESTS(X)
#undef X
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  ByteBuffer repaired;   // a decoded frame has no malformed text
  const auto row = static_cast<size_t>(input.number<uint16_t>()) % std::size(kRows);
  append_repaired(repaired, input.rest());
  fuzz::Input lines(reinterpret_cast<const uint8_t*>(repaired.data()), repaired.size());
  ExtFields ext;
  ext.set_present();
  while (!lines.empty()) {
    const std::string_view line = lines.line();
    const size_t equals = line.find('=');
    ext.add(line.substr(0, equals), equals == std::string_view::npos ? std::string_view() : line.substr(equals + 1));
  }
  kRows[row](ext);
  for (const Row one : kRows) one(ext);
  return 0;
}
