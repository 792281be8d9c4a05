// Header of CONSUMER_SEND_MSG_BACK (36). Source: spec protocol 4.2.
#pragma once

#include "wire/header_codec.h"

namespace mq::wire {

struct ConsumerSendMsgBackHeader {
  int64_t offset = 0;                        // physical offset of the message
  std::string group;
  int32_t delayLevel = 0;
  std::optional<std::string> originMsgId;
  std::optional<std::string> originTopic;
  bool unitMode = false;
  std::optional<int32_t> maxReconsumeTimes;

  static constexpr auto fields() {
    using H = ConsumerSendMsgBackHeader;
    return std::tuple{required("offset", &H::offset), required("group", &H::group), required("delayLevel", &H::delayLevel),
                      optional("originMsgId", &H::originMsgId), optional("originTopic", &H::originTopic),
                      optional("unitMode", &H::unitMode), optional("maxReconsumeTimes", &H::maxReconsumeTimes)};
  }
};

}  // namespace mq::wire
