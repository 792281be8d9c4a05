#include "env/bus_guard.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <vector>

#include "base/badges.h"

namespace mq::env {
namespace {

constexpr size_t kRanges = 32 << 10;   // 32 TiB of CommitLog files of the usual size

struct Range {
  std::atomic<uintptr_t> begin{0};   // 0: free; written last
  std::atomic<uintptr_t> end{0};
  std::atomic<bool> writable{false};
  std::atomic<std::atomic<bool>*> lost{nullptr};
};

std::array<Range, kRanges> ranges;         // badge: published; changed under the mutex of Numbers
std::atomic<size_t> used{0};               // badge: published; ranges behind it were never used
uintptr_t page_mask = 0;                   // fixed before the handler is installed

/// Only what is safe in a signal handler: atomics and mmap.
void on_bus_error(int number, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  const size_t count = used.load(std::memory_order_acquire);
  for (size_t i = 0; i < count; ++i) {
    const Range& r = ranges[i];
    const uintptr_t begin = r.begin.load(std::memory_order_acquire);
    if (begin == 0 || address < begin || address >= r.end.load(std::memory_order_acquire)) continue;
    const int protection = r.writable.load(std::memory_order_acquire) ? PROT_READ | PROT_WRITE : PROT_READ;
    std::atomic<bool>* lost = r.lost.load(std::memory_order_acquire);
    // Forgotten and taken for another range meanwhile: what was read is of both. The range with the address is looked for on.
    if (r.begin.load(std::memory_order_acquire) != begin) continue;
    void* page = reinterpret_cast<void*>(address & page_mask);
    if (::mmap(page, ~page_mask + 1, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) break;
    lost->store(true, std::memory_order_release);
    return;   // the access is tried again and finds zeros
  }
  ::signal(number, SIG_DFL);   // somebody else's error: the access is tried again and ends the process
}

/// Which ranges are free.
class Numbers {
 public:
  int take() EXCLUDES(mu_) {
    MutexLock lock(mu_);
    if (!installed_) install();
    if (!free_.empty()) {
      const int n = free_.back();
      free_.pop_back();
      return n;
    }
    const size_t n = used.load(std::memory_order_relaxed);
    if (n == kRanges) return -1;
    used.store(n + 1, std::memory_order_release);
    return static_cast<int>(n);
  }
  void give_back(int n) EXCLUDES(mu_) {
    MutexLock lock(mu_);
    free_.push_back(n);
  }
  static Numbers& of_process() {
    static Numbers numbers;
    return numbers;
  }

 private:
  void install() REQUIRES(mu_) {
    page_mask = ~(static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE)) - 1);
    struct sigaction action {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, nullptr);
    installed_ = true;
  }

  Mutex mu_;
  std::vector<int> free_ GUARDED_BY(mu_);     // badge: guarded
  bool installed_ GUARDED_BY(mu_) = false;    // badge: guarded
};

}  // namespace

int BusGuard::watch(void* begin, size_t size, bool writable, std::atomic<bool>& lost) {
  const int number = Numbers::of_process().take();
  if (number < 0) return number;
  Range& r = ranges[static_cast<size_t>(number)];
  const auto first = reinterpret_cast<uintptr_t>(begin);
  r.end.store(first + size, std::memory_order_relaxed);
  r.writable.store(writable, std::memory_order_relaxed);
  r.lost.store(&lost, std::memory_order_relaxed);
  r.begin.store(first, std::memory_order_release);
  return number;
}

void BusGuard::forget(int number) noexcept {
  if (number < 0) return;
  ranges[static_cast<size_t>(number)].begin.store(0, std::memory_order_release);
  Numbers::of_process().give_back(number);
}

}  // namespace mq::env
