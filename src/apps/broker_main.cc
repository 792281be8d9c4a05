#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "apps/server_main.h"
#include "base/log.h"
#include "broker/broker.h"

namespace mq::apps {

namespace {
Logger logger("broker");
}

int broker_main(const std::vector<std::string>& words) {
  const CommandLine line = parse_command_line("mqbroker", words, true);
  if (line.bad) return kExitUsage;
  if (line.help) return 0;
  block_stop_signals();
  const auto env = env::make_posix_env();
  broker::BrokerConfig config;
  store::MessageStoreConfig store_config;
  broker::NettyServerConfig server_config;
  broker::NettyClientConfig client_config;
  broker::HostConfig host_config;
  Configuration all({&config, &server_config, &client_config, &store_config, &host_config});
  if (const char* addr = std::getenv("NAMESRV_ADDR")) config.namesrvAddr.set(addr);
  if (const char* home = std::getenv("ROCKETMQ_HOME")) config.rocketmqHome.set(home);
  std::vector<std::string> warnings;
  if (!line.config_file.empty()) {
    if (auto r = load_config_file(env->fs(), line.config_file, all, warnings); !r) {
      fmt::print(stderr, "{}\n", r.error().message());
      return kExitException;
    }
    config.brokerConfigPath.set(line.config_file);
  }
  for (std::string& w : all.apply_environment(environ)) warnings.push_back(std::move(w));
  if (!line.namesrv_addr.empty()) config.namesrvAddr.set(line.namesrv_addr);
  if (line.print_all || line.print_important) {
    for (const std::string& item : all.print(line.print_important)) fmt::print("{}\n", item);
    return 0;
  }
  if (const std::string bad = check_namesrv_addr(config.namesrvAddr()); !bad.empty()) {
    fmt::print("{}\n", bad);
    return kExitStart;
  }
  start_logging({.file = user_home() + "/logs/rocketmqlogs/broker.log"});
  for (const std::string& w : warnings) {
    fmt::print("{}\n", w);
    logger.warn("{}", w);
  }
  broker::Broker broker(*env, {config, store_config, host_config, all, line.config_file, user_home()});
  if (auto r = broker.start(); !r) {
    fmt::print("{}\n", r.error().message());
    logger.error("start failed: {}", r.error().message());
    broker.stop();
    stop_logging();
    return kExitStart;
  }
  const std::string names = config.namesrvAddr();
  fmt::print("The broker[{}, {}] boot success. serializeType=JSON{}\n", broker.name(), broker.addr(),
             names.empty() ? "" : " and name server is " + names);
  std::fflush(stdout);
  logger.info("boot success: {} at {}", broker.name(), broker.addr());
  wait_for_stop();
  logger.info("stopping");
  broker.stop();
  logger.info("stopped");
  stop_logging();
  return 0;
}

}  // namespace mq::apps
