#include "apps/server_main.h"

#include <fmt/format.h>
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "base/numbers.h"

namespace mq::apps {

namespace {

void print_usage(const std::string& program, bool broker) {
  fmt::print("usage: {} [-c <arg>] [-h] {}[-n <arg>] [-p]\n -c,--configFile <arg>       Configuration file\n -h,--help                   Print help\n",
             program, broker ? "[-m] " : "");
  if (broker) fmt::print(" -m,--printImportantConfig   Print important configuration items\n");
  fmt::print(" -n,--namesrvAddr <arg>      NameServers, host:port separated by ;\n -p,--printConfigItem        Print all configuration items\n");
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

CommandLine parse_command_line(const std::string& program, const std::vector<std::string>& words, bool broker) {
  CommandLine line;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string word = words[i], value;
    if (const size_t equals = word.find('='); word.starts_with("--") && equals != std::string::npos) {
      value = word.substr(equals + 1);
      word.resize(equals);
    }
    auto take = [&](std::string& to) {
      if (!value.empty()) to = value;
      else if (i + 1 < words.size()) to = words[++i];
      else {
        fmt::print(stderr, "Missing argument for option: {}\n", word.substr(word.find_first_not_of('-')));
        line.bad = true;
      }
    };
    if (word == "-c" || word == "--configFile" || word == "-configFile") take(line.config_file);
    else if (word == "-n" || word == "--namesrvAddr" || word == "-namesrvAddr") take(line.namesrv_addr);
    else if (word == "-p" || word == "--printConfigItem") line.print_all = true;
    else if (broker && (word == "-m" || word == "--printImportantConfig")) line.print_important = true;
    else if (word == "-h" || word == "--help") line.help = true;
    else if (word.starts_with("-")) {
      fmt::print(stderr, "Unrecognized option: {}\n", words[i]);
      line.bad = true;
    }
  }
  if (line.bad || line.help) print_usage(program, broker);
  return line;
}

std::string user_home() {
  for (const char* name : {"ROCKETMQ_USER_HOME", "HOME"}) {
    if (const char* value = std::getenv(name); value && *value) return value;
  }
  return "/root";
}

Result<> load_config_file(env::FileSystem& fs, const std::string& path, Configuration& config, std::vector<std::string>& warnings) {
  auto text = env::read_file(fs, path);
  if (!text) return fail(std::move(text).error()).at("the configuration file " + path + " cannot be read");
  const auto lines = parse_properties(*text);
  if (!lines) return fail(lines.error()).at(path);
  for (const PropertyLine& line : *lines) {
    // A path that holds a tab or a line break comes from a backslash that was not doubled: data would go where nobody looks.
    const OptionBase* option = config.find(line.key);
    const bool path_like = line.key.find("Path") != std::string::npos || line.key.find("Dir") != std::string::npos;
    for (char c : line.value) {
      if (option && path_like && static_cast<unsigned char>(c) < 0x20) {
        return fail(Errc::kInvalid, fmt::format("{}, line {}: the value of {} holds a control character; in this file \\ starts an escape, so write \\\\ for a backslash",
                                                path, line.line, line.key));
      }
    }
    if (line.key == "listenPort" && !parse_int64(line.value)) {
      return fail(Errc::kInvalid, fmt::format("{}, line {}: listenPort={} is not a port number", path, line.line, line.value));
    }
  }
  for (std::string& w : config.apply(*lines)) warnings.push_back(std::move(w));
  return {};
}

void block_stop_signals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void wait_for_stop() {
  const sigset_t set = stop_signals();
  int number = 0;
  while (sigwait(&set, &number) != 0) {
  }
}

std::string check_namesrv_addr(const std::string& list) {
  std::string_view rest = list;
  while (!rest.empty()) {
    const size_t end = rest.find(';');
    const std::string_view one = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const size_t colon = one.rfind(':');
    if (one.find_first_not_of(' ') == std::string_view::npos) continue;
    if (colon == std::string_view::npos || !parse_int64(one.substr(colon + 1))) {
      return fmt::format("The Name Server Address[{}] illegal, please set it as follows, \"127.0.0.1:9876;192.168.0.1:9876\"", list);
    }
  }
  return {};
}

}  // namespace mq::apps
