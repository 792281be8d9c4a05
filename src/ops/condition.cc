#include "ops/condition.h"

#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <fstream>

namespace mq::ops {

namespace {

std::optional<int64_t> number_in(const char* path) {
  std::ifstream file(path);
  int64_t number = 0;
  return file >> number ? std::optional(number) : std::nullopt;
}

/// Entries of a folder without "." and "..".
int64_t entries(const char* path) {
  DIR* dir = ::opendir(path);
  if (!dir) return 0;
  int64_t count = -2;
  while (::readdir(dir)) ++count;
  ::closedir(dir);
  return std::max<int64_t>(count, 0);
}

int64_t lines_in(const char* path) {
  std::ifstream file(path);
  int64_t count = 0;
  for (std::string line; std::getline(file, line);) ++count;
  return count;
}

std::optional<int64_t> swap_bytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;) {
    int64_t kib = 0;
    if (word == "SwapTotal:" && file >> kib) return kib * 1024;
  }
  return std::nullopt;
}

constexpr int64_t kProbeAgainMs = 1000;
constexpr size_t kProbeBytes = 4096;
constexpr int kProbes = 3;

double elapsed_ms(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since).count();
}

std::string_view name_of(remoting::TlsMode mode) {
  switch (mode) {
    case remoting::TlsMode::kDisabled: return "disabled";
    case remoting::TlsMode::kPermissive: return "permissive";
    case remoting::TlsMode::kEnforcing: break;
  }
  return "enforcing";
}

}  // namespace

Json machine_limits() {
  Json limits = Json::object();
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    limits.add("openFiles", entries("/proc/self/fd"));
    limits.add("openFilesMax", files.rlim_cur == RLIM_INFINITY ? INT64_MAX : static_cast<int64_t>(files.rlim_cur));
  }
  if (const auto max = number_in("/proc/sys/vm/max_map_count")) limits.add("maps", lines_in("/proc/self/maps")).add("mapsMax", *max);
  if (const auto bytes = swap_bytes()) limits.add("swapBytes", *bytes);
  if (const auto swappiness = number_in("/proc/sys/vm/swappiness")) limits.add("swappiness", *swappiness);
  return limits;
}

Result<double> probe_disk(env::FileSystem& fs, env::Clock& clock, const std::string& folder) {
  const std::string path = folder + "/.doctor-" + std::to_string(clock.mono_ms());
  const std::vector<std::byte> block(kProbeBytes, std::byte{'d'});
  double slowest = 0;
  Result<> done;
  {
    MQ_TRY(const auto file, fs.open(path, env::Open::kCreatePrivate));
    for (int i = 0; i < kProbes && done; ++i) {
      const auto started = std::chrono::steady_clock::now();
      done = file->write(static_cast<int64_t>(kProbeBytes) * i, block);
      if (done) done = file->sync();
      slowest = std::max(slowest, elapsed_ms(started));
    }
  }
  (void)fs.remove(path);
  if (!done) return fail(std::move(done).error()).at(folder);
  return slowest;
}

Result<double> DiskProbe::look() {
  if (clock_.mono_ms() < next_ms_.load(std::memory_order_acquire)) return last_.load(std::memory_order_relaxed);
  if (busy_.exchange(true)) return fail(Errc::kBusy, "somebody else measures the disk").at(folder_);
  auto found = probe_disk(fs_, clock_, folder_);
  if (found) {
    last_.store(*found, std::memory_order_relaxed);
    next_ms_.store(clock_.mono_ms() + kProbeAgainMs, std::memory_order_release);
  }
  busy_.store(false);
  return found;
}

Json condition(env::Clock& clock, const std::vector<std::string>* warnings, const remoting::Tls* tls) {
  Json said = Json::array();
  if (warnings) for (const std::string& w : *warnings) said.push(w);
  Json all = Json::object();
  all.add("limits", machine_limits()).add("warnings", std::move(said));
  if (tls && tls->mode() != remoting::TlsMode::kDisabled) {
    all.add("tls", Json::object().add("mode", name_of(tls->mode())).add("notAfter", tls->not_after()));
  }
  all.add("now", clock.now_ms());   // last: what came before takes time
  return all;
}

}  // namespace mq::ops
