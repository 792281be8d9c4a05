// A byte stream as a connection gets it: frame by frame, both header types.
#include "fuzz.h"
#include "wire/frame.h"
#include "wire/test_util.h"

namespace {

using namespace mq;
using namespace mq::wire;

/// What was decoded, written again in the other and the same form, says the same.
void write_again(const Frame& frame, SerializeType type) {
  // The binary header holds 16 bits of code and version, keys below 32 KiB, and takes an empty value for none.
  ByteBuffer out;
  FrameWriter w(out, {.type = type, .code = static_cast<int16_t>(frame.code), .opaque = frame.opaque, .flag = frame.flag,
                      .version = static_cast<int16_t>(frame.version), .language = kLanguageJava, .remark = frame.remark}, true);
  for (const auto& [key, value] : frame.ext.pairs()) {
    const bool plain = std::all_of(key.begin(), key.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)); });
    if (!key.empty() && plain && key.size() < 100 && !value.empty()) w.field(key, value);
  }
  w.finish(frame.body);
  Frame again;
  const auto r = decode_frame(out.view(), again);
  MQ_CHECK(r);
  MQ_CHECK(again.code == static_cast<int16_t>(frame.code) && again.opaque == frame.opaque && again.flag == frame.flag);
  MQ_CHECK(again.remark == frame.remark);
  MQ_CHECK(as_text(again.body) == as_text(frame.body));
  ByteBuffer twice;
  FrameWriter v(twice, {.type = type, .code = again.code, .opaque = again.opaque, .flag = again.flag, .version = again.version,
                        .language = kLanguageJava, .remark = again.remark}, true);
  for (const auto& [key, value] : again.ext.pairs()) v.field(key, value);
  v.finish(again.body);
  if (type == SerializeType::kRocketMq) MQ_CHECK(twice.text() == out.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view stream(reinterpret_cast<const char*>(data), size);
  Frame frame;
  while (!stream.empty()) {
    const FrameSize found = probe_frame(as_bytes(stream));
    if (found.state != FrameSize::State::kComplete) break;
    MQ_CHECK(found.bytes >= 8 && found.bytes <= stream.size());
    const fuzz::Exact exact(stream.substr(0, found.bytes));
    if (decode_frame(exact.bytes(), frame)) {
      write_again(frame, SerializeType::kJson);
      write_again(frame, SerializeType::kRocketMq);
    }
    stream.remove_prefix(found.bytes);
  }
  return 0;
}
