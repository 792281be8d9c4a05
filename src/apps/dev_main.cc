// One process with everything a newcomer needs: a NameServer and a Broker on the default ports, data in ./data.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "apps/processes.h"
#include "base/log.h"
#include "base/numbers.h"

namespace mq::apps {

namespace {

Logger logger("dev");

struct DevLine {
  std::string data = "data";
  int32_t port = 9876;
  std::optional<int> exit;
};

DevLine parse_dev_line(const std::vector<std::string>& words) {
  DevLine line;
  for (size_t i = 0; i < words.size() && !line.exit; ++i) {
    const bool value = i + 1 < words.size();
    if (words[i] == "--data" && value) {
      line.data = words[++i];
    } else if (words[i] == "--port" && value) {
      const auto port = parse_int64(words[++i]);
      if (port && *port > 0 && *port + 1036 <= 65535) line.port = static_cast<int32_t>(*port);
      else line.exit = kExitUsage;
    } else {
      line.exit = words[i] == "-h" || words[i] == "--help" ? 0 : kExitUsage;
    }
  }
  if (line.exit) {
    fmt::print(*line.exit == 0 ? stdout : stderr,
               "usage: merlinmq dev [--data FOLDER] [--port PORT]\n"
               " --data FOLDER   where everything is kept (./data)\n"
               " --port PORT     of the NameServer (9876); the Broker takes PORT+1035 (10911) and the port 2 below\n"
               "Keys of the configuration come from the environment: ROCKETMQ_CONF_<key>=<value>\n");
  }
  return line;
}

/// Both servers, on loopback: whoever tries this has one machine.
std::optional<int> prepare(NamesrvProcess& names, BrokerProcess& broker, const DevLine& line, const std::string& data) {
  names.netty.listenPort.set(line.port);
  names.config.kvConfigPath.set(data + "/namesrv/kvConfig.json");
  names.config.configStorePath.set(data + "/namesrv/namesrv.properties");
  broker.config.listenPort.set(line.port + 1035);
  broker.config.brokerName.set("broker-a");
  broker.config.brokerIP1.set("127.0.0.1");
  broker.config.bindAddress.set("127.0.0.1");
  names.netty.bindAddress.set("127.0.0.1");
  broker.config.namesrvAddr.set(fmt::format("127.0.0.1:{}", line.port));
  broker.store.storePathRootDir.set(data + "/store");
  broker.store.mappedFileSizeCommitLog.set(64 << 20);   // a newcomer's disk is not filled with empty gigabytes
  if (const auto status = names.prepare({})) return status;
  if (const auto status = broker.prepare({})) return status;
  names.service.httpPort.set(0);   // the Broker's port serves the process
  return std::nullopt;
}

}  // namespace

int dev_main(const std::vector<std::string>& words) {
  const DevLine line = parse_dev_line(words);
  if (line.exit) return *line.exit;
  block_stop_signals();
  const std::string data = std::filesystem::absolute(line.data).lexically_normal().string();
  ::setenv("ROCKETMQ_USER_HOME", data.c_str(), 1);
  const auto env = env::make_posix_env();
  const int64_t started = env->clock().mono_ms();
  NamesrvProcess names(*env);
  BrokerProcess broker(*env);
  if (const auto status = prepare(names, broker, line, data)) return *status;
  start_server_log("dev", broker.service, broker.warnings);
  Result<> up = names.start();
  if (up) up = broker.start();
  if (!up) {
    fmt::print(stderr, "merlinmq dev cannot start: {}\n", up.error().message());
    broker.stop();
    names.stop();
    stop_logging();
    return kExitStart;
  }
  const std::string address = broker.config.namesrvAddr();
  fmt::print("MerlinMQ is ready in {} ms; data and logs in {}\n", env->clock().mono_ms() - started, data);
  fmt::print("  point your client at the NameServer {}; topics are made by the first send\n", address);
  fmt::print("  look at it with: mqadmin clusterList -n {}; stop it with Ctrl-C\n", address);
  std::fflush(stdout);
  logger.info("{}", broker.boot_line());
  wait_for_stop([&] { return names.alive() && broker.alive(); });
  broker.stop();
  names.stop();
  stop_logging();
  return 0;
}

}  // namespace mq::apps
