#include "env/loop.h"

namespace mq::env {

/// Shared with the pending timer only through a weak pointer: when the Periodic dies, the timer finds nothing.
struct Periodic::State : std::enable_shared_from_this<Periodic::State> {   // badge: owned by its loop
  State(Loop& l, int64_t period, UniqueFunction<void()> t) : loop(l), period_ms(period), task(std::move(t)) {}

  void arm(int64_t delay_ms) {
    timer = loop.after(delay_ms, [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->fire();
    });
  }
  void fire() {
    timer = 0;
    task();
    if (!stopped && timer == 0) arm(period_ms);
  }

  Loop& loop;
  const int64_t period_ms;
  UniqueFunction<void()> task;
  TimerId timer = 0;
  bool stopped = false;
};

Periodic::Periodic(Loop& loop, int64_t first_ms, int64_t period_ms, UniqueFunction<void()> task)
    : state_(std::make_shared<State>(loop, period_ms, std::move(task))) {
  state_->arm(first_ms);
}

void Periodic::stop() noexcept {
  if (!state_) return;
  state_->stopped = true;
  if (state_->timer) state_->loop.cancel(state_->timer);
  state_.reset();   // a task that is running keeps its state until it returns
}

}  // namespace mq::env
