#include "broker/stats/stats_room.h"

#include <fmt/format.h>

#include <numeric>

#include "base/json.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

void StatsItem::sample(const Sample& now) {
  for (Ring& ring : rings_) {
    const size_t n = ring.samples.size();
    if (n < 2 || ring.samples[n - 1].at_ms - ring.samples[n - 2].at_ms >= ring.step_ms) {
      ring.samples.push_back(now);
    } else {
      ring.samples.back() = now;
    }
    // The first sample is the newest that lies a whole span back.
    while (ring.samples.size() > 2 && now.at_ms - ring.samples[1].at_ms >= ring.step_ms * ring.steps) ring.samples.pop_front();
  }
}

StatsItem::Summary StatsItem::over(Span span) const {
  const auto& samples = rings_[static_cast<size_t>(span)].samples;
  if (samples.empty()) return {};
  const Sample &first = samples.front(), &last = samples.back();
  Summary s;
  s.sum = last.value - first.value;
  if (last.at_ms > first.at_ms) s.tps = static_cast<double>(s.sum) * 1000 / static_cast<double>(last.at_ms - first.at_ms);
  if (last.times > first.times) s.avgpt = static_cast<double>(s.sum) / static_cast<double>(last.times - first.times);
  return s;
}

void StatsRoom::start() {
  broker_.env.run_on(*broker_.ctl, [this] { sampler_ = env::Periodic(*broker_.ctl, kSampleMs, kSampleMs, [this] { sample(); }); });
}

void StatsRoom::stop() {
  broker_.env.run_on(*broker_.ctl, [this] { sampler_.stop(); });
}

StatsRoom::Counts StatsRoom::counts() const {
  Counts all;
  int64_t put = 0, got = 0;
  const auto take = [&](const char* name, const std::string& key, int64_t value, int64_t times) {
    if (times > 0) all.push_back({{name, key}, value, times});
  };
  broker_.traffic->each_topic([&](const std::string& topic, const Traffic::TopicSum& s) {
    const int64_t nums = std::accumulate(s.put_nums.begin(), s.put_nums.end(), int64_t{0});
    const int64_t bytes = std::accumulate(s.put_bytes.begin(), s.put_bytes.end(), int64_t{0});
    put += nums;
    take("TOPIC_PUT_NUMS", topic, nums, nums);
    take("TOPIC_PUT_SIZE", topic, bytes, nums);
  });
  broker_.traffic->each_group([&](const std::string& topic, const std::string& group, const Traffic::GroupSum& s) {
    const std::string key = topic + "@" + group;
    got += s.get_nums;
    take("GROUP_GET_NUMS", key, s.get_nums, s.get_nums);
    take("GROUP_GET_SIZE", key, s.get_bytes, s.get_nums);
    take("SNDBCK_PUT_NUMS", key, s.send_back_nums, s.send_back_nums);
  });
  take("BROKER_PUT_NUMS", broker_.cluster, put, put);
  take("BROKER_GET_NUMS", broker_.cluster, got, got);
  return all;
}

void StatsRoom::sample() {
  const Counts all = counts();   // before the mutex: summing takes those of the counters
  const int64_t now = broker_.env.clock().now_ms();
  MutexLock lock(mu_);
  for (const Count& c : all) {
    const auto [item, is_new] = items_.try_emplace(c.name);
    // A number that appears was zero before: its first sample says so, or its first messages would count nowhere.
    if (is_new) item->second.sample({now - kSampleMs, 0, 0});
    item->second.sample({now, c.value, c.times});
  }
}

Answer StatsRoom::view(const wire::BrokerStatsHeader& h, Request& request) {
  sample();   // what was counted since the last step belongs to the answer
  MutexLock lock(mu_);
  const auto item = items_.find({h.statsName, h.statsKey});
  if (item == items_.end()) {
    return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("The stats <{}> <{}> not exist", h.statsName, h.statsKey));
  }
  const auto json = [&](StatsItem::Span span) REQUIRES(mu_) {
    const StatsItem::Summary s = item->second.over(span);
    return Json::object().add("avgpt", s.avgpt).add("sum", s.sum).add("tps", s.tps);
  };
  return request.ok_body(to_text(Json::object()
                                     .add("statsDay", json(StatsItem::Span::kDay))
                                     .add("statsHour", json(StatsItem::Span::kHour))
                                     .add("statsMinute", json(StatsItem::Span::kMinute))));
}

}  // namespace mq::broker
