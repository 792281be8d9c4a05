#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "apps/entrypoint.h"
#include "base/numbers.h"

namespace mq::apps {

namespace {

/// The words of a process's command line; empty when it is gone or another user's.
std::vector<std::string> command_line(const std::filesystem::path& folder) {
  std::ifstream in(folder / "cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(in, word, '\0');) words.push_back(std::move(word));
  return words;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Whether these words run the server: by the name of the link, or as an argument of the executable or of its entry point.
bool runs(const std::vector<std::string>& words, std::string_view server) {
  if (words.empty()) return false;
  const std::string link = "mq" + std::string(server);
  if (base_name(words.front()) == link) return true;
  const bool ours = base_name(words.front()).starts_with("merlinmq");
  for (size_t i = 1; ours && i < words.size() && i < 4; ++i) {
    const std::string word = base_name(words[i]);
    if (word == link || word == server || (server == "namesrv" && word == "nameserver")) return true;
  }
  return false;
}

/// In a container the role may be in the environment only: PID 1 is then what runs.
bool is_role_of_pid_1(std::string_view server) {
  const auto words = command_line("/proc/1");
  if (words.empty() || !base_name(words.front()).starts_with("merlinmq")) return false;
  const char* variable = server == "namesrv" ? std::getenv("NAME_SERVER") : std::getenv("BROKER_SERVER");
  return variable && std::string_view(variable) == "true";
}

}  // namespace

int shutdown_main(const std::vector<std::string>& words) {
  if (words.size() != 1 || (words.front() != "broker" && words.front() != "namesrv")) {
    fmt::print("Useage: mqshutdown broker | namesrv\n");   // QUIRK: spelt as in RocketMQ's script
    return 1;
  }
  const std::string& server = words.front();
  std::vector<int64_t> pids;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const auto pid = parse_int64(entry.path().filename().string());
    if (pid && *pid != ::getpid() && (runs(command_line(entry.path()), server) || (*pid == 1 && is_role_of_pid_1(server)))) pids.push_back(*pid);
  }
  if (pids.empty()) {
    fmt::print("No mq{} running.\n", server);
    return 1;
  }
  const std::string list = fmt::format("{}", fmt::join(pids, " "));
  fmt::print("The mq{}({}) is running...\n", server, list);
  int status = 0;
  for (const int64_t pid : pids) {
    if (::kill(static_cast<pid_t>(pid), SIGTERM) == 0) continue;
    fmt::print(stderr, "no signal could be sent to {}\n", pid);
    status = 1;
  }
  if (status == 0) fmt::print("Send shutdown request to mq{}({}) OK\n", server, list);
  return status;
}

}  // namespace mq::apps
