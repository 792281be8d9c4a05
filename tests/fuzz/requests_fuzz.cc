// Requests to whole servers: each code of the table with any fields and body, one after the other over one connection. No server dies
// of them, each keeps answering, and what the broker wrote of them lets it start again and is written the same.
//
//   input   := which (1 byte: odd, a NameServer, else a broker), requests
//   request := row of the request table (2 bytes), lines "key=value" up to an empty line, body size (2 bytes), body
#include "base/log.h"
#include "base/utf8.h"
#include "broker/broker.h"
#include "env/sim.h"
#include "fuzz.h"
#include "namesrv/namesrv.h"
#include "remoting/client.h"

extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }   // the simulated processes are not destroyed

namespace {

using namespace mq;

constexpr int32_t kCodes[] = {
#define X(code, ...) code,
    MQ_ALL_REQUESTS(X)
#undef X
};
constexpr size_t kMostRequests = 20;

struct Ask {
  int32_t code = 0;
  std::vector<std::pair<std::string, std::string>> ext;
  std::string body;
};

Ask next_request(fuzz::Input& input) {
  Ask ask;
  ask.code = kCodes[input.number<uint16_t>() % std::size(kCodes)];
  for (std::string_view line = input.line(); !line.empty(); line = input.line()) {
    const size_t equals = line.find('=');
    const std::string_view key = line.substr(0, equals);
    if (equals == std::string_view::npos || !std::all_of(key.begin(), key.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; })) continue;
    ByteBuffer value;   // a header is JSON text
    append_repaired(value, line.substr(equals + 1));
    ask.ext.emplace_back(key, value.text());
  }
  ask.body = input.take(input.number<uint16_t>());
  return ask;
}

/// A user's end of one connection.
class User {
 public:
  User(env::SimWorld& world, std::string addr) : world_(world), env_(world.machine("user").env()), loop_(env_.start_loop("user")), addr_(std::move(addr)) {
    env_.run_on(loop_, [this] { client_ = std::make_unique<remoting::Client>(loop_); });
  }
  /// An answer, or none within the time that a held pull may take.
  void send(const Ask& ask) {
    bool over = false;
    env_.run_on(loop_, [&] { client_->call_raw(addr_, ask.code, ask.ext, as_bytes(ask.body), 3000, [&over](const auto&) { over = true; }); });
    MQ_CHECK(world_.run_until([&over] { return over; }, 60'000));
  }
  /// The server still answers what it always can.
  void check_alive(int32_t code) {
    bool answered = false, over = false;
    env_.run_on(loop_, [&] {
      client_->call_raw(addr_, code, {}, {}, 5000, [&](const auto& r) {
        answered = r.has_value();
        over = true;
      });
    });
    MQ_CHECK(world_.run_until([&over] { return over; }, 60'000));
    MQ_CHECK(answered);
  }
  void leave() {
    env_.run_on(loop_, [this] { client_.reset(); });
    env_.stop_loop(loop_);
  }

 private:
  env::SimWorld& world_;
  env::Env& env_;
  env::Loop& loop_;
  const std::string addr_;
  std::unique_ptr<remoting::Client> client_;
};

void send_all(User& user, fuzz::Input& input, wire::RequestCode alive) {
  for (size_t i = 0; i < kMostRequests && !input.empty(); ++i) user.send(next_request(input));
  user.check_alive(static_cast<int32_t>(alive));
  user.leave();
}

// --- broker ---------------------------------------------------------------------------------------------------------

struct BrokerLife {
  explicit BrokerLife(env::SimMachine& machine) {
    auth.authenticationMetadataProvider.set("LocalAuthenticationMetadataProvider");   // serves users and policies, checks nobody
    auth.authorizationMetadataProvider.set("LocalAuthorizationMetadataProvider");
    config.brokerName.set("broker-a");
    config.brokerIP1.set(machine.address());
    config.enableCalcFilterBitMap.set(true);
    host.ioLoops.set(1);
    store.storePathRootDir.set("/data/store");
    store.mappedFileSizeCommitLog.set(256 << 10);
    store.maxHashSlotNum.set(100);
    store.maxIndexNum.set(400);
    store.mappedFileSizeConsumeQueue.set(20 * 50);
    store.enableConsumeQueueExt.set(true);
    store.mappedFileSizeConsumeQueueExt.set(4096);
    object = std::make_unique<broker::Broker>(machine.env(), broker::Broker::Configs{.broker = config, .store = store, .host = host, .service = service,
                                                                                      .all = all, .home = "/home", .auth = &auth});
    const auto started = object->start();
    MQ_CHECK(started);
  }
  broker::BrokerConfig config;
  store::MessageStoreConfig store;
  broker::HostConfig host;
  ops::ServiceConfig service;
  auth::AuthConfig auth;
  Configuration all{{&config, &store, &host, &auth}};
  std::unique_ptr<broker::Broker> object;
};

std::string tables_of(env::FileSystem& fs) {
  std::string text;
  for (const char* name : {"topics", "subscriptionGroup", "consumerOffset", "messageRequestMode", "auth"}) {
    text += env::read_file(fs, std::string("/data/store/config/") + name + ".json").value_or("") + "\n";
  }
  return text;
}

void check_broker(fuzz::Input& input) {
  env::SimWorld world(1);
  env::SimMachine& machine = world.machine("broker");
  {
    BrokerLife life(machine);
    User user(world, life.object->addr());
    send_all(user, input, wire::RequestCode::GET_BROKER_CONFIG);
    life.object->stop();
  }
  const std::string before = tables_of(machine.env().fs());
  BrokerLife again(machine);
  again.object->stop();
  MQ_CHECK(tables_of(machine.env().fs()) == before);
}

// --- NameServer -----------------------------------------------------------------------------------------------------

void check_namesrv(fuzz::Input& input) {
  env::SimWorld world(1);
  env::SimMachine& machine = world.machine("names");
  namesrv::NamesrvConfig config("/home");
  remoting::NettyServerConfig netty{9876};
  const ops::ServiceConfig service;
  Configuration all({&config, &netty});
  namesrv::NameServer server(machine.env(), {config, netty, service, all});
  MQ_CHECK(server.start());
  User user(world, machine.address() + ":9876");
  send_all(user, input, wire::RequestCode::GET_NAMESRV_CONFIG);
  server.stop();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool quiet = (start_logging({.level = LogLevel::kOff}), true);
  (void)quiet;
  fuzz::Input input(data, size);
  if (input.number<uint8_t>() % 2 == 1) check_namesrv(input);
  else check_broker(input);
  return 0;
}
