// The broker about itself: configuration (25, 26) and runtime info (28), expiry of files (306, 329). Source: spec semantics 26, protocol 6.4, 6.5.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "broker/admin/meters.h"
#include "broker/core/put_pipeline.h"
#include "ops/condition.h"
#include "remoting/router.h"
#include "wire/bodies/route.h"
#include "wire/bodies/topic_config.h"

namespace mq::broker {

/// Handlers run on the io loop of the connection; sampling and the file of an update on ctl.
class AdminRoom {
 public:
  struct Hooks {
    std::function<void(const std::vector<std::string>& changed)> on_config_change;
    std::vector<std::string> locked_keys;   // that no request may change
    std::function<std::vector<std::pair<std::string, std::string>>()> delay_progress;   // scheduleMessageOffset_N -> "a,b"
    std::function<WaitingPuts()> waiting_sends;   // of all loops; any thread
    std::function<Json()> condition;        // as ops::condition; any thread
  };
  AdminRoom(BrokerContext& broker, Configuration& all, std::string config_path, Hooks hooks);
  /// Starts sampling. Not from a loop.
  void start();
  void stop();
  /// Rates and counters of days by the names that rocketmq-exporter gives them: "put_tps10", ... Any thread.
  std::vector<std::pair<std::string, double>> runtime_rates() const;

  remoting::Answer update_config(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer get_config(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer runtime_info(const wire::NoHeader&, remoting::Request& request);
  /// Both kinds of files are looked at, whichever is asked for.
  remoting::Answer expire_files(const wire::NoHeader&, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::UPDATE_BROKER_CONFIG, &AdminRoom::update_config>,
                                  remoting::Route<wire::RequestCode::GET_BROKER_CONFIG, &AdminRoom::get_config>,
                                  remoting::Route<wire::RequestCode::CLEAN_EXPIRED_CONSUMEQUEUE, &AdminRoom::expire_files>,
                                  remoting::Route<wire::RequestCode::DELETE_EXPIRED_COMMITLOG, &AdminRoom::expire_files>,
                                  remoting::Route<wire::RequestCode::GET_BROKER_RUNTIME_INFO, &AdminRoom::runtime_info>>;

 private:
  /// The configuration with the condition beside it; written and synced to the disk, so on a read loop.
  remoting::Answer get_condition(wire::GetBrokerConfigResponseHeader header, remoting::Request& request);
  void add_store_keys(wire::KvTable& t, const store::StoreStats& s) const;
  void add_pool_keys(wire::KvTable& t) const;

  BrokerContext& broker_;
  Configuration& all_;
  const std::string config_path_;
  Hooks hooks_;
  ops::DiskProbe disk_;
  StoreMeters meters_;
  env::Periodic sampler_;                              // badge: owned by ctl
  mutable Mutex mu_;
  wire::DataVersion version_ GUARDED_BY(mu_);
};

}  // namespace mq::broker
