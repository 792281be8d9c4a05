// The servers of the simulated cluster: one object per machine, whose process starts, dies and comes back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/sim.h"

namespace mq::sim {

/// What a NameServer or Broker of the cluster has in common. Killing it by machine().crash() or a planned crash leaves its
/// objects to reap(), which is due before the next start().
class SimServer {
 public:
  explicit SimServer(env::SimMachine& machine) : machine_(machine) {}
  virtual ~SimServer() = default;
  /// Errors: of the server's own start; also when the machine died meanwhile, then up() is false.
  Result<> start();
  /// An orderly end of the process.
  void stop();
  /// Destroys what a crash has left; nothing while the machine lives.
  void reap();
  /// Started, not told to stop, and not known to have died since.
  bool up() const noexcept { return started_ && machine_.alive(); }
  env::SimMachine& machine() const noexcept { return machine_; }

 protected:
  virtual Result<> start_process(env::Env& env) = 0;
  virtual void stop_process() = 0;
  virtual void destroy_process() noexcept = 0;

 private:
  env::SimMachine& machine_;
  bool started_ = false;
};

class NamesrvServer final : public SimServer {
 public:
  static constexpr uint16_t kPort = 9876;
  explicit NamesrvServer(env::SimMachine& machine);
  ~NamesrvServer() override;
  std::string addr() const { return addr_; }

 private:
  struct Life;
  Result<> start_process(env::Env& env) override;
  void stop_process() override;
  void destroy_process() noexcept override;

  const std::string addr_;
  std::unique_ptr<Life> life_;
};

/// May be changed between two lives.
struct BrokerSettings {
  std::string name = "broker-a";
  std::string namesrvAddr;                       // as in broker.conf
  uint16_t listenPort = 10911;
  bool sync_flush = false;
  bool forceRegister = true;
  int32_t registerNameServerPeriod = 30'000;     // ms
  int32_t registerBrokerTimeoutMills = 24'000;
  int32_t io_loops = 1;
  std::string messageDelayLevel;                 // "": the default
  int32_t transactionTimeOut = 6000;             // ms
  int32_t transactionCheckInterval = 30'000;     // ms
  int32_t transactionCheckMax = 15;
  bool queue_ext = false;                        // enableConsumeQueueExt and bit maps
};

class BrokerServer final : public SimServer {
 public:
  BrokerServer(env::SimMachine& machine, BrokerSettings first);
  ~BrokerServer() override;
  std::string addr() const;
  BrokerSettings settings;

 private:
  struct Life;
  Result<> start_process(env::Env& env) override;
  void stop_process() override;
  void destroy_process() noexcept override;

  std::unique_ptr<Life> life_;
};

}  // namespace mq::sim
