#include <fmt/format.h>

#include <cstdio>

#include "apps/processes.h"
#include "base/log.h"

namespace mq::apps {

namespace {
Logger logger("namesrv");
}

int namesrv_main(const std::vector<std::string>& words) {
  const CommandLine line = parse_command_line("mqnamesrv", words, false);
  if (line.exit) return *line.exit;
  block_stop_signals();
  const auto env = env::make_posix_env();
  NamesrvProcess process(*env);
  if (const auto status = process.prepare(line)) return *status;
  start_server_log("namesrv", process.service, process.warnings);
  if (auto r = process.start(); !r) {
    fmt::print(stderr, "The Name Server cannot start: {}\n", r.error().message());
    logger.error("start failed: {}", r.error().message());
    process.stop();
    stop_logging();
    return kExitStart;
  }
  fmt::print("{}\n", process.boot_line());
  std::fflush(stdout);
  logger.info("{}", process.boot_line());
  wait_for_stop([&] { return process.alive(); });
  logger.info("stopping");
  process.stop();
  logger.info("stopped");
  stop_logging();
  return 0;
}

}  // namespace mq::apps
