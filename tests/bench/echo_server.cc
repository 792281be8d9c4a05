// Answers GET_MAX_OFFSET and nothing else: the cost of the loop, the codec and the dispatch.
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "remoting/server.h"
#include "remoting/tls.h"

namespace {

struct EchoRoom {
  mq::remoting::Answer max_offset(const mq::wire::QueueHeader& h, mq::remoting::Request& request) {
    return request.ok(mq::wire::OffsetResponseHeader{h.queueId});
  }
  using routes = mq::remoting::Routes<mq::remoting::Route<mq::wire::RequestCode::GET_MAX_OFFSET, &EchoRoom::max_offset>>;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: echo_server PORT\n");
    return 2;
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);   // inherited by the loop; taken by sigwait below
  const auto env = mq::env::make_posix_env();
  mq::env::Loop& loop = env->start_loop("io-0");
  EchoRoom room;
  mq::remoting::Router router;
  router.mount(room);
  const mq::remoting::TlsConfig config;   // as every server: TLS beside plain connections
  mq::remoting::Tls tls(config, env->fs());
  if (auto loaded = tls.load(false); !loaded) {
    std::fprintf(stderr, "%s\n", loaded.error().message().c_str());
    return 1;
  }
  mq::remoting::Server server({&loop}, *env, router, {.port = static_cast<uint16_t>(std::atoi(argv[1])), .tls = &tls});
  if (auto started = server.start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().message().c_str());
    return 1;
  }
  std::printf("ready\n");
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  server.stop(true);
  return 0;
}
