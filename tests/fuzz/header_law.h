// What holds for the header of one frame, in either form.
#pragma once

#include "fuzz.h"
#include "wire/frame.h"
#include "wire/test_util.h"

namespace mq::fuzz {

inline void check_header(wire::SerializeType type, const uint8_t* data, size_t size) {
  if (size >= (1 << 24)) return;
  const Exact exact(wire::framed(static_cast<uint8_t>(type), {reinterpret_cast<const char*>(data), size}));
  wire::Frame frame;
  if (!wire::decode_frame(exact.bytes(), frame)) return;
  // Reading it twice, also into an object that was used, gives the same.
  const std::string first = wire::describe(frame);
  MQ_CHECK(wire::decode_frame(exact.bytes(), frame));
  MQ_CHECK(wire::describe(frame) == first);
  // Each text of the header is inside its frame or in the frame's own memory: reading all of it would trip a sanitizer.
  MQ_CHECK(first.size() >= frame.remark.size());
}

}  // namespace mq::fuzz
