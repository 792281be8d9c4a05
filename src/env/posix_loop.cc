#include "env/posix_loop.h"

#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <limits>

#include "env/posix_connection.h"
#include "env/posix_net.h"

namespace mq::env {

namespace {

constexpr uint64_t kPromptSliceNs = 100'000;   // the shortest there is

}  // namespace

constinit thread_local const PosixLoop* PosixLoop::current_ = nullptr;

PosixLoop::PosixLoop(std::string name, Clock& clock)
    : name_(std::move(name)),
      clock_(clock),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      input_(std::make_unique_for_overwrite<std::byte[]>(kRestBytes + kRecvBytes)),
      net_(std::make_unique<PosixNet>(*this)) {
  MQ_CHECK(epoll_ >= 0 && wake_ >= 0);   // out of descriptors at start: nothing sensible can follow
  epoll_event e{};
  e.events = EPOLLIN | EPOLLET;
  e.data.ptr = nullptr;
  MQ_CHECK(::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &e) == 0);
  turn_us_ = clock_.mono_us();
  thread_ = std::thread([this] { run(); });
}

PosixLoop::~PosixLoop() {
  stop();
  ::close(wake_);
  ::close(epoll_);
}

Net& PosixLoop::net() noexcept { return *net_; }

bool PosixLoop::post(Task task) noexcept {
  {
    MutexLock lock(mu_);
    if (closed_ || inbox_.size() >= kMaxTasks) return false;
    inbox_.push_back(std::move(task));
    pending_.store(true, std::memory_order_seq_cst);
  }
  // The loop says that it sleeps before it looks at pending_ a last time, we say pending_ before we look at sleeping_:
  // one of the two sees the other. Posting to a loop that is awake costs no system call.
  if (sleeping_.load(std::memory_order_seq_cst) && sleeping_.exchange(false)) {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(wake_, &one, sizeof one);
  }
  return true;
}

TimerId PosixLoop::after(int64_t delay_ms, Task task) {
  if (stopped()) return 0;
  MQ_DCHECK(here());
  // From now, not from the start of the turn: "not before" also holds behind a slow handler.
  return timers_.add(clock_.mono_us() + std::max<int64_t>(delay_ms, 0) * 1000, std::move(task));
}

void PosixLoop::be_prompt() noexcept {
  (void)post([] {
    // As linux/sched/types.h; the C library has neither it nor the call. Kernels take a longer structure's first part.
    struct Attributes {
      uint32_t size = sizeof(Attributes);
      uint32_t policy = SCHED_OTHER;
      uint64_t flags = 0;
      int32_t nice = 0;
      uint32_t priority = 0;
      uint64_t slice_ns = kPromptSliceNs;
      uint64_t deadline_ns = 0;
      uint64_t period_ns = 0;
    };
    static_assert(sizeof(Attributes) == 48);   // its first version
    if (::sched_getscheduler(0) != SCHED_OTHER) return;   // somebody chose for us
    Attributes a;
    errno = 0;
    a.nice = ::getpriority(PRIO_PROCESS, 0);
    if (errno == 0) (void)::syscall(SYS_sched_setattr, 0, &a, 0u);
  });
}

void PosixLoop::cancel(TimerId id) noexcept {
  MQ_DCHECK(here() || stopped());
  timers_.cancel(id);
}

void PosixLoop::at_turn_end(Task hook) {
  MQ_DCHECK(here());
  hooks_.push_back(std::move(hook));
}

void PosixLoop::run() {
  current_ = this;
  ::pthread_setname_np(::pthread_self(), name_.substr(0, 15).c_str());
  while (!stopping_.load(std::memory_order_acquire)) turn();
  shut_down();
  current_ = nullptr;
}

int PosixLoop::wait_ms() noexcept {
  if (carry_) return 0;
  sleeping_.store(true, std::memory_order_seq_cst);
  if (pending_.load(std::memory_order_seq_cst) || stopping_.load(std::memory_order_seq_cst)) return 0;
  if (timers_.empty()) return -1;
  const int64_t left_us = timers_.first_us() - clock_.mono_us();
  if (left_us <= 0) return 0;
  return static_cast<int>(std::min<int64_t>((left_us + 999) / 1000, std::numeric_limits<int>::max()));
}

void PosixLoop::turn() {
  epoll_event events[256];
  const int n = ::epoll_wait(epoll_, events, 256, wait_ms());
  sleeping_.store(false, std::memory_order_relaxed);
  MQ_CHECK(n >= 0 || errno == EINTR);
  turn_us_ = clock_.mono_us();
  bool busy = std::exchange(carry_, false);
  if (!timers_.empty()) busy |= timers_.run_due(turn_us_) > 0;
  if (!waiting_.empty()) redeliver(), busy = true;   // before the events: who waits longer comes first
  for (int i = 0; i < n; ++i) {
    if (auto* p = static_cast<Pollable*>(events[i].data.ptr)) {
      p->on_events(events[i].events);
      busy = true;
    }
  }
  if (pending_.load(std::memory_order_acquire)) busy |= run_posted();
  if (!busy) return;
  for (Task& hook : hooks_) hook();
  if (!dirty_.empty()) flush_outputs();
  if (!dead_.empty() || !retired_.empty()) bury();
}

void PosixLoop::redeliver() {
  redelivering_.swap(waiting_);
  for (PosixConnection* c : redelivering_) c->redeliver();
  // Whoever was passed over comes before those who have had a part of this turn.
  redelivering_.clear();
  for (const bool served : {false, true}) {
    std::ranges::copy_if(waiting_, std::back_inserter(redelivering_), [served](const PosixConnection* c) { return c->served_ == served; });
  }
  waiting_.swap(redelivering_);
  redelivering_.clear();
  carry_ |= !waiting_.empty();
}

bool PosixLoop::run_posted() {
  {
    MutexLock lock(mu_);
    tasks_.swap(inbox_);
    pending_.store(false, std::memory_order_relaxed);
  }
  for (Task& task : tasks_) {
    task();
    task.reset();
  }
  const bool any = !tasks_.empty();
  tasks_.clear();
  return any;
}

void PosixLoop::flush_outputs() {
  // Output that on_drained adds meanwhile waits for the next turn, so that one fast reader cannot hold the loop.
  const size_t count = dirty_.size();
  for (size_t i = 0; i < count; ++i) dirty_[i]->flush();
  dirty_.erase(dirty_.begin(), dirty_.begin() + static_cast<ptrdiff_t>(count));
  carry_ |= !dirty_.empty() || !waiting_.empty();
}

void PosixLoop::bury() {
  for (size_t i = 0; i < dead_.size(); ++i) {   // on_close may close others: they join at the end
    dead_[i]->bury();
    forget(*dead_[i]);
    carry_ = true;
  }
  dead_.clear();
  burying_.swap(retired_);
  burying_.clear();
  // What on_close wrote to other connections and what it gave the turn hooks goes out with another turn.
  carry_ |= !dirty_.empty() || !retired_.empty();
}

Result<> PosixLoop::watch(int fd, uint32_t events, Pollable& p) {
  epoll_event e{};
  e.events = events;
  e.data.ptr = &p;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e) != 0) return fail_errno(errno, "epoll_ctl");
  return {};
}

void PosixLoop::rewatch(int fd, uint32_t events, Pollable& p) noexcept {
  epoll_event e{};
  e.events = events;
  e.data.ptr = &p;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &e);
}

void PosixLoop::unwatch(int fd) noexcept { ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

void PosixLoop::retire(std::unique_ptr<Pollable> p) {
  if (stopped()) return;
  retired_.push_back(std::move(p));
}

void PosixLoop::adopt(std::unique_ptr<PosixConnection> c) {
  c->place_ = connections_.size();
  connections_.push_back(std::move(c));
}

void PosixLoop::forget(PosixConnection& c) {
  std::erase(dirty_, &c);
  std::erase(waiting_, &c);
  const size_t at = c.place_;
  std::swap(connections_[at], connections_.back());
  connections_[at]->place_ = at;
  connections_.pop_back();
}

void PosixLoop::stop() {
  if (!thread_.joinable()) return;
  MQ_CHECK(!here());
  stopping_.store(true, std::memory_order_seq_cst);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_, &one, sizeof one);
  thread_.join();
}

void PosixLoop::shut_down() {
  {
    MutexLock lock(mu_);
    closed_ = true;
  }
  run_posted();
  for (Task& hook : hooks_) hook();
  flush_outputs();
  bury();
  timers_.clear();
  net_->shut_down();
  while (!connections_.empty()) {
    for (auto& c : connections_) c->close(true);
    bury();
  }
  bury();
  hooks_.clear();
  stopped_.store(true, std::memory_order_release);
}

}  // namespace mq::env
