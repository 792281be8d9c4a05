// Logging: one Logger per module, lines as Java's broker.log, written by one background thread.
//
//   static Logger log("store");
//   log.info("CommitLog file {} rolled, {} bytes left", name, left);
//
// Nothing per message above debug. Repeated complaints go through RateLimit. Bodies and secrets never.
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace mq {

enum class LogLevel : int { kDebug = 0, kInfo = 1, kWarn = 2, kError = 3, kOff = 4 };

/// Where lines go. Called once at start; without it lines of warn and above go to standard error.
struct LogConfig {
  std::string file;                       // empty: none; with to_stdout false too, standard error
  bool to_stdout = false;                 // also (or only) to standard output
  bool json = false;                      // {"time":..,"level":..,"logger":..,"message":..} instead of RocketMQ's layout
  int64_t max_file_bytes = 128 << 20;     // then rolled to FILE.1, FILE.2 ...
  int max_files = 10;
  LogLevel level = LogLevel::kInfo;
};

void start_logging(const LogConfig& config);
/// Writes what is queued and closes the file; later lines go to standard error.
void stop_logging() noexcept;

class Logger {
 public:
  explicit constexpr Logger(const char* name) : name_(name) {}

  template <class... A> void debug(fmt::format_string<A...> f, A&&... a) { line(LogLevel::kDebug, f, fmt::make_format_args(a...)); }
  template <class... A> void info(fmt::format_string<A...> f, A&&... a) { line(LogLevel::kInfo, f, fmt::make_format_args(a...)); }
  template <class... A> void warn(fmt::format_string<A...> f, A&&... a) { line(LogLevel::kWarn, f, fmt::make_format_args(a...)); }
  template <class... A> void error(fmt::format_string<A...> f, A&&... a) { line(LogLevel::kError, f, fmt::make_format_args(a...)); }

 private:
  void line(LogLevel level, fmt::string_view format, fmt::format_args args);

  const char* name_;
};

/// Lets one line through per period and counts what it swallowed.
class RateLimit {
 public:
  explicit RateLimit(int64_t period_ms) : period_ms_(period_ms) {}
  /// True when the line may be written now; `swallowed` then says how many were not since the last one.
  bool allow(int64_t now_ms, int64_t& swallowed) noexcept {
    int64_t next = next_.load(std::memory_order_relaxed);
    if (now_ms < next || !next_.compare_exchange_strong(next, now_ms + period_ms_)) {
      swallowed_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    swallowed = swallowed_.exchange(0, std::memory_order_relaxed);
    return true;
  }

 private:
  const int64_t period_ms_;
  std::atomic<int64_t> next_{0};       // badge: published
  std::atomic<int64_t> swallowed_{0};  // badge: published
};

}  // namespace mq
