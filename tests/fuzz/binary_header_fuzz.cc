// The ROCKETMQ header alone: the input is the header of one frame.
#include "header_law.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mq::fuzz::check_header(mq::wire::SerializeType::kRocketMq, data, size);
  return 0;
}
