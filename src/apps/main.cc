// One executable for all: it acts by the name it is called with (mqnamesrv, mqbroker, mqadmin) or by its first argument.
#include <fmt/core.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "admin/command.h"
#include "apps/entrypoint.h"
#include "apps/server_main.h"

namespace mq::apps {

int admin_main(const std::vector<std::string>& words) {
  const auto env = env::make_posix_env();
  return admin::run_mqadmin(*env, words);
}

}  // namespace mq::apps

namespace {

/// What a first argument, the names of RocketMQ's scripts or of the official image's roles mean.
std::string_view role_of(std::string_view word) {
  struct Role { std::string_view word, means; };
  static constexpr Role kRoles[] = {{"namesrv", "mqnamesrv"}, {"nameserver", "mqnamesrv"}, {"mqnamesrv", "mqnamesrv"}, {"broker", "mqbroker"},
                                    {"mqbroker", "mqbroker"}, {"admin", "mqadmin"}, {"mqadmin", "mqadmin"}, {"dev", "dev"},
                                    {"config-reference", "config-reference"}, {"--version", "version"}, {"-V", "version"}, {"--help", "help"}, {"-h", "help"},
                                    {"mqshutdown", "mqshutdown"}, {"entrypoint", "entrypoint"}};
  for (const Role& role : kRoles) if (role.word == word) return role.means;
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  std::string_view name = argc > 0 ? argv[0] : "";
  name = name.substr(name.rfind('/') + 1);
  if (!name.starts_with("mq") && name != "sh" && !words.empty()) {
    name = role_of(words.front());
    if (!name.empty()) words.erase(words.begin());
  }
  if (name == "mqnamesrv") return mq::apps::namesrv_main(words);
  if (name == "mqbroker") return mq::apps::broker_main(words);
  if (name == "mqadmin") return mq::apps::admin_main(words);
  if (name == "mqshutdown") return mq::apps::shutdown_main(words);
  if (name == "sh") words.insert(words.begin(), "sh");   // of images without a shell
  if (name == "entrypoint" || name == "sh") return mq::apps::entrypoint_main(std::move(words));
  if (name == "dev") return mq::apps::dev_main(words);
  if (name == "config-reference") return mq::apps::config_reference_main();
  if (name == "version") {
    fmt::print("MerlinMQ {}\n", MQ_VERSION);
    return 0;
  }
  fmt::print(name == "help" ? stdout : stderr,
             "usage: merlinmq dev|namesrv|broker|admin [options]\n"
             "       merlinmq --version\n"
             "dev runs a NameServer and a Broker in one process. The links mqnamesrv, mqbroker and mqadmin do what their names say.\n");
  return name == "help" ? 0 : 1;
}
