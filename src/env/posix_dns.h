// Names to addresses by c-ares on the loop itself: no thread, no cache, /etc/hosts and resolv.conf read at each call.
#pragma once

#include <memory>
#include <vector>

#include "env/posix_loop.h"

struct ares_channeldata;

namespace mq::env {

/// One question. Badge: owned by loop. Its owner deletes it when `done` is told; deleting it earlier cancels.
class PosixResolve {
 public:
  /// Called once, never from inside start(); the owner may delete the question inside it.
  using Done = UniqueFunction<void(PosixResolve&, Result<std::vector<std::string>>)>;

  /// `servers`: "IP:port,IP:port" that are asked instead of those of resolv.conf.
  PosixResolve(PosixLoop& loop, std::string host, Done done, std::string servers = {});
  ~PosixResolve();
  void start(int64_t timeout_ms);
  /// Tells `done` kClosed.
  void cancel();

 private:
  class Socket;
  struct Callbacks;   // c-ares' C functions

  int open_channel();
  void ask_for_four();
  void go_on();
  void socket_state(int fd, bool readable, bool writable);
  void process(int read_fd, int write_fd);
  void arm();
  void finish();

  PosixLoop& loop_;
  const std::string host_, servers_;
  Done done_;
  ares_channeldata* channel_ = nullptr;
  std::vector<std::unique_ptr<Socket>> sockets_;
  TimerId retry_timer_ = 0;
  TimerId deadline_timer_ = 0;
  TimerId four_timer_ = 0;
  bool answered_ = false;
  Result<std::vector<std::string>> answer_;
};

}  // namespace mq::env
