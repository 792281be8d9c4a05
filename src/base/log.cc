#include "base/log.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/time_text.h"

namespace mq {

namespace {

constexpr size_t kMaxQueued = 16384;   // lines; more are dropped and counted

/// The log thread and its bounded queue. Badge: all guarded by mu_, but for the file, which the thread owns.
class LogWriter {
 public:
  explicit LogWriter(LogConfig config) : config_(std::move(config)) {
    if (!config_.file.empty()) open();
    thread_ = std::thread([this] { run(); });
  }

  ~LogWriter() {
    {
      std::lock_guard lock(mu_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
    if (file_) std::fclose(file_);
  }

  bool json() const noexcept { return config_.json; }

  void add(std::string line) {
    {
      std::lock_guard lock(mu_);
      if (lines_.size() >= kMaxQueued) {
        ++dropped_;
        return;
      }
      lines_.push_back(std::move(line));
      if (lines_.size() > 1) return;   // the thread has been woken for the first one
    }
    wake_.notify_one();
  }

 private:
  void run() {
    std::vector<std::string> batch;
    for (;;) {
      int64_t dropped = 0;
      {
        std::unique_lock lock(mu_);
        wake_.wait(lock, [this] { return stopping_ || !lines_.empty(); });
        batch.swap(lines_);
        dropped = std::exchange(dropped_, 0);
        if (batch.empty() && stopping_) return;
      }
      for (const std::string& line : batch) write(line);
      if (dropped > 0) write(fmt::format("... {} log lines were dropped because they came faster than they can be written\n", dropped));
      batch.clear();
      std::fflush(console());
      if (file_) std::fflush(file_);
    }
  }

  void write(const std::string& line) {
    if (config_.to_stdout || !file_) std::fwrite(line.data(), 1, line.size(), console());
    if (!file_) return;
    std::fwrite(line.data(), 1, line.size(), file_);
    size_ += static_cast<int64_t>(line.size());
    if (size_ > config_.max_file_bytes) roll();
  }

  FILE* console() const noexcept { return config_.to_stdout ? stdout : stderr; }

  void open() {
    const std::string folder = config_.file.substr(0, config_.file.rfind('/'));
    for (size_t at = 1; at != std::string::npos && config_.file.find('/') != std::string::npos;) {
      at = folder.find('/', at);
      ::mkdir(folder.substr(0, at).c_str(), 0755);
      if (at != std::string::npos) ++at;
    }
    file_ = std::fopen(config_.file.c_str(), "ae");
    if (!file_) {
      std::fprintf(stderr, "the log file %s cannot be opened: lines go to standard error\n", config_.file.c_str());
      return;
    }
    std::fseek(file_, 0, SEEK_END);
    size_ = std::ftell(file_);
  }

  void roll() {
    std::fclose(std::exchange(file_, nullptr));
    for (int i = config_.max_files - 1; i >= 1; --i) {
      std::rename(fmt::format("{}.{}", config_.file, i).c_str(), fmt::format("{}.{}", config_.file, i + 1).c_str());
    }
    std::rename(config_.file.c_str(), (config_.file + ".1").c_str());
    std::remove(fmt::format("{}.{}", config_.file, config_.max_files).c_str());
    open();
  }

  const LogConfig config_;
  std::mutex mu_;
  std::condition_variable wake_;
  std::vector<std::string> lines_;
  int64_t dropped_ = 0;
  bool stopping_ = false;
  FILE* file_ = nullptr;
  int64_t size_ = 0;
  std::thread thread_;
};

std::shared_ptr<LogWriter>& slot() {
  static std::shared_ptr<LogWriter> writer;
  return writer;
}
std::mutex& slot_mutex() {
  static std::mutex mu;
  return mu;
}
std::shared_ptr<LogWriter> current() {
  std::lock_guard lock(slot_mutex());
  return slot();
}

int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

std::string stamp() { return local_time_text(now_ms()); }

/// RFC 3339 in UTC.
std::string json_stamp() {
  const int64_t now = now_ms();
  return fmt::format("{}.{:03}Z", time_text(utc_time(now), "%Y-%m-%dT%H:%M:%S"), millis_of(now));
}

void append_json_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\', out += c;
    else if (static_cast<unsigned char>(c) < 0x20) fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    else out += c;
  }
}

constexpr std::string_view kLevels[] = {"DEBUG", "INFO", "WARN", "ERROR", ""};
std::atomic<int> threshold{static_cast<int>(LogLevel::kWarn)};   // badge: published

}  // namespace

void start_logging(const LogConfig& config) {
  auto writer = std::make_shared<LogWriter>(config);
  threshold.store(static_cast<int>(config.level), std::memory_order_relaxed);
  std::lock_guard lock(slot_mutex());
  slot() = std::move(writer);
}

void stop_logging() noexcept {
  std::shared_ptr<LogWriter> last;
  {
    std::lock_guard lock(slot_mutex());
    last = std::move(slot());
    slot() = nullptr;
  }
  threshold.store(static_cast<int>(LogLevel::kWarn), std::memory_order_relaxed);
}

void Logger::line(LogLevel level, fmt::string_view format, fmt::format_args args) {
  if (static_cast<int>(level) < threshold.load(std::memory_order_relaxed)) return;
  const auto writer = current();
  std::string line;
  if (writer && writer->json()) {
    line = fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"logger\":\"{}\",\"message\":\"", json_stamp(), kLevels[static_cast<int>(level)], name_);
    append_json_text(line, fmt::vformat(format, args));
    line += "\"}\n";
  } else {
    line = fmt::format("{} {} {} - ", stamp(), kLevels[static_cast<int>(level)], name_);
    fmt::vformat_to(std::back_inserter(line), format, args);
    line += '\n';
  }
  if (writer) return writer->add(std::move(line));
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace mq
