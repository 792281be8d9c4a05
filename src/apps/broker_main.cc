#include <fmt/format.h>

#include <cstdio>

#include "apps/processes.h"
#include "base/log.h"

namespace mq::apps {

namespace {
Logger logger("broker");
}

int broker_main(const std::vector<std::string>& words) {
  const CommandLine line = parse_command_line("mqbroker", words, true);
  return line.exit ? *line.exit : run_broker_process(line);
}

int run_broker_process(const CommandLine& line) {
  block_stop_signals();
  const auto env = env::make_posix_env();
  BrokerProcess process(*env);
  if (const auto status = process.prepare(line)) return *status;
  start_server_log("broker", process.service, process.warnings);
  if (auto r = process.start(); !r) {
    fmt::print("{}\n", r.error().message());
    logger.error("start failed: {}", r.error().message());
    process.stop();
    stop_logging();
    return kExitStart;
  }
  if (const std::string problem = process.check_advertised_address(); !problem.empty()) {
    fmt::print("WARNING: {}\n", problem);
    logger.warn("{}", problem);
  }
  fmt::print("{}\n", process.boot_line());
  std::fflush(stdout);
  logger.info("{}", process.boot_line());
  wait_for_stop([&] { return process.alive(); });
  logger.info("stopping");
  process.drain();
  process.stop();
  logger.info("stopped");
  stop_logging();
  return 0;
}

}  // namespace mq::apps
