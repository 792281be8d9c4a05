// rocketmq_rpc_latency of a server, from its request meters.
#pragma once

#include <functional>

#include "ops/exposition.h"
#include "remoting/request_meter.h"

namespace mq::ops {

/// One histogram for each request code that has come at least once. `handled` as remoting::Server::handled.
void write_request_latency(Exposition& out, Labels common, const std::function<remoting::RequestMeter::Row(size_t code)>& handled);

}  // namespace mq::ops
