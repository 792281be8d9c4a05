#include "env/sim_scheduler.h"

#include <algorithm>
#include <cstdio>

#include "base/check.h"
#include "env/sim_loop.h"

namespace mq::env {

namespace {
constexpr uint64_t kMaxTurnsAtOneTime = 5'000'000;   // more means that loops wake each other for ever
}

void SimScheduler::at(int64_t due_us, Task fire) {
  events_.push_back({std::max(due_us, now_us_), next_seq_++, std::move(fire)});
  std::push_heap(events_.begin(), events_.end(), later);
}

void SimScheduler::remove(SimLoop* loop) { std::erase(loops_, loop); }

bool SimScheduler::on_stack(const SimLoop* loop) const noexcept {
  return std::find(stack_.begin(), stack_.end(), loop) != stack_.end();
}

void SimScheduler::clear() {
  std::vector<Event> dropped;
  dropped.swap(events_);
}

bool SimScheduler::step(int64_t limit_us) {
  while (!events_.empty() && events_.front().due_us <= now_us_) {
    std::pop_heap(events_.begin(), events_.end(), later);
    Event event = std::move(events_.back());
    events_.pop_back();
    event.fire();
  }
  runnable_.clear();
  for (SimLoop* loop : loops_) {
    if (loop->can_run() && !on_stack(loop)) runnable_.push_back(loop);
  }
  if (!runnable_.empty()) {
    MQ_CHECK(++turns_at_this_time_ < kMaxTurnsAtOneTime);
    ++steps_;
    runnable_[rng_.below(runnable_.size())]->turn();
    return true;
  }
  if (events_.empty() || events_.front().due_us > limit_us) return false;
  now_us_ = events_.front().due_us;
  turns_at_this_time_ = 0;
  return true;
}

void SimScheduler::note(uint64_t what, uint64_t a, uint64_t b) noexcept {
  for (uint64_t v : {what, static_cast<uint64_t>(now_us_), a, b}) hash_ = (hash_ ^ v) * 0x100000001b3ULL ^ (hash_ >> 29);
}

void SimScheduler::note_bytes(uint64_t what, ByteView bytes) noexcept {
  uint64_t h = bytes.size();
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    h = (h ^ word) * 0x9fb21c651e98df25ULL;
    h ^= h >> 32;
  }
  for (; i < bytes.size(); ++i) h = (h ^ static_cast<uint64_t>(bytes[i])) * 0x100000001b3ULL;
  note(what, h);
  trace("bytes {} {} {:x}", what, bytes.size(), h);
}

void SimScheduler::trace_line(const std::string& line) const {
  std::fprintf(stderr, "[%12.6f] %s\n", static_cast<double>(now_us_) / 1e6, line.c_str());
}

}  // namespace mq::env
