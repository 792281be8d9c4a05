#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#include "admin/command.h"
#include "admin/credentials.h"
#include "admin/guide.h"
#include "admin/java_text.h"
#include "admin/output.h"
#include "base/check.h"
#include "base/numbers.h"
#include "base/split.h"
#include "base/text.h"
#include "remoting/tls.h"

namespace mq::admin {

namespace {

/// -h and -n, which every command has; a command may have a -n of its own.
std::vector<OptionSpec> with_common(const std::vector<OptionSpec>& own) {
  std::vector<OptionSpec> all{{"h", "help", false, false, "Print help"},
                              {"n", "namesrvAddr", true, false, "Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'"}};
  std::erase_if(all, [&](const OptionSpec& a) { return std::any_of(own.begin(), own.end(), [&](const OptionSpec& o) { return o.name == a.name; }); });
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

const Command* find_command(std::string_view name) {
  if (equal_ignoring_case(name, "deleteAccessConfig")) name = "deleteAclConfig";   // its other name in 4.9
  for (const Command& c : all_commands()) if (equal_ignoring_case(c.name, name)) return &c;
  return nullptr;
}

void out(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void complain(std::string_view text) {
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

std::string extras_text(const Command& c) {
  std::string text;
  if (c.extras & extra::kWatch) text += "With --watch SECONDS it is shown again and again.\n";
  if (c.extras & extra::kJson) text += "With --json the same comes as a JSON array.\n";
  return text;
}

int list_commands() {
  out("The most commonly used mqadmin commands are:\n");
  for (const Command& c : all_commands()) out(fmt::format("   {} {}\n", pad(c.name, 35), c.help));
  out("\nSee 'mqadmin help <command>' for more information on a specific command.\n");
  return 0;
}

/// "a:1;b:2", also with commas.
std::vector<std::string> split_addresses(std::string_view text) {
  std::vector<std::string> found;
  for (std::string_view one : split(text, ";,")) {
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (!one.empty()) found.emplace_back(one);
  }
  return found;
}

/// Null unless tls.enable says so, in JAVA_OPT as for Java's tool or as ROCKETMQ_CONF_tls_enable. `config` must outlive it.
Result<std::unique_ptr<remoting::Tls>> outgoing_tls(env::Env& env, remoting::TlsConfig& config) {
  Configuration all({&config});
  MQ_TRY(const auto ignored, all.apply(remoting::tls_properties_of_java(environ), "JAVA_OPT"));
  MQ_TRY(const auto others, all.apply_environment(environ));   // a container's may be the servers'
  if (!config.enable()) return nullptr;
  config.mode.set("disabled");   // nothing listens here
  auto tls = std::make_unique<remoting::Tls>(config, env.fs());
  MQ_TRY(const auto warnings, tls->load(true));
  for (const std::string& w : warnings) complain(w + "\n");
  return tls;
}

/// MERLINMQ_STRICT_EXIT=1: scripts want to know what failed.
bool strict() {
  const char* value = std::getenv("MERLINMQ_STRICT_EXIT");
  return value && std::string_view(value) == "1";
}

bool on_terminal() { return isatty(STDOUT_FILENO) == 1; }

/// Seconds of "--watch [SECONDS]" or "--watch=SECONDS", taken out of the words; 0: it is not there.
Result<int64_t> take_watch(std::vector<std::string>& words, const Command& command) {
  if (!(command.extras & extra::kWatch)) return 0;
  constexpr int64_t kSeconds = 2;
  constexpr std::string_view kWord = "--watch", kWithValue = "--watch=";
  const auto at = std::find_if(words.begin(), words.end(), [&](const std::string& w) { return w == kWord || w.starts_with(kWithValue); });
  if (at == words.end()) return 0;
  const auto next = at + 1;
  const bool apart = *at == kWord && next != words.end() && !next->starts_with("-");
  const std::string text = apart ? *next : at->size() > kWord.size() ? at->substr(kWithValue.size()) : std::to_string(kSeconds);
  words.erase(at, apart ? next + 1 : next);
  const auto seconds = parse_int64(text);
  if (!seconds || *seconds < 1) return fail(Errc::kInvalid, fmt::format("--watch takes seconds, a whole number from 1 on, not \"{}\"", text));
  return *seconds;
}

/// "--json", taken out of the words.
bool take_json(std::vector<std::string>& words, const Command& command) {
  return (command.extras & extra::kJson) && std::erase(words, "--json") > 0;
}

Result<> run_once(Session& session, const Command& command, const Options& options) {
  const auto result = command.run(session, options);
  if (session.keeps_records()) {
    Json found = session.take_records();
    if (result) print_records(std::move(found));   // a part of the answer must not look like all of it
  }
  return result;
}

/// Shows what the command prints on a cleared screen again and again; in a file, with an empty line between. A failure is shown and tried again.
[[noreturn]] void watch(Session& session, const Command& command, const Options& options, int64_t seconds) {
  for (;;) {
    if (on_terminal()) out("\x1b[H\x1b[2J");
    if (const auto r = run_once(session, command, options); !r) session.complain(r.error());
    if (!on_terminal()) out("\n");
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::seconds(seconds));
  }
}

int run_command(env::Env& env, const Command& command, std::vector<std::string> words) {
  const std::vector<OptionSpec> specs = with_common(command.options);
  const auto not_understood = [&](const Error& e) {
    complain(e.message() + "\n");
    out(usage_text(command.name, specs));
    return 1;
  };
  const auto watch_seconds = take_watch(words, command);
  if (!watch_seconds) return not_understood(watch_seconds.error());
  const bool as_json = take_json(words, command);
  const auto options = parse_options(specs, words);
  if (!options) return not_understood(options.error());
  if (options->has("h")) {
    out(usage_text(command.name, specs));
    return 0;
  }
  const auto given = [&](char letter) { return options->has(std::string_view(&letter, 1)); };
  if (!command.one_of.empty() && std::none_of(command.one_of.begin(), command.one_of.end(), given)) {
    out(usage_text(command.name, specs));
    return 0;
  }
  const char* environment = std::getenv("NAMESRV_ADDR");
  const std::string list = options->get("n", environment ? environment : "");
  remoting::TlsConfig tls_config;
  auto loaded = outgoing_tls(env, tls_config);
  if (!loaded) {
    complain(loaded.error().message() + "\n");
    return 1;
  }
  const char* home = std::getenv("ROCKETMQ_HOME");
  auto credentials = find_credentials(env.fs(), home ? home : "");
  // Java's tool goes on unsigned as well; what the server refuses then is easier to understand with this line.
  if (!credentials) complain(fmt::format("requests are not signed: {}\n", credentials.error().message()));
  Session session(env, split_addresses(list), loaded->get(), credentials.value_or(wire::Credentials{}));
  if (as_json) session.keep_records();
  if (*watch_seconds > 0) watch(session, command, *options, *watch_seconds);
  const auto result = run_once(session, command, *options);
  if (result) {
    if (session.missed_namesrvs()) complain("no NameServer is named, so none was told: give -n HOST:PORT, or set NAMESRV_ADDR\n");
    return session.failed_unnamed() && strict() ? 1 : session.status();
  }
  std::string cause = result.error().message();
  if (session.namesrvs().empty() && cause == "connect to null failed") cause += " (no NameServer is named: give -n HOST:PORT, or set NAMESRV_ADDR)";
  complain(fmt::format("{} command failed\n{}\n", command.java_class, cause));
  return command.failed_status > 0 ? command.failed_status : strict() ? 1 : 0;
}

}  // namespace

std::string usage_of(std::string_view command) {
  const Command* c = find_command(command);
  MQ_CHECK(c != nullptr);
  return usage_text(c->name, with_common(c->options));
}

int run_mqadmin(env::Env& env, const std::vector<std::string>& words) {
  if (words.empty()) return list_commands();
  if (words.size() == 2 && words[0] == "help") {
    const Command* c = find_command(words[1]);
    out(c ? usage_text(c->name, with_common(c->options)) : fmt::format("The sub command {} not exist.\n", words[1]));
    // Scripts get the text they know.
    if (c && on_terminal()) out(fmt::format("\nFor example:\n  {}\n", example_of(*c)) + extras_text(*c));
    return 0;
  }
  if (words[0] == "completion") {
    const std::string script = words.size() == 2 ? completion_script(words[1]) : "";
    if (script.empty()) {
      complain("Completion is there for bash and zsh: source <(mqadmin completion bash)\n");
      return 1;
    }
    out(script);
    return 0;
  }
  const Command* c = find_command(words[0]);
  if (!c) {
    // Java's tool knows no such words; who sits at a terminal is helped.
    if (on_terminal() && (words[0] == "help" || words[0] == "-h" || words[0] == "--help")) return list_commands();
    out(fmt::format("The sub command {} not exist.\n", words[0]));
    if (const std::string near = on_terminal() ? nearest_command(words[0]) : ""; !near.empty()) out(fmt::format("Did you mean {}?\n", near));
    return strict() ? 1 : 0;
  }
  const int status = run_command(env, *c, {words.begin() + 1, words.end()});
  std::fflush(stdout);
  return status;
}

/// The order of 5.3.3's list; commands that are not in it come last.
static constexpr std::string_view kOrder[] = {
    "updateTopic", "updateTopicList", "deleteTopic", "updateSubGroup", "updateSubGroupList", "setConsumeMode", "deleteSubGroup",
    "updateBrokerConfig", "updateTopicPerm", "topicRoute", "topicStatus", "topicClusterList", "addBroker", "removeBroker",
    "resetMasterFlushOffset", "brokerStatus", "queryMsgById", "queryMsgByKey", "queryMsgByUniqueKey", "queryMsgByOffset",
    "queryMsgTraceById", "printMsg", "printMsgByQueue", "sendMsgStatus", "brokerConsumeStats", "producerConnection",
    "consumerConnection", "consumerProgress", "consumerStatus", "cloneGroupOffset", "producer", "clusterList", "topicList",
    "updateKvConfig", "deleteKvConfig", "wipeWritePerm", "addWritePerm", "resetOffsetByTime", "skipAccumulatedMessage",
    "updateOrderConf", "cleanExpiredCQ", "deleteExpiredCommitLog", "cleanUnusedTopic", "startMonitoring", "statsAll", "allocateMQ",
    "checkMsgSendRT", "clusterRT", "getNamesrvConfig", "updateNamesrvConfig", "getBrokerConfig", "getConsumerConfig", "queryCq",
    "sendMessage", "consumeMessage", "updateStaticTopic", "remappingStaticTopic", "exportMetadata", "exportConfigs", "exportMetrics",
    "exportMetadataInRocksDB", "exportPopRecord", "haStatus", "getSyncStateSet", "getBrokerEpoch", "getControllerMetaData",
    "getControllerConfig", "updateControllerConfig", "electMaster", "cleanBrokerMetadata", "dumpCompactionLog", "getColdDataFlowCtrInfo",
    "updateColdDataFlowCtrGroupConfig", "removeColdDataFlowCtrGroupConfig", "setCommitLogReadAheadMode", "createUser", "updateUser",
    "deleteUser", "getUser", "listUser", "copyUser", "createAcl", "updateAcl", "deleteAcl", "getAcl", "listAcl", "copyAcl",
    "rocksDBConfigToJson", "checkRocksdbCqWriteProgress"};

const std::vector<Command>& all_commands() {
  static const std::vector<Command> commands = [] {
    std::vector<Command> all;
    add_topic_commands(all);
    add_message_commands(all);
    add_print_commands(all);
    add_send_commands(all);
    add_broker_commands(all);
    add_namesrv_commands(all);
    add_consumer_commands(all);
    add_status_commands(all);
    add_offset_commands(all);
    add_maintenance_commands(all);
    add_list_commands(all);
    add_ha_commands(all);
    add_controller_commands(all);
    add_cold_commands(all);
    add_rocksdb_commands(all);
    add_export_commands(all);
    add_static_topic_commands(all);
    add_monitor_commands(all);
    add_auth_commands(all);
    add_plain_acl_commands(all);
    add_store_commands(all);
    add_doctor_commands(all);
    auto place = [](std::string_view name) { return std::find(std::begin(kOrder), std::end(kOrder), name) - std::begin(kOrder); };
    std::stable_sort(all.begin(), all.end(), [&](const Command& a, const Command& b) { return place(a.name) < place(b.name); });
    return all;
  }();
  return commands;
}

}  // namespace mq::admin
