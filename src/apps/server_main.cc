#include "apps/server_main.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/time.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "apps/sd_notify.h"
#include "base/log.h"
#include "base/numbers.h"
#include "base/time_text.h"
#include "remoting/tls.h"

namespace mq::apps {

namespace {

void print_usage(const std::string& program, bool broker) {
  const std::string_view pad = broker ? "   " : "";
  fmt::print("usage: {} [-c <arg>] [-h] {}[-n <arg>] [-p]\n", program, broker ? "[-m] " : "");
  fmt::print(" -c,--configFile <arg>    {}{} config properties file\n", pad, broker ? "Broker" : "Name server");
  fmt::print(" -h,--help                {}Print help\n", pad);
  if (broker) fmt::print(" -m,--printImportantConfig   Print important config item\n");
  fmt::print(" -n,--namesrvAddr <arg>   {}Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'\n", pad);
  fmt::print(" -p,--printConfigItem     {}Print all config item{}\n", pad, broker ? "" : "s");
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
  bool help = false;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string word = words[i], value;
    if (const size_t equals = word.find('='); word.starts_with("--") && equals != std::string::npos) {
      value = word.substr(equals + 1);
      word.resize(equals);
    }
    auto take = [&](std::string& to, std::string_view name) {
      if (!value.empty()) to = value;
      else if (i + 1 < words.size() && !words[i + 1].starts_with("-")) to = words[++i];
      else {
        fmt::print(stderr, "Missing argument for option: {}\n", name);
        line.exit = kExitUsage;
      }
    };
    if (word == "-c" || word == "--configFile" || word == "-configFile") take(line.config_file, "c");
    else if (word == "-n" || word == "--namesrvAddr" || word == "-namesrvAddr") take(line.namesrv_addr, "n");
    else if (word == "-p" || word == "--printConfigItem") line.print_all = true;
    else if (broker && (word == "-m" || word == "--printImportantConfig")) line.print_important = true;
    else if (word == "-h" || word == "--help") help = true;
    else if (word.starts_with("-")) {
      fmt::print(stderr, "Unrecognized option: {}\n", words[i]);
      line.exit = kExitUsage;
    }
    if (line.exit) break;
  }
  if (line.exit || help) print_usage(program, broker);
  if (help && !line.exit) line.exit = 0;
  return line;
}

std::string user_home() {
  for (const char* name : {"ROCKETMQ_USER_HOME", "HOME"}) {
    if (const char* value = std::getenv(name); value && *value) return value;
  }
  return "/root";
}

Result<> load_config(env::FileSystem& fs, const CommandLine& line, Configuration& config, std::vector<std::string>& warnings) {
  auto add = [&](std::vector<std::string> more) { warnings.insert(warnings.end(), more.begin(), more.end()); };
  std::vector<PropertyLine> lines = remoting::tls_properties_of_java(environ);   // the last one of a key wins: the file's
  lines.insert(lines.end(), line.derived.begin(), line.derived.end());
  if (!line.config_file.empty()) {
    auto text = env::read_file(fs, line.config_file);
    if (!text) return fail(std::move(text).error()).at("the configuration file " + line.config_file + " cannot be read");
    const auto more = parse_properties(*text);
    if (!more) return fail(more.error()).at(line.config_file);
    lines.insert(lines.end(), more->begin(), more->end());
  }
  MQ_TRY(auto said, config.apply(lines, line.config_file.empty() ? "the environment" : line.config_file));
  add(std::move(said));
  MQ_TRY(auto more, config.apply_environment(environ));
  add(std::move(more));
  return {};
}

void print_config(const Configuration& config, bool important_only) {
  const int64_t now = (int64_t{std::time(nullptr)} + 8 * 3600) * 1000;   // QUIRK: RocketMQ's console logger writes GMT+8 everywhere
  const std::string stamp = time_text(utc_time(now), "%Y-%m-%d %H:%M:%S");
  for (const std::string& item : config.print(important_only)) fmt::print("{} INFO main - {}\n", stamp, item);
}

void warn_of_jvm_variables(std::vector<std::string>& warnings) {
  std::string found;
  for (const char* name : {"HEAP_OPTS", "JAVA_OPT", "JAVA_OPT_EXT", "BROKER_MEM", "MAX_POSSIBLE_HEAP"}) {
    if (!std::getenv(name)) continue;
    if (!found.empty()) found += ", ";
    found += name;
  }
  if (!found.empty()) warnings.push_back(found + " in the environment: there is no JVM to tune, nothing but -Dtls. settings counts");
}

void start_server_log(const std::string& name, const ops::ServiceConfig& service, const std::vector<std::string>& warnings) {
  LogConfig config;
  if (service.logTo() != "stdout") config.file = user_home() + "/logs/rocketmqlogs/" + name + ".log";
  config.to_stdout = service.logTo() != "file";
  config.json = service.logFormat() == "json";
  config.max_file_bytes = service.logFileSize.used();
  config.max_files = static_cast<int>(service.logFileCount.used());
  start_logging(config);
  static Logger logger("config");
  for (const std::string& w : warnings) {
    if (!config.to_stdout) fmt::print("{}\n", w);
    logger.warn("{}", w);
  }
}

void block_stop_signals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void wait_for_stop(const std::function<bool()>& alive) {
  const sigset_t set = stop_signals();
  sd_notify("READY=1");
  const int64_t watchdog_ms = sd_watchdog_ms();
  for (;;) {
    int number = 0;
    if (watchdog_ms <= 0) {
      if (sigwait(&set, &number) == 0) break;
      continue;
    }
    const timespec wait{watchdog_ms / 2 / 1000, watchdog_ms / 2 % 1000 * 1'000'000};
    if (sigtimedwait(&set, nullptr, &wait) > 0) break;
    if (alive()) sd_notify("WATCHDOG=1");
  }
  sd_notify("STOPPING=1");
}

void wait_for_another_signal(int32_t seconds) {
  const sigset_t set = stop_signals();
  const timespec wait{seconds, 0};
  (void)sigtimedwait(&set, nullptr, &wait);
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
