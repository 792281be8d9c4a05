#include "env/sim.h"

#include <map>

#include "env/sim_fabric.h"
#include "env/sim_machine.h"
#include "env/sim_scheduler.h"

namespace mq::env {

struct SimWorld::Impl {
  explicit Impl(uint64_t seed) : scheduler(seed), fabric(scheduler) {}
  ~Impl() {
    // Events refer to links and loops; machines go while the fabric still stands.
    machines.clear();
    scheduler.clear();
  }

  SimScheduler scheduler;
  SimFabric fabric;
  std::map<std::string, std::unique_ptr<SimMachineImpl>> machines;
};

SimWorld::SimWorld(uint64_t seed) : impl_(std::make_unique<Impl>(seed)) {}
SimWorld::~SimWorld() {
  for (auto& [name, machine] : impl_->machines) {
    if (machine->alive()) machine->crash(Crash::kProcess);
  }
  impl_->scheduler.clear();
}

SimMachine& SimWorld::machine(const std::string& name) {
  std::unique_ptr<SimMachineImpl>& machine = impl_->machines[name];
  if (!machine) {
    const int index = static_cast<int>(impl_->machines.size());
    machine = std::make_unique<SimMachineImpl>(impl_->scheduler, impl_->fabric, index, name);
    impl_->fabric.add(*machine);
  }
  return *machine;
}

void SimWorld::cut(const std::string& a, const std::string& b, bool cut) { impl_->fabric.cut(a, b, cut); }

void SimWorld::set_name(const std::string& name, std::vector<std::string> addresses) {
  impl_->fabric.set_name(name, std::move(addresses));
}
void SimWorld::silence_name(const std::string& name, bool silent) { impl_->fabric.silence_name(name, silent); }

void SimWorld::run_for(int64_t ms) {
  const int64_t end = impl_->scheduler.now_us() + ms * 1000;
  while (impl_->scheduler.step(end)) {}
  impl_->scheduler.advance_to(end);
}

bool SimWorld::run_until(UniqueFunction<bool()> condition, int64_t limit_ms) {
  const int64_t end = impl_->scheduler.now_us() + limit_ms * 1000;
  while (!condition()) {
    if (!impl_->scheduler.step(end)) {
      impl_->scheduler.advance_to(end);
      return condition();
    }
  }
  return true;
}

int64_t SimWorld::now_ms() const { return impl_->scheduler.now_us() / 1000; }
Rng& SimWorld::rng() { return impl_->scheduler.rng(); }
void SimWorld::set_trace(bool on) { impl_->scheduler.set_trace(on); }
uint64_t SimWorld::trace_hash() const { return impl_->scheduler.trace_hash(); }
uint64_t SimWorld::steps() const { return impl_->scheduler.steps(); }

}  // namespace mq::env
