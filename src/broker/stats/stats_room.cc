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
  broker_.env.run_on(*broker_.ctl, [this] { sampler_ = env::Periodic(*broker_.ctl, kSampleMs, kSampleMs, [this] { sample(all_counts()); }); });
}

void StatsRoom::stop() {
  broker_.env.run_on(*broker_.ctl, [this] { sampler_.stop(); });
}

void StatsRoom::Counts::add(std::string_view name, std::string_view key, int64_t value, int64_t times) {
  if (times > 0) list.push_back({{std::string(name), std::string(key)}, value, times});
}

int64_t StatsRoom::Counts::add_topic(const std::string& topic, const Traffic::TopicSum& s) {
  const int64_t nums = std::accumulate(s.put_nums.begin(), s.put_nums.end(), int64_t{0});
  const int64_t bytes = std::accumulate(s.put_bytes.begin(), s.put_bytes.end(), int64_t{0});
  add("TOPIC_PUT_NUMS", topic, nums, nums);
  add("TOPIC_PUT_SIZE", topic, bytes, nums);
  return nums;
}

void StatsRoom::Counts::add_group(const std::string& key, const Traffic::GroupSum& s) {
  add("GROUP_GET_NUMS", key, s.get_nums, s.get_nums);
  add("GROUP_GET_SIZE", key, s.get_bytes, s.get_nums);
  add("SNDBCK_PUT_NUMS", key, s.send_back_nums, s.send_back_nums);
}

StatsRoom::Counts StatsRoom::all_counts() const {
  Counts all;
  int64_t put = 0, got = 0;
  broker_.traffic->each_topic([&](const std::string& topic, const Traffic::TopicSum& s) { put += all.add_topic(topic, s); });
  broker_.traffic->each_group([&](const std::string& topic, const std::string& group, const Traffic::GroupSum& s) {
    all.add_group(topic + "@" + group, s);
    got += s.get_nums;
  });
  all.add("BROKER_PUT_NUMS", broker_.cluster, put, put);
  all.add("BROKER_GET_NUMS", broker_.cluster, got, got);
  return all;
}

/// Only what one key stands for: a tool asks for every topic and group in turn.
StatsRoom::Counts StatsRoom::counts_of(const std::string& name, const std::string& key) const {
  if (name.starts_with("BROKER_")) return all_counts();
  Counts some;
  if (name.starts_with("TOPIC_")) {
    some.add_topic(key, broker_.traffic->topic_sum(key));
  } else if (const size_t at = key.find('@'); at != std::string::npos) {   // no topic's name has one
    some.add_group(key, broker_.traffic->group_sum(std::string_view(key).substr(0, at), std::string_view(key).substr(at + 1)));
  }
  return some;
}

void StatsRoom::sample(const Counts& counts) {
  const int64_t now = broker_.env.clock().now_ms();
  MutexLock lock(mu_);
  for (const Count& c : counts.list) {
    const auto [item, is_new] = items_.try_emplace(c.name);
    // A number that appears was zero before: its first sample says so, or its first messages would count nowhere.
    if (is_new) item->second.sample({now - kSampleMs, 0, 0});
    item->second.sample({now, c.value, c.times});
  }
}

Answer StatsRoom::view(const wire::BrokerStatsHeader& h, Request& request) {
  sample(counts_of(h.statsName, h.statsKey));   // what was counted since the last step belongs to the answer
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
