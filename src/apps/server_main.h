// What the servers' main functions share: command line, configuration file, log, signals. Source: spec ops (c).
#pragma once

#include <string>
#include <vector>

#include "base/options.h"
#include "env/loop.h"

namespace mq::apps {

int namesrv_main(const std::vector<std::string>& words);
int broker_main(const std::vector<std::string>& words);
int admin_main(const std::vector<std::string>& words);

/// Exit statuses as a shell sees Java's (spec ops c.3).
inline constexpr int kExitUsage = 1;
inline constexpr int kExitStart = 253;      // a start that cannot succeed: port, lock, permission, roles
inline constexpr int kExitException = 255;  // a file that cannot be read or parsed

struct CommandLine {
  std::string config_file;
  std::string namesrv_addr;
  bool print_all = false;
  bool print_important = false;
  bool help = false;
  bool bad = false;            // the error is already printed
};
/// -c/--configFile, -n/--namesrvAddr, -p/--printConfigItem, -m/--printImportantConfig, -h/--help.
CommandLine parse_command_line(const std::string& program, const std::vector<std::string>& words, bool broker);

/// ROCKETMQ_USER_HOME, else HOME: what Java calls user.home.
std::string user_home();
/// Applies the file; its warnings go to standard output and, later, to the log. Errors: kInvalid naming file and line.
Result<> load_config_file(env::FileSystem& fs, const std::string& path, Configuration& config, std::vector<std::string>& warnings);
/// Blocks the signals of a stop before any thread starts; wait_for_stop() returns when one arrives.
void block_stop_signals();
void wait_for_stop();
/// "a:1;b:2": every part must end in a port. Empty when all is well, else the complaint.
std::string check_namesrv_addr(const std::string& list);

}  // namespace mq::apps
