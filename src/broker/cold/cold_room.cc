#include "broker/cold/cold_room.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "base/numbers.h"
#include "base/properties_file.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {
Logger log("cold");
}

Answer ColdRoom::set_thresholds(const wire::NoHeader&, Request& request) {
  const auto lines = parse_properties(request.body_text());
  if (!lines) return request.refuse(ResponseCode::SYSTEM_ERROR, "string2Properties error");
  MutexLock lock(mu_);
  for (const PropertyLine& line : *lines) {
    const auto threshold = parse_int64(line.value);   // QUIRK: a threshold that is no number is passed over
    if (threshold && (thresholds_.size() < kMaxGroups || thresholds_.contains(line.key))) thresholds_[line.key] = *threshold;
  }
  return request.ok();
}

Answer ColdRoom::remove_threshold(const wire::NoHeader&, Request& request) {
  MutexLock lock(mu_);
  thresholds_.erase(std::string(request.body_text()));
  return request.ok();
}

Answer ColdRoom::info(const wire::NoHeader&, Request& request) {
  Json by_group = Json::object();
  {
    MutexLock lock(mu_);
    for (const auto& [group, threshold] : thresholds_) by_group.add(group, threshold);
  }
  return request.ok_body(to_text(Json::object()
                                     .add("runtimeTable", Json::object())
                                     .add("globalAcc", 0)
                                     .add("configTable", std::move(by_group))
                                     .add("cgColdReadThreshold", broker_.config.cgColdReadThreshold())
                                     .add("globalColdReadThreshold", broker_.config.globalColdReadThreshold())));
}

Answer ColdRoom::set_read_ahead(const wire::ReadAheadHeader& h, Request& request) {
  if (request.frame().ext.empty()) return request.refuse(ResponseCode::SYSTEM_ERROR, "set commitlog readahead mode param error");
  const auto mode = parse_int64(h.READ_AHEAD_MODE.value_or(""));
  if (!mode) return request.refuse(ResponseCode::SYSTEM_ERROR, "set commitlog readahead mode failed");
  if (*mode != 0 && *mode != 1) return request.refuse(ResponseCode::INVALID_PARAMETER, "set commitlog readahead mode param value error");
  broker_.store.set_read_ahead(*mode == 0);
  log.info("read-ahead of the CommitLog is switched {} by {}", *mode == 0 ? "on" : "off", request.session().peer_text());
  return request.answer(ResponseCode::SUCCESS, wire::NoHeader{}, fmt::format("set commitlog readahead mode success, mode: {}", *mode));
}

}  // namespace mq::broker
