#include "ops/request_metrics.h"

#include <algorithm>

#include "wire/requests.h"

namespace mq::ops {

void write_request_latency(Exposition& out, Labels common, const std::function<remoting::RequestMeter::Row(size_t code)>& handled) {
  using remoting::RequestMeter;
  out.family("rocketmq_rpc_latency_milliseconds", Exposition::Type::kHistogram,
             "Time from the turn of the loop that read a request to the end of its handling, when answers leave.", common);
  for (size_t code = 0; code <= RequestMeter::kCodes; ++code) {
    const RequestMeter::Row row = handled(code);
    if (row.total() == 0) continue;
    std::string name(code < RequestMeter::kCodes ? to_string(static_cast<wire::RequestCode>(code)) : "OTHER");
    if (name.empty()) name = std::to_string(code);
    std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    out.histogram({{"protocol_type", "remoting"}, {"request_code", name}}, RequestMeter::kBoundsMs, row.counts, static_cast<double>(row.sum_us) / 1000);
  }
}

}  // namespace mq::ops
