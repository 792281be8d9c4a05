#include "servers.h"

#include "broker/broker.h"
#include "namesrv/namesrv.h"

namespace mq::sim {

// --- SimServer ------------------------------------------------------------------------------------------------------

Result<> SimServer::start() {
  reap();
  env::Env& env = machine_.env();
  auto result = start_process(env);
  started_ = result.has_value() && machine_.alive();
  return result;
}

void SimServer::stop() {
  if (!up()) return;
  started_ = false;   // a Broker says goodbye to its NameServers first
  stop_process();
  if (machine_.alive()) machine_.crash(env::Crash::kProcess);   // the process exits
  reap();
}

void SimServer::reap() {
  if (machine_.alive()) return;
  started_ = false;
  destroy_process();
}

// --- NameServer -----------------------------------------------------------------------------------------------------

struct NamesrvServer::Life {
  namesrv::NamesrvConfig namesrv{"/home"};
  ops::ServiceConfig service;
  remoting::NettyServerConfig netty{kPort};
  Configuration all{{&namesrv, &netty}};
  std::unique_ptr<namesrv::NameServer> object;
};

NamesrvServer::NamesrvServer(env::SimMachine& machine) : SimServer(machine), addr_(machine.address() + ":" + std::to_string(kPort)) {}
NamesrvServer::~NamesrvServer() = default;

Result<> NamesrvServer::start_process(env::Env& env) {
  life_ = std::make_unique<Life>();
  life_->object = std::make_unique<namesrv::NameServer>(env, namesrv::NameServer::Configs{life_->namesrv, life_->netty, life_->service, life_->all});
  return life_->object->start();
}

void NamesrvServer::stop_process() { life_->object->stop(); }
void NamesrvServer::destroy_process() noexcept { life_.reset(); }

// --- Broker ---------------------------------------------------------------------------------------------------------

struct BrokerServer::Life {
  broker::BrokerConfig broker;
  store::MessageStoreConfig store;
  broker::HostConfig host;
  ops::ServiceConfig service;
  Configuration all{{&broker, &store, &host}};
  std::unique_ptr<broker::Broker> object;
};

BrokerServer::BrokerServer(env::SimMachine& machine, BrokerSettings first) : SimServer(machine), settings(std::move(first)) {}
BrokerServer::~BrokerServer() = default;

std::string BrokerServer::addr() const { return machine().address() + ":" + std::to_string(settings.listenPort); }

Result<> BrokerServer::start_process(env::Env& env) {
  life_ = std::make_unique<Life>();
  broker::BrokerConfig& broker = life_->broker;
  broker.brokerName.set(settings.name);
  broker.brokerIP1.set(machine().address());
  broker.listenPort.set(settings.listenPort);
  broker.namesrvAddr.set(settings.namesrvAddr);
  broker.forceRegister.set(settings.forceRegister);
  broker.registerNameServerPeriod.set(settings.registerNameServerPeriod);
  broker.registerBrokerTimeoutMills.set(settings.registerBrokerTimeoutMills);
  broker.transactionTimeOut.set(settings.transactionTimeOut);
  broker.transactionCheckInterval.set(settings.transactionCheckInterval);
  broker.transactionCheckMax.set(settings.transactionCheckMax);
  store::MessageStoreConfig& store = life_->store;
  store.enableConsumeQueueExt.set(settings.queue_ext);
  store.mappedFileSizeConsumeQueueExt.set(4096);
  broker.enableCalcFilterBitMap.set(settings.queue_ext);
  if (!settings.messageDelayLevel.empty()) store.messageDelayLevel.set(settings.messageDelayLevel);
  store.storePathRootDir.set("/data/store");
  store.mappedFileSizeCommitLog.set(1 << 20);
  store.maxHashSlotNum.set(1000);
  store.maxIndexNum.set(4000);
  store.mappedFileSizeConsumeQueue.set(20 * 500);
  store.flushDiskType.set(settings.sync_flush ? "SYNC_FLUSH" : "ASYNC_FLUSH");
  life_->host.ioLoops.set(settings.io_loops);
  life_->object = std::make_unique<broker::Broker>(
      env, broker::Broker::Configs{life_->broker, life_->store, life_->host, life_->service, life_->all, "", "/home"});
  return life_->object->start();
}

void BrokerServer::stop_process() { life_->object->stop(); }
void BrokerServer::destroy_process() noexcept { life_.reset(); }

}  // namespace mq::sim
