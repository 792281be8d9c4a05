// The three badges of mutable state (style guide, habit 4): owned by a loop, published, guarded.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "base/check.h"

#if defined(__clang__)
#define MQ_TSA(x) __attribute__((x))
#else
#define MQ_TSA(x)
#endif
#define CAPABILITY(x) MQ_TSA(capability(x))
#define SCOPED_CAPABILITY MQ_TSA(scoped_lockable)
#define GUARDED_BY(x) MQ_TSA(guarded_by(x))
#define REQUIRES(...) MQ_TSA(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) MQ_TSA(acquire_capability(__VA_ARGS__))
#define RELEASE(...) MQ_TSA(release_capability(__VA_ARGS__))
#define EXCLUDES(...) MQ_TSA(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS MQ_TSA(no_thread_safety_analysis)

namespace mq {

/// A mutex that clang's thread-safety analysis understands. Never held while posting, logging or doing I/O.
class CAPABILITY("mutex") Mutex {
 public:
  void lock() ACQUIRE() { mu_.lock(); }
  void unlock() RELEASE() { mu_.unlock(); }

 private:
  std::mutex mu_;
};

class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mu) ACQUIRE(mu) : mu_(mu) { mu_.lock(); }
  ~MutexLock() RELEASE() { mu_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

/// A value replaced as a whole by one writer at a time and read by anyone: readers hold the snapshot they took.
template <class T>
class Published {
 public:
  Published() : value_(std::make_shared<const T>()) {}
  explicit Published(T v) : value_(std::make_shared<const T>(std::move(v))) {}
  std::shared_ptr<const T> get() const noexcept { return value_.load(std::memory_order_acquire); }
  void set(std::shared_ptr<const T> v) noexcept {
    value_.store(std::move(v), std::memory_order_release);
    version_.fetch_add(1, std::memory_order_release);
  }
  void set(T v) { set(std::make_shared<const T>(std::move(v))); }
  /// Changes behind each set(). A loop that keeps what it got with the version before it, and gets it again when the
  /// version is another, is spared get()'s four atomic changes for each message.
  uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::shared_ptr<const T>> value_;
  std::atomic<uint64_t> version_{1};
};

/// State that one thread (a loop's) touches. bind() on that thread; check() stops builds with MQ_DCHECKS elsewhere.
class OwnedByLoop {
 public:
  void bind() noexcept { owner_.store(std::this_thread::get_id(), std::memory_order_relaxed); }
  void check() const noexcept {
    MQ_DCHECK(owner_.load(std::memory_order_relaxed) == std::thread::id() ||
              owner_.load(std::memory_order_relaxed) == std::this_thread::get_id());
  }

 private:
  std::atomic<std::thread::id> owner_{};
};

}  // namespace mq
