// What a command of mqadmin is: one row in its family's file, found through the table of all commands.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/options.h"
#include "admin/session.h"

namespace mq::admin {

namespace extra {
inline constexpr uint8_t kWatch = 1;   // --watch SECONDS: shown again and again
inline constexpr uint8_t kJson = 2;    // --json: what the command says it has found (Session::record) instead of its text
}  // namespace extra

struct Command {
  std::string_view name;         // RocketMQ's name
  std::string_view java_class;   // "TopicStatusSubCommand": what failures are reported under
  std::string_view help;         // one line
  std::vector<OptionSpec> options;   // without the common -h and -n
  /// Prints to session.out. Errors: the text behind "Caused by" ("CODE: 17  DESC: ...").
  std::function<Result<>(Session& session, const Options& options)> run;
  /// Options, a letter each, of which one must be given; else the usage is printed, which is no failure.
  std::string_view one_of = {};
  /// Options that Java's tool does not know: extra::kWatch, extra::kJson.
  uint8_t extras = 0;
  int failed_status = 0;         // exit status of a failure; 0, as of Java's tool, only for commands that it has
};

/// All commands in the order in which `mqadmin` lists them (that of 5.3.3).
const std::vector<Command>& all_commands();

/// The usage text of a command of the table.
std::string usage_of(std::string_view command);

// The families; each file declares its rows once.
void add_topic_commands(std::vector<Command>& to);
void add_message_commands(std::vector<Command>& to);
void add_print_commands(std::vector<Command>& to);
void add_send_commands(std::vector<Command>& to);
void add_broker_commands(std::vector<Command>& to);
void add_namesrv_commands(std::vector<Command>& to);
void add_consumer_commands(std::vector<Command>& to);
void add_status_commands(std::vector<Command>& to);
void add_offset_commands(std::vector<Command>& to);
void add_maintenance_commands(std::vector<Command>& to);
void add_list_commands(std::vector<Command>& to);
void add_ha_commands(std::vector<Command>& to);
void add_controller_commands(std::vector<Command>& to);
void add_cold_commands(std::vector<Command>& to);
void add_rocksdb_commands(std::vector<Command>& to);
void add_export_commands(std::vector<Command>& to);
void add_static_topic_commands(std::vector<Command>& to);
void add_monitor_commands(std::vector<Command>& to);
void add_auth_commands(std::vector<Command>& to);
void add_plain_acl_commands(std::vector<Command>& to);
void add_store_commands(std::vector<Command>& to);
void add_doctor_commands(std::vector<Command>& to);

/// The tool: dispatch, parsing, failure texts. Returns the exit status: 0 also when a command failed, as Java's tool
/// does, unless MERLINMQ_STRICT_EXIT=1.
int run_mqadmin(env::Env& env, const std::vector<std::string>& words);

}  // namespace mq::admin
