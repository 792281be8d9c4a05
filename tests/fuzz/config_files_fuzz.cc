// The JSON files under config/: byte 0 names the file (and its .bak), the rest is its content. A damaged file never stops
// the broker or the NameServer, and what they write of it is read back to the same.
#include "base/log.h"
#include "broker/broker.h"
#include "env/sim.h"
#include "fuzz.h"
#include "namesrv/kv_config.h"

extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }   // the simulated process is not destroyed

namespace {

using namespace mq;

constexpr const char* kRoot = "/data/store";
constexpr const char* kFiles[] = {"/config/topics.json",      "/config/subscriptionGroup.json", "/config/consumerOffset.json",
                                  "/config/delayOffset.json", "/deletedTopics",                 "/checkpoint",
                                  "/config/consumerFilter.json", "/config/messageRequestMode.json", "/config/auth.json", "/knownQueues"};
constexpr size_t kOfNamesrv = 0x0F;

void write(env::FileSystem& fs, const std::string& path, std::string_view content) {
  MQ_CHECK(fs.make_dirs(path.substr(0, path.rfind('/'))));
  auto file = fs.open(path, env::Open::kCreate).value();
  MQ_CHECK(file->write(0, as_bytes(content)));
}

void run_broker(env::SimMachine& machine) {
  broker::BrokerConfig config;
  store::MessageStoreConfig store;
  broker::HostConfig host;
  const ops::ServiceConfig service;
  auth::AuthConfig auth;
  auth.authenticationMetadataProvider.set("LocalAuthenticationMetadataProvider");   // reads the users, checks nobody
  config.enableCalcFilterBitMap.set(true);
  Configuration all({&config, &store, &host, &auth});
  config.brokerName.set("broker-a");
  config.brokerIP1.set(machine.address());
  host.ioLoops.set(1);
  store.storePathRootDir.set(kRoot);
  store.mappedFileSizeCommitLog.set(64 << 10);
  store.maxHashSlotNum.set(100);
  store.maxIndexNum.set(400);
  store.mappedFileSizeConsumeQueue.set(20 * 50);
  broker::Broker broker(machine.env(), {.broker = config, .store = store, .host = host, .service = service, .all = all, .home = "/home", .auth = &auth});
  const auto started = broker.start();
  MQ_CHECK(started);
  broker.stop();
}

std::string content_of(env::FileSystem& fs, const std::string& path) { return env::read_file(fs, path).value_or(""); }

void check_broker(const std::string& path, std::string_view content) {
  env::SimWorld world(1);
  env::SimMachine& machine = world.machine("broker");
  env::FileSystem& fs = machine.env().fs();
  write(fs, path, content);
  run_broker(machine);
  const std::string groups = content_of(fs, std::string(kRoot) + kFiles[1]), offsets = content_of(fs, std::string(kRoot) + kFiles[2]);
  run_broker(machine);
  MQ_CHECK(content_of(fs, std::string(kRoot) + kFiles[2]) == offsets);
  if (path.find(kFiles[1]) == std::string::npos) MQ_CHECK(content_of(fs, std::string(kRoot) + kFiles[1]) == groups);
}

void check_kv(const std::string& suffix, std::string_view content) {
  env::SimWorld world(1);
  env::FileSystem& fs = world.machine("namesrv").env().fs();
  write(fs, "/home/namesrv/kvConfig.json" + suffix, content);
  namesrv::KvConfig first(fs, "/home/namesrv/kvConfig.json");
  if (!first.load()) return;
  MQ_CHECK(first.put("space", "key", "value"));
  namesrv::KvConfig second(fs, "/home/namesrv/kvConfig.json");
  MQ_CHECK(second.load());
  MQ_CHECK(second.get("space", "key") == "value");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool quiet = (start_logging({.level = LogLevel::kOff}), true);
  (void)quiet;
  fuzz::Input input(data, size);
  const auto kind = input.number<uint8_t>();
  const std::string suffix = kind & 0x80 ? ".bak" : "";
  const size_t file = kind & 0x0F;
  if (file == kOfNamesrv) check_kv(suffix, input.rest());
  else if (file < std::size(kFiles)) check_broker(kRoot + std::string(kFiles[file]) + suffix, input.rest());
  return 0;
}
