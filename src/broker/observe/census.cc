#include "broker/observe/census.h"

#include <algorithm>
#include <numeric>

#include "msg/names.h"

namespace mq::broker {

namespace {

constexpr int64_t kRatePeriodMs = 10'000;

int64_t sum(const auto& values) { return std::accumulate(values.begin(), values.end(), int64_t{0}); }
int64_t at(const std::vector<int64_t>& v, int32_t id) { return static_cast<size_t>(id) < v.size() ? v[static_cast<size_t>(id)] : -1; }

}  // namespace

void CensusTaker::rate(const std::string& key, int64_t nums, int64_t bytes, double& nums_rate, double& bytes_rate) {
  const auto [it, fresh] = past_.try_emplace(key);
  Past& p = it->second;
  if (seconds_ > 0 || fresh) {
    // A topic seen for the first time has had all its traffic since the last look.
    if (seconds_ > 0) {
      p.nums_rate = static_cast<double>(nums - p.nums) / seconds_;
      p.bytes_rate = static_cast<double>(bytes - p.bytes) / seconds_;
    }
    p.nums = nums;
    p.bytes = bytes;
  }
  p.round = round_;
  nums_rate = p.nums_rate;
  bytes_rate = p.bytes_rate;
}

LagCensus CensusTaker::lag_of(const OffsetTable::Row& row, int32_t queues, int64_t now_ms) const {
  LagCensus out{.group = row.group, .topic = row.topic, .retry = is_retry_topic(row.topic), .system = meta_.topics.is_system(row.topic)};
  for (const store::QueueRef& queue : broker_.store.queues_of(row.topic)) {
    const int32_t id = store::Store::queue_id_of(*queue);
    if (id >= queues) break;
    const int64_t min = broker_.store.min_offset(*queue).index, max = broker_.store.max_offset(*queue).index;
    const int64_t committed = std::clamp(at(row.committed, id), min, std::max(min, max));
    const int64_t pulled = std::clamp(at(row.pulled, id), committed, std::max(committed, max));
    const int64_t lag = max - committed;
    out.committed_sum += committed;
    out.lag += lag;
    out.inflight += pulled - committed;
    out.ready += max - pulled;
    out.queue_lags.emplace_back(id, lag);
    if (lag <= 0) continue;
    const int64_t stored_ms = broker_.store.store_time(*queue, {committed});
    if (stored_ms > 0) out.latency_ms = std::max(out.latency_ms, now_ms - stored_ms);
    if (pulled >= max) continue;
    const int64_t waiting_ms = pulled == committed ? stored_ms : broker_.store.store_time(*queue, {pulled});
    if (waiting_ms > 0) out.queueing_ms = std::max(out.queueing_ms, now_ms - waiting_ms);
  }
  return out;
}

Census CensusTaker::take() {
  Census census;
  const int64_t now_ms = broker_.env.clock().now_ms(), mono_ms = broker_.env.clock().mono_ms();
  seconds_ = rated_ms_ > 0 && mono_ms - rated_ms_ >= kRatePeriodMs ? static_cast<double>(mono_ms - rated_ms_) / 1000 : 0;
  if (rated_ms_ == 0 || seconds_ > 0) rated_ms_ = mono_ms;
  ++round_;
  std::unordered_map<std::string, Traffic::TopicSum> traffic;
  broker_.traffic->each_topic([&](const std::string& topic, const Traffic::TopicSum& s) { traffic.emplace(topic, s); });
  for (const TopicRef& topic : meta_.topics.all()) {
    TopicCensus t{.name = topic->name(), .system = meta_.topics.is_system(topic->name())};
    const auto config = topic->config();
    const int32_t queues = std::max(config->readQueueNums, config->writeQueueNums);
    for (const store::QueueRef& queue : broker_.store.queues_of(t.name)) {
      if (store::Store::queue_id_of(*queue) >= queues) break;
      t.max_offset_sum += broker_.store.max_offset(*queue).index;
    }
    if (const auto it = traffic.find(t.name); it != traffic.end()) t.traffic = it->second;
    rate(t.name, sum(t.traffic.put_nums), sum(t.traffic.put_bytes), t.put_tps, t.put_bytes_per_second);
    census.topics.push_back(std::move(t));
  }
  for (const OffsetTable::Row& row : meta_.offsets.rows()) {
    const TopicRef topic = meta_.topics.find(row.topic);
    const auto online = meta_.clients.consumer_group(row.group);
    if (!topic || (online && online->model == wire::MessageModel::BROADCASTING)) continue;
    census.lags.push_back(lag_of(row, topic->config()->readQueueNums, now_ms));
  }
  broker_.traffic->each_group([&](const std::string& topic, const std::string& group, const Traffic::GroupSum& s) {
    if (!meta_.topics.find(topic)) return;
    GetCensus g{.topic = topic, .group = group, .traffic = s};
    rate(topic + '\n' + group, s.get_nums, s.get_bytes, g.get_tps, g.get_bytes_per_second);
    census.gets.push_back(std::move(g));
  });
  std::erase_if(past_, [this](const auto& entry) { return entry.second.round != round_; });
  return census;
}

}  // namespace mq::broker
