// NamesrvConfig: what namesrv.conf may say about the NameServer itself (spec storage 4.6).
#pragma once

#include <string>

#include "base/options.h"

namespace mq::namesrv {

/// Created once by main() or a test; read by the NameServer's loop and by main().
struct NamesrvConfig : ConfigGroup {
  /// `user_home` stands for Java's user.home, `rocketmq_home` for ROCKETMQ_HOME; both only make up defaults.
  explicit NamesrvConfig(std::string user_home = "", std::string rocketmq_home = "")
      : user_home_(std::move(user_home)), rocketmq_home_(std::move(rocketmq_home)) {}

 private:
  const std::string user_home_;
  const std::string rocketmq_home_;

 public:
#define MQ_NAMESRV_OPTION(type_, name_, value_, ...) Option<type_> name_{this, value_, {.name = #name_, __VA_ARGS__}}
  MQ_NAMESRV_OPTION(std::string, rocketmqHome, rocketmq_home_, .doc = "Where RocketMQ is installed; nothing is read from there.");
  MQ_NAMESRV_OPTION(std::string, kvConfigPath, user_home_ + "/namesrv/kvConfig.json", .doc = "File of the KV config.");
  MQ_NAMESRV_OPTION(std::string, configStorePath, user_home_ + "/namesrv/namesrv.properties",
                    .doc = "File that updateNamesrvConfig writes; with -c the file given there.");
  MQ_NAMESRV_OPTION(std::string, productEnvName, "center", .doc = "Environment asked with clusterTest.", .reload = Reload::kIgnored);
  MQ_NAMESRV_OPTION(bool, clusterTest, false, .doc = "Answer unknown routes from another environment.", .reload = Reload::kIgnored);
  MQ_NAMESRV_OPTION(bool, orderMessageEnable, false, .doc = "Put orderTopicConf of KV namespace ORDER_TOPIC_CONFIG into routes.",
                    .reload = Reload::kLive);
  MQ_NAMESRV_OPTION(bool, returnOrderTopicConfigToBroker, true, .doc = "Answer registrations with the order topics.",
                    .reload = Reload::kLive);
  MQ_NAMESRV_OPTION(int32_t, clientRequestThreadPoolNums, 8, .doc = "Route threads of the Java server.", .reload = Reload::kIgnored);
  MQ_NAMESRV_OPTION(int32_t, defaultThreadPoolNums, 16, .doc = "Other threads of the Java server.", .reload = Reload::kIgnored);
  MQ_NAMESRV_OPTION(int32_t, clientRequestThreadPoolQueueCapacity, 50000, .doc = "Their queue.", .reload = Reload::kIgnored);
  MQ_NAMESRV_OPTION(int32_t, defaultThreadPoolQueueCapacity, 10000, .doc = "Their queue.", .reload = Reload::kIgnored);
  MQ_NAMESRV_OPTION(int64_t, scanNotActiveBrokerInterval, 5000, .doc = "How often silent brokers are looked for.", .unit = "ms", .least = 100);
  MQ_NAMESRV_OPTION(int32_t, unRegisterBrokerQueueCapacity, 3000, .doc = "Queue of the Java server; ours unregisters at once.",
                    .reload = Reload::kIgnored);
  MQ_NAMESRV_OPTION(bool, supportActingMaster, false, .doc = "Routes show the smallest slave as master while there is none.",
                    .reload = Reload::kLive);
  MQ_NAMESRV_OPTION(bool, enableAllTopicList, true, .doc = "Serve GET_ALL_TOPIC_LIST_FROM_NAMESERVER.", .reload = Reload::kLive);
  MQ_NAMESRV_OPTION(bool, enableTopicList, true, .doc = "Serve the topic lists by cluster and unit.", .reload = Reload::kLive);
  MQ_NAMESRV_OPTION(bool, notifyMinBrokerIdChanged, false, .doc = "Tell a group's members when its smallest id changes.",
                    .reload = Reload::kLive);
  MQ_NAMESRV_OPTION(bool, enableControllerInNamesrv, false, .doc = "Run a controller inside.", .reload = Reload::kIgnored);
  MQ_NAMESRV_OPTION(bool, needWaitForService, false, .doc = "Refuse routes for a while after the start.", .reload = Reload::kLive);
  MQ_NAMESRV_OPTION(int32_t, waitSecondsForService, 45, .doc = "That while.", .unit = "s", .reload = Reload::kLive);
  MQ_NAMESRV_OPTION(bool, deleteTopicWithBrokerRegistration, false, .doc = "A registration drops the broker's topics it does not name.",
                    .reload = Reload::kLive);
  MQ_NAMESRV_OPTION(bool, foreseeRetryTopics, true,
                    .doc = "Tell a starting consumer of a new group the route of its retry topic a moment before the brokers have it; "
                           "else its first retry may come 40 s late.",
                    .reload = Reload::kLive, .ours = true);
  MQ_NAMESRV_OPTION(std::string, configBlackList, "configBlackList;configStorePath;kvConfigPath",
                    .doc = "Keys that updateNamesrvConfig refuses, separated by ';'.");
#undef MQ_NAMESRV_OPTION
};

}  // namespace mq::namesrv
