// What the servers' main functions share: command line, configuration file, log, signals. Source: spec ops (c).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/options.h"
#include "env/loop.h"
#include "ops/service_config.h"

namespace mq::apps {

int namesrv_main(const std::vector<std::string>& words);
int broker_main(const std::vector<std::string>& words);
struct CommandLine;
int run_broker_process(const CommandLine& line);
int dev_main(const std::vector<std::string>& words);
int admin_main(const std::vector<std::string>& words);
/// Prints docs/reference/config.md.
int config_reference_main();

/// Exit statuses as a shell sees Java's (spec ops c.3).
inline constexpr int kExitUsage = 1;
inline constexpr int kExitStart = 253;      // a start that cannot succeed: port, lock, permission, roles
inline constexpr int kExitException = 255;  // a file that cannot be read or parsed

struct CommandLine {
  std::string config_file;
  std::string namesrv_addr;
  bool print_all = false;
  bool print_important = false;
  std::vector<PropertyLine> derived;   // counts for keys that the file does not have (containers)
  bool needs_namesrv = false;  // no namesrvAddr from anywhere is an error
  std::optional<int> exit;     // everything is said: leave with this status
};
/// -c/--configFile, -n/--namesrvAddr, -p/--printConfigItem, -m/--printImportantConfig (brokers), -h/--help.
CommandLine parse_command_line(const std::string& program, const std::vector<std::string>& words, bool broker);

/// ROCKETMQ_USER_HOME, else HOME: what Java calls user.home.
std::string user_home();
/// Applies -Dtls. settings of JAVA_OPT, the file of the command line, then ROCKETMQ_CONF_*. Errors: kInvalid naming file and line.
Result<> load_config(env::FileSystem& fs, const CommandLine& line, Configuration& config, std::vector<std::string>& warnings);
/// The lines of -p and -m, with the prefix that Java's console logger gives them.
void print_config(const Configuration& config, bool important_only);
/// The JVM's settings in the environment are ignored but for -Dtls.; one warning names those that are set.
void warn_of_jvm_variables(std::vector<std::string>& warnings);
/// Starts the log and writes the warnings of the configuration there and on standard output.
void start_server_log(const std::string& name, const ops::ServiceConfig& service, const std::vector<std::string>& warnings);
/// Blocks the signals of a stop before any thread starts; wait_for_stop() returns when one arrives.
void block_stop_signals();
/// Tells systemd that the service is up, keeps its watchdog quiet while `alive` returns true, and tells it of the stop.
void wait_for_stop(const std::function<bool()>& alive);
/// Returns after so many seconds, or at another signal of those.
void wait_for_another_signal(int32_t seconds);
/// "a:1;b:2": every part must end in a port. Empty when all is well, else the complaint.
std::string check_namesrv_addr(const std::string& list);

}  // namespace mq::apps
