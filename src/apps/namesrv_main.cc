#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "apps/server_main.h"
#include "base/log.h"
#include "namesrv/namesrv.h"

namespace mq::apps {

namespace {
Logger logger("namesrv");
}

int namesrv_main(const std::vector<std::string>& words) {
  const CommandLine line = parse_command_line("mqnamesrv", words, false);
  if (line.bad) return kExitUsage;
  if (line.help) return 0;
  block_stop_signals();
  const auto env = env::make_posix_env();
  const char* home = std::getenv("ROCKETMQ_HOME");
  namesrv::NamesrvConfig config(user_home(), home ? home : "");
  remoting::NettyServerConfig netty(9876);
  Configuration all({&config, &netty});
  std::vector<std::string> warnings;
  if (!line.config_file.empty()) {
    if (auto r = load_config_file(env->fs(), line.config_file, all, warnings); !r) {
      fmt::print(stderr, "{}\n", r.error().message());
      return kExitException;
    }
    config.configStorePath.set(line.config_file);
    fmt::print("load config properties file OK, {}\n", line.config_file);
  }
  for (std::string& w : all.apply_environment(environ)) warnings.push_back(std::move(w));
  if (line.print_all) {
    for (const std::string& item : all.print(false)) fmt::print("{}\n", item);
    return 0;
  }
  start_logging({.file = user_home() + "/logs/rocketmqlogs/namesrv.log"});
  for (const std::string& w : warnings) {
    fmt::print("{}\n", w);
    logger.warn("{}", w);
  }
  namesrv::NameServer server(*env, {config, netty, all});
  if (auto r = server.start(); !r) {
    fmt::print(stderr, "The Name Server cannot start: {}\n", r.error().message());
    logger.error("start failed: {}", r.error().message());
    stop_logging();
    return kExitStart;
  }
  fmt::print("The Name Server boot success. serializeType=JSON, address {}:{}\n", netty.bindAddress(), server.port());
  std::fflush(stdout);
  logger.info("boot success, port {}", server.port());
  wait_for_stop();
  logger.info("stopping");
  server.stop();
  stop_logging();
  return 0;
}

}  // namespace mq::apps
