// One connect() under way.
#pragma once

#include "env/posix_net.h"

namespace mq::env {

/// Resolves, then tries the addresses in order, each with its share of the time that is left. Badge: owned by loop.
class PosixConnector final : public Pollable {
 public:
  PosixConnector(PosixNet& net, Endpoint to, int64_t timeout_ms, ConnectHandler done);
  ~PosixConnector() override;
  void start();
  void cancel();
  void on_events(uint32_t events) noexcept override;

 private:
  void resolved(Result<std::vector<std::string>> addresses);
  void try_next();
  Result<> begin(const std::string& address);
  void attempt_failed(Error why);
  void drop_socket() noexcept;
  int64_t left_ms() noexcept;
  void finish(Result<Connection*> result);

  PosixNet& net_;
  const Endpoint to_;
  const int64_t deadline_ms_;
  ConnectHandler done_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);   // seen by the answer to the name question
  std::vector<std::string> addresses_;
  size_t next_ = 0;
  int fd_ = -1;
  TimerId timer_ = 0;
  Error last_{Errc::kNotFound, "no address"};
};

}  // namespace mq::env
