// The body of REGISTER_BROKER in all its forms: int32 version of the sender, then the body. The rest of the first bytes
// also goes through zlib, so that the compressed form is reached without finding a valid stream by chance.
#include <zlib.h>

#include "fuzz.h"
#include "wire/bodies/topic_config.h"

namespace {

using namespace mq;
using namespace mq::wire;

void check(std::string_view body, int32_t version) {
  const fuzz::Exact exact(body);
  const auto first = decode_register_body(exact.text(), version);
  if (!first) return;
  for (const auto& [name, config] : first->topics.topicConfigTable) {
    (void)name;
    (void)TopicConfig::decode_line(config.encode_line());
    (void)config.to_text();
  }
  const std::string once = encode_register_body(*first);
  const auto second = decode_register_body(once, 479);
  MQ_CHECK(second);
  MQ_CHECK(encode_register_body(*second) == once);
  if (const auto packed = encode_register_body_compressed(*first)) (void)decode_register_body(*packed, 479);
}

std::string deflated(std::string_view text) {
  std::string out(compressBound(text.size()), '\0');
  uLongf n = out.size();
  MQ_CHECK(compress2(reinterpret_cast<Bytef*>(out.data()), &n, reinterpret_cast<const Bytef*>(text.data()), text.size(), 1) == Z_OK);
  out.resize(n);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const auto version = input.number<int32_t>();
  if (input.rest().size() > 1 << 20) return 0;
  check(input.rest(), version);
  check(deflated(input.rest()), version);
  (void)TopicConfig::decode_line(input.rest());
  return 0;
}
