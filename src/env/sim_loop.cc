#include "env/sim_loop.h"

#include "base/check.h"
#include "env/sim_machine.h"

namespace mq::env {

namespace {
constexpr size_t kMaxPosted = 65'536;
}

SimLoop::SimLoop(SimProcess& process, std::string name) : process_(process), name_(std::move(name)), net_(*this) {}

Clock& SimLoop::clock() noexcept { return process_.clock(); }
SimScheduler& SimLoop::scheduler() noexcept { return process_.machine().scheduler(); }
bool SimLoop::here() const noexcept { return process_.machine().scheduler().current() == this; }

bool SimLoop::post(Task task) noexcept {
  if (stopped_ || posted_.size() >= kMaxPosted) return false;
  posted_.push_back(std::move(task));
  return true;
}

void SimLoop::ready(Task task) {
  if (!stopped_) ready_.push_back(std::move(task));
}

TimerId SimLoop::after(int64_t delay_ms, Task task) {
  MQ_CHECK(allowed());
  if (stopped_) return 0;
  const TimerId id = ++last_timer_;
  timers_.emplace(id, std::move(task));
  scheduler().at(scheduler().now_us() + std::max<int64_t>(delay_ms, 0) * 1000, [this, id] {
    if (!timers_.contains(id)) return;
    ready([this, id] {
      auto timer = timers_.extract(id);
      if (!timer.empty()) timer.mapped()();
    });
  });
  return id;
}

void SimLoop::cancel(TimerId id) noexcept {
  MQ_CHECK(allowed());
  auto timer = timers_.extract(id);   // destroyed after the map is in order: its captures may call us
}

void SimLoop::at_turn_end(Task hook) {
  MQ_CHECK(allowed());
  if (!stopped_) hooks_.push_back(std::move(hook));
}

bool SimLoop::can_run() {
  if (stopped_ || (posted_.empty() && ready_.empty())) return false;
  const int64_t slowness = process_.machine().faults().max_turn_delay_us;
  if (slowness <= 0) return true;
  const int64_t now = scheduler().now_us();
  if (not_before_us_ < 0) {
    not_before_us_ = now + scheduler().rng().between(0, slowness);
    scheduler().at(not_before_us_, [] {});
  }
  return not_before_us_ <= now;
}

bool SimLoop::run_one() {
  const size_t total = posted_.size() + ready_.size();
  if (total == 0 || stopped_) return false;
  Task task;
  if (scheduler().rng().below(total) < posted_.size()) {
    task = std::move(posted_.front());
    posted_.pop_front();
  } else {
    std::swap(ready_[scheduler().rng().below(ready_.size())], ready_.back());
    task = std::move(ready_.back());
    ready_.pop_back();
  }
  task();
  return true;
}

void SimLoop::turn() {
  SimScheduler& world = scheduler();
  world.enter(this);
  ++process_.turns_under_way;
  not_before_us_ = -1;
  size_t budget = posted_.size() + ready_.size();
  if (budget > 1 && world.rng().chance(0.3)) budget = 1 + world.rng().below(budget);
  world.note(1, process_.machine().index(), budget);
  world.trace("{}/{}: turn of {}", process_.machine().name(), name_, budget);
  while (budget-- > 0 && run_one()) {}
  for (size_t i = 0; i < hooks_.size() && !stopped_; ++i) hooks_[i]();
  if (!stopped_) net_.end_of_turn();
  world.leave();
  if (--process_.turns_under_way == 0 && !process_.alive()) process_.drop_everything();
}

void SimLoop::drain_and_stop() {
  MQ_CHECK(!scheduler().on_stack(this));
  while (!stopped_ && !posted_.empty()) turn();
  if (stopped_) return;
  scheduler().enter(this);
  net_.close_all();
  scheduler().leave();
  stopped_ = true;
  drop_everything();
}

void SimLoop::drop_everything() {
  // Into locals first: the captures' destructors may call this loop.
  std::deque<Task> posted = std::move(posted_), hooks = std::move(hooks_);
  std::vector<Task> others = std::move(ready_);
  std::map<TimerId, Task> timers = std::move(timers_);
  posted_.clear(), hooks_.clear(), ready_.clear(), timers_.clear();
  net_.drop_everything();
}

void SimLoop::run_here(Task& task) {
  scheduler().enter(this);
  task();
  scheduler().leave();
}

}  // namespace mq::env
