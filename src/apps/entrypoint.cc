#include "apps/entrypoint.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "apps/processes.h"
#include "base/numbers.h"
#include "base/split.h"

namespace mq::apps {

namespace {

constexpr int kExitNoRole = 64;

std::string first_of(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const char* value = std::getenv(name); value && *value) return value;
  }
  return {};
}

std::optional<int64_t> ordinal_of(const std::string& host_name) {
  const size_t dash = host_name.rfind('-');
  return dash == std::string::npos ? std::nullopt : parse_int64(host_name.substr(dash + 1));
}

std::string letter(int64_t n) { return n < 26 ? std::string(1, static_cast<char>('a' + n)) : std::to_string(n); }

/// "namesrv", "broker", "mqadmin" or "" for a word of the command line.
std::string role_of(std::string word) {
  if (const size_t slash = word.rfind('/'); slash != std::string::npos) word = word.substr(slash + 1);
  if (word == "namesrv" || word == "nameserver" || word == "mqnamesrv") return "namesrv";
  if (word == "broker" || word == "mqbroker") return "broker";
  if (word == "mqadmin" || word == "admin") return "mqadmin";
  return word == "mqshutdown" || word == "dev" ? word : "";
}

/// What "sh -c TEXT" stands for where there is no shell: the words of one plain command. Errors: kInvalid for anything that needs a shell.
Result<std::vector<std::string>> plain_command(const std::string& text) {
  if (text.find_first_of("|&;<>()$`\"'\\*?\n") != std::string::npos) {
    return fail(Errc::kInvalid, fmt::format("sh -c \"{}\": there is no shell here, only one command with plain words is understood, without quotes, $ | & ; < >", text));
  }
  std::vector<std::string> words;
  for (const std::string_view word : split(text, " ")) if (!word.empty() && !(words.empty() && word == "exec")) words.emplace_back(word);
  return words;
}

/// Takes the words that name a role from the front: "broker", "sh mqbroker", "./mqbroker"; "dummy" is the official image's CMD. Without such
/// words the environment decides; "" when it says nothing. Errors: kInvalid for a word that names no role.
Result<std::string> take_role(std::vector<std::string>& words) {
  if (!words.empty() && words.front() == "sh") {
    words.erase(words.begin());
    if (words.size() == 2 && words.front() == "-c") {
      MQ_TRY(words, plain_command(words.back()));
    }
    if (words.empty() || words.front().starts_with('-')) return fail(Errc::kInvalid, "there is no shell here; mqadmin and the servers can be called by their names");
  } else if (!words.empty() && words.front() == "dummy") {
    words.erase(words.begin());
  }
  const bool named = !words.empty() && !words.front().starts_with('-');
  const std::string word = named ? words.front() : first_of({"NODE_ROLE"});
  if (std::string role = role_of(word); !role.empty()) {
    if (named) words.erase(words.begin());
    return role;
  }
  if (!word.empty()) return fail(Errc::kInvalid, fmt::format("{} is none of namesrv, broker, mqadmin, mqshutdown, dev; there is no controller and no proxy yet", word));
  if (first_of({"NAME_SERVER"}) == "true") return "namesrv";
  return first_of({"BROKER_SERVER"}) == "true" ? "broker" : "";
}

void add_from_environment(std::vector<PropertyLine>& lines) {
  struct From { const char* key; std::initializer_list<const char*> names; };
  static const std::array<From, 10> kFrom{{{"brokerClusterName", {"BROKER_CLUSTER_NAME"}}, {"brokerName", {"BROKER_NAME"}}, {"brokerId", {"BROKER_ID", "MM_BROKER_ID"}},
                                           {"brokerRole", {"BROKER_ROLE"}}, {"brokerIP1", {"BROKER_IP1", "brokerIP1", "MM_BROKER_IP", "POD_IP"}},
                                           {"brokerIP2", {"BROKER_IP2"}}, {"listenPort", {"BROKER_LISTEN_PORT"}}, {"haListenPort", {"HA_LISTEN_PORT"}},
                                           {"controllerAddr", {"CONTROLLER_ADDR", "controllerAddr"}}, {"enableControllerMode", {"enableControllerMode"}}}};
  for (const From& from : kFrom) {
    if (std::string value = first_of(from.names); !value.empty()) lines.push_back({from.key, std::move(value), 0, ""});
  }
}

std::string name_servers() {
  std::string list = first_of({"NAMESRV_ADDR", "NAME_SERVER_LIST"});
  for (char& c : list) if (c == ',') c = ';';
  return list;
}

/// The user's home: the volume of the older images when it is mounted, else that of the official one.
void choose_home() {
  struct stat s{};
  const char* home = ::stat("/opt/rocketmq_home", &s) == 0 ? "/opt/rocketmq_home" : "/home/rocketmq";
  ::setenv("ROCKETMQ_USER_HOME", home, 0);
  ::setenv("ROCKETMQ_CONF_logTo", "both", 0);
}

int run_broker(std::vector<std::string> words) {
  CommandLine line = parse_command_line("mqbroker", words, true);
  if (line.exit) return *line.exit;
  if (line.config_file.empty()) line.config_file = first_of({"CONFIG_FILE", "BROKER_CONF_FILE"});
  ContainerSettings settings{.mode = first_of({"BROKER_CLUSTER_CONF"}), .host_name = first_of({"POD_NAME", "HOSTNAME"})};
  if (std::string prefix = first_of({"BROKER_NAME_PREFIX"}); !prefix.empty()) settings.name_prefix = std::move(prefix);
  if (settings.host_name.empty()) {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) == 0) settings.host_name = name.data();
  }
  auto identity = derive_identity(settings);
  if (!identity) {
    fmt::print(stderr, "{}\n", identity.error().message());
    return kExitUsage;
  }
  fmt::print("launch broker as {}\n", settings.mode.empty() ? "single" : "cluster, " + settings.mode);
  if (const std::string port = first_of({"FAST_LISTEN_PORT"}); !port.empty()) {
    fmt::print(stderr, "FAST_LISTEN_PORT={} has no effect: the fast port is two below BROKER_LISTEN_PORT\n", port);
  }
  line.derived = std::move(*identity);
  add_from_environment(line.derived);
  if (const std::string addresses = first_of({"ADVERTISED_ADDRESSES"}); !addresses.empty()) {   // wins over the pod's own address
    auto address = advertised_of(addresses, settings.host_name);
    if (!address) {
      fmt::print(stderr, "{}\n", address.error().message());
      return kExitUsage;
    }
    line.derived.push_back({"brokerIP1", std::move(*address), 0, ""});
  }
  if (std::string list = name_servers(); !list.empty()) {
    ::unsetenv("NAMESRV_ADDR");
    line.derived.push_back({"namesrvAddr", std::move(list), 0, ""});
  }
  line.needs_namesrv = true;
  return run_broker_process(line);
}

}  // namespace

Result<std::vector<PropertyLine>> derive_identity(const ContainerSettings& s) {
  std::vector<PropertyLine> lines;
  auto add = [&](std::string key, std::string value) { lines.push_back({std::move(key), std::move(value), 0, ""}); };
  add("deleteWhen", "04");
  add("fileReservedTime", "48");
  add("flushDiskType", "ASYNC_FLUSH");
  if (s.mode.empty()) {
    add("brokerName", s.name_prefix + "a");
    return lines;
  }
  const auto ordinal = ordinal_of(s.host_name);
  if (!ordinal || *ordinal < 0) {
    return fail(Errc::kInvalid, fmt::format("BROKER_CLUSTER_CONF={} takes the broker's name from a host name that ends in -0, -1, ...; it is {}", s.mode, s.host_name));
  }
  if (s.mode == "2m-noslave") {
    add("brokerName", s.name_prefix + letter(*ordinal));
    add("brokerRole", "ASYNC_MASTER");
  } else if (s.mode == "2m-2s-async" || s.mode == "2m-2s-sync") {
    const bool slave = *ordinal % 2 == 1;
    add("brokerName", s.name_prefix + letter(*ordinal / 2));
    add("brokerId", slave ? "1" : "0");
    add("brokerRole", slave ? "SLAVE" : s.mode == "2m-2s-sync" ? "SYNC_MASTER" : "ASYNC_MASTER");
  } else {
    return fail(Errc::kInvalid, fmt::format("BROKER_CLUSTER_CONF={} is not known: 2m-noslave, 2m-2s-async or 2m-2s-sync is needed, or none for a single broker", s.mode));
  }
  return lines;
}

Result<std::string> advertised_of(const std::string& list, const std::string& host_name) {
  const auto ordinal = ordinal_of(host_name);
  const std::vector<std::string_view> all = split(list, ",");
  if (!ordinal || *ordinal < 0 || static_cast<size_t>(*ordinal) >= all.size() || all[static_cast<size_t>(*ordinal)].empty()) {
    return fail(Errc::kInvalid, fmt::format("ADVERTISED_ADDRESSES={} needs an address for each broker, by the number its host name ends in; this one is {}", list, host_name));
  }
  return std::string(all[static_cast<size_t>(*ordinal)]);
}

int entrypoint_main(std::vector<std::string> words) {
  const auto taken = take_role(words);
  if (!taken) {
    fmt::print(stderr, "{}\n", taken.error().message());
    return kExitNoRole;
  }
  const std::string& role = *taken;
  if (role == "mqadmin") return admin_main(words);
  if (role == "mqshutdown") return shutdown_main(words);
  choose_home();
  if (role == "dev") return dev_main(words);
  if (role == "namesrv") {
    if (const std::string file = first_of({"CONFIG_FILE"}); !file.empty() && words.empty()) words = {"-c", file};
    return namesrv_main(words);
  }
  if (role == "broker") return run_broker(std::move(words));
  fmt::print(stderr,
             "Nothing says what to run. Give one of the arguments namesrv, broker, mqadmin, dev, or set NAME_SERVER=true or BROKER_SERVER=true\n"
             "(with NAME_SERVER_LIST, and BROKER_CLUSTER_CONF=2m-noslave|2m-2s-async|2m-2s-sync for a cluster).\n");
  return kExitNoRole;
}

}  // namespace mq::apps
