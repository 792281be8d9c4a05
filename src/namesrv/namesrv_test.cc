// A whole NameServer in this process, over loopback: what a starting consumer is told of its group's retry topic.
#include "namesrv/namesrv.h"

#include <gtest/gtest.h>

#include "remoting/client.h"
#include "wire/bodies/route.h"
#include "wire/bodies/topic_config.h"

namespace mq::namesrv {
namespace {

using wire::RequestCode;
using wire::ResponseCode;

class NamesrvTest : public testing::Test {
 protected:
  void SetUp() override {
    netty.listenPort.set(0);
    server = std::make_unique<NameServer>(*env, NameServer::Configs{config, netty, service, all});
    const auto r = server->start();
    ASSERT_TRUE(r) << r.error().message();
    addr = "127.0.0.1:" + std::to_string(server->port());
  }
  void TearDown() override {
    tool.reset();
    server.reset();
  }
  void register_broker(const std::string& name, const std::string& cluster, std::vector<std::string> topics) {
    topics.push_back("TBW102");   // a first registration with a single topic is refused
    wire::RegisterBrokerBody body;
    body.topics.dataVersion.counter = ++version;
    for (const std::string& t : topics) {
      wire::TopicConfig topic;
      topic.topicName = t;
      topic.readQueueNums = topic.writeQueueNums = 4;
      topic.perm = 6;
      body.topics.topicConfigTable[t] = topic;
    }
    const auto r = tool->call<RequestCode::REGISTER_BROKER>(
        addr, {.brokerName = name, .brokerAddr = "10.0.0.1:10911/" + name, .clusterName = cluster, .haServerAddr = "10.0.0.1:10912"},
        wire::encode_register_body(body));
    ASSERT_TRUE(r) << r.error().message();
    ASSERT_TRUE(r->ok()) << r->remark;
  }
  /// The brokers of the topic's route; "none" as a Java server says it.
  std::string brokers(remoting::BlockingClient& client, const std::string& topic) {
    const auto r = client.call<RequestCode::GET_ROUTEINFO_BY_TOPIC>(addr, {.topic = topic});
    if (!r) return r.error().message();
    if (r->code == static_cast<int32_t>(ResponseCode::TOPIC_NOT_EXIST)) return "none";
    const auto route = wire::topic_route_from(r->body);
    if (!route) return route.error().message();
    std::string text;
    for (const wire::QueueData& q : route->queueDatas) text += q.brokerName + ":" + std::to_string(q.readQueueNums) + " ";
    return text;
  }

  std::unique_ptr<env::Env> env = env::make_posix_env();
  NamesrvConfig config{testing::TempDir()};
  remoting::NettyServerConfig netty{9876};
  const ops::ServiceConfig service;
  Configuration all{std::vector<ConfigGroup*>{&config, &netty}};
  std::unique_ptr<NameServer> server;
  std::unique_ptr<remoting::BlockingClient> tool = std::make_unique<remoting::BlockingClient>(*env);
  std::string addr;
  int64_t version = 0;
};

TEST_F(NamesrvTest, TheSecondLookOfAStartingConsumerFindsItsRetryTopic) {
  register_broker("broker-a", "C", {"T"});
  register_broker("broker-b", "C", {"Other"});
  remoting::BlockingClient consumer(*env);
  EXPECT_EQ(brokers(consumer, "%RETRY%G"), "none");
  EXPECT_EQ(brokers(consumer, "T"), "broker-a:4 ");
  EXPECT_EQ(brokers(consumer, "%RETRY%G"), "broker-a:1 ") << "where its topic is";
  EXPECT_EQ(brokers(consumer, "Absent"), "none");
  EXPECT_EQ(brokers(consumer, "Absent"), "none");

  register_broker("broker-a", "C", {"T", "%RETRY%G"});
  EXPECT_EQ(brokers(consumer, "%RETRY%G"), "broker-a:4 ") << "what the broker says counts from then on";
  EXPECT_EQ(brokers(*tool, "%RETRY%G"), "broker-a:4 ");
}

TEST_F(NamesrvTest, ARetryTopicThatOneBrokerHasAlreadyIsCompletedForAStartingConsumer) {
  register_broker("broker-a", "C", {"T"});
  register_broker("broker-b", "C", {"T", "%RETRY%G"});
  remoting::BlockingClient consumer(*env);
  EXPECT_EQ(brokers(consumer, "T"), "broker-b:4 broker-a:4 ");
  EXPECT_EQ(brokers(consumer, "%RETRY%G"), "broker-b:4 broker-a:1 ");
  EXPECT_EQ(brokers(*tool, "%RETRY%G"), "broker-b:4 ") << "who asked for no topic of broker-a is told the truth";
}

TEST_F(NamesrvTest, AConsumerThatBeginsWithItsRetryTopicIsToldAllBrokersOfTheOnlyCluster) {
  register_broker("broker-a", "C", {"T"});
  register_broker("broker-b", "C", {"T"});
  {
    remoting::BlockingClient consumer(*env);
    EXPECT_EQ(brokers(consumer, "%RETRY%G"), "none");
    EXPECT_EQ(brokers(consumer, "%RETRY%G"), "broker-a:1 broker-b:1 ");
  }
  register_broker("broker-c", "D", {"T"});
  remoting::BlockingClient consumer(*env);
  EXPECT_EQ(brokers(consumer, "%RETRY%G"), "none");
  EXPECT_EQ(brokers(consumer, "%RETRY%G"), "none") << "which cluster it will talk to is not known";
}

TEST_F(NamesrvTest, NothingIsForeseenWhenSwitchedOff) {
  config.foreseeRetryTopics.set(false);
  register_broker("broker-a", "C", {"T"});
  remoting::BlockingClient consumer(*env);
  EXPECT_EQ(brokers(consumer, "T"), "broker-a:4 ");
  EXPECT_EQ(brokers(consumer, "%RETRY%G"), "none");
  EXPECT_EQ(brokers(consumer, "%RETRY%G"), "none");
}

}  // namespace
}  // namespace mq::namesrv
