// How a PutStatus is answered (spec semantics 3.4): code and remark, one list.
#pragma once

#include <string>

#include "broker/core/put_pipeline.h"
#include "wire/response_code.h"

namespace mq::broker {

struct PutAnswer {
  wire::ResponseCode code;
  std::string remark;       // empty: none
  bool stored;              // the answer carries msgId, queueId and queueOffset
};
PutAnswer answer_of(const PutResult& result, const BrokerContext& broker);

}  // namespace mq::broker
