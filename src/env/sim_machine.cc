#include "env/sim_machine.h"

#include "base/check.h"
#include "env/sim_fabric.h"

namespace mq::env {

namespace {
constexpr int64_t kEpochMs = 1'760'000'000'000;   // when every simulated world begins (October 2025)
}

int64_t SimClock::now_ms() noexcept {
  return kEpochMs + machine_.wall_skew_ms() + machine_.scheduler().now_us() / 1000;
}
int64_t SimClock::mono_us() noexcept { return machine_.index() * 1'000'000'000LL + machine_.scheduler().now_us(); }

SimProcess::SimProcess(SimMachineImpl& machine) : machine_(machine), clock_(machine), fs_(*this) {}

Rng& SimProcess::rng() noexcept { return machine_.rng(); }

Loop& SimProcess::start_loop(const std::string& name) {
  loops_.push_back(std::make_unique<SimLoop>(*this, name));
  SimLoop& loop = *loops_.back();
  if (alive_) {
    machine_.scheduler().add(&loop);
  } else {
    loop.kill();
  }
  return loop;
}

void SimProcess::stop_loop(Loop& loop) {
  auto& sim = static_cast<SimLoop&>(loop);
  if (sim.stopped()) return;
  sim.drain_and_stop();
  machine_.scheduler().remove(&sim);
}

void SimProcess::run_on(Loop& loop, Task task) {
  auto& sim = static_cast<SimLoop&>(loop);
  if (sim.stopped() || sim.here()) return sim.run_here(task);
  MQ_CHECK(!machine_.scheduler().on_stack(&sim));   // it waits for us, we would wait for it
  bool done = false;
  const bool posted = sim.post([&] {
    task();
    done = true;
  });
  MQ_CHECK(posted);
  while (!done && !sim.stopped()) MQ_CHECK(machine_.scheduler().step(INT64_MAX));
  if (!done) sim.run_here(task);   // died meanwhile
}

void SimProcess::die() {
  if (!alive_) return;
  alive_ = false;
  for (const auto& loop : loops_) {
    loop->kill();
    machine_.scheduler().remove(loop.get());
  }
  if (turns_under_way == 0) drop_everything();
}

void SimProcess::drop_everything() {
  for (size_t i = 0; i < loops_.size(); ++i) loops_[i]->drop_everything();
}

SimMachineImpl::SimMachineImpl(SimScheduler& scheduler, SimFabric& fabric, int index, std::string name)
    : scheduler_(scheduler),
      fabric_(fabric),
      index_(index),
      name_(std::move(name)),
      address_("10.0.0." + std::to_string(index)),
      rng_(scheduler.rng().next()),
      disk_(rng_, scheduler.rng().chance(0.5) ? SimDisk::Order::kPrefix : SimDisk::Order::kPerOp) {}

SimMachineImpl::~SimMachineImpl() {
  for (const auto& process : processes_) process->die();
}

Env& SimMachineImpl::env() {
  if (!alive()) {
    powered_off_ = false;
    processes_.push_back(std::make_unique<SimProcess>(*this));
    process_ = processes_.back().get();
    scheduler_.trace("{}: process {} starts", name_, processes_.size());
  }
  return *process_;
}

void SimMachineImpl::crash(Crash how) {
  scheduler_.trace("{}: {}", name_, how == Crash::kPower ? "power fails" : "process dies");
  scheduler_.note(2, static_cast<uint64_t>(index_), how == Crash::kPower);
  die_at_disk_op_ = -1;
  locks_.clear();
  powered_off_ = how == Crash::kPower;
  fabric_.machine_crashed(*this, how);
  if (how == Crash::kPower) {
    disk_.power_loss();
  } else {
    disk_.process_crash();
  }
  if (process_) process_->die();
}

void SimMachineImpl::crash_at_disk_op(int64_t operations, Crash how) {
  die_at_disk_op_ = disk_ops_ + operations;
  planned_crash_ = how;
}

SimMachineImpl::Fate SimMachineImpl::next_disk_op() noexcept {
  if (++disk_ops_ != die_at_disk_op_) return Fate::kRun;
  return rng_.chance(0.5) ? Fate::kDieBefore : Fate::kDieAfter;
}

void SimMachineImpl::flip_bit(const std::string& path, int64_t offset, int bit) {
  auto node = disk_.find(path);
  MQ_CHECK(node && (*node)->content);
  (*node)->content->flip_bit(offset, bit);
}

uint16_t SimMachineImpl::next_ephemeral_port() noexcept {
  last_port_ = last_port_ == 60'999 ? 32'768 : static_cast<uint16_t>(last_port_ + 1);
  return last_port_;
}

}  // namespace mq::env
