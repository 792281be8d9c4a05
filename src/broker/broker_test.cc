// A whole broker in this process, over loopback: what it registers, stores, answers, and still knows after a restart.
#include "broker/broker.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>

#include "base/test_eventually.h"
#include "remoting/client.h"
#include "remoting/server.h"
#include "wire/bodies/client.h"
#include "wire/bodies/route.h"
#include "wire/bodies/topic_config.h"

namespace mq::broker {
namespace {

using wire::RequestCode;
using wire::ResponseCode;

/// Stands where a NameServer would: keeps what it is told and answers with a table of ordered topics.
class ToldRoom {
 public:
  remoting::Answer register_broker(const wire::RegisterBrokerHeader& h, remoting::Request& request) {
    auto body = wire::decode_register_body(request.body_text(), request.frame().version);
    {
      std::lock_guard lock(mu_);
      ++registrations_;
      header_ = h;
      if (body) topics_ = std::move(body->topics);
    }
    wire::KvTable order;
    order.table.emplace_back("Ordered", "broker-t:4");
    return request.ok(wire::RegisterBrokerResponseHeader{}, to_text(to_json(order)));
  }
  remoting::Answer register_topic(const wire::TopicHeader& h, remoting::Request& request) {
    const auto route = wire::topic_route_from(request.body_text());
    if (!takes_single_topics || !route || route->queueDatas.size() != 1) return request.refuse(ResponseCode::REQUEST_CODE_NOT_SUPPORTED, "");
    std::lock_guard lock(mu_);
    single_topics_[h.topic] = route->queueDatas[0];
    return request.ok();
  }
  remoting::Answer unregister_broker(const wire::UnregisterBrokerHeader&, remoting::Request& request) {
    ++unregistrations;
    return request.ok();
  }
  wire::RegisterBrokerHeader header() { std::lock_guard lock(mu_); return header_; }
  bool told_of(const std::string& topic) { std::lock_guard lock(mu_); return topics_.topicConfigTable.contains(topic); }
  int registrations() { std::lock_guard lock(mu_); return registrations_; }
  std::optional<wire::QueueData> told_alone_of(const std::string& topic) {
    std::lock_guard lock(mu_);
    const auto it = single_topics_.find(topic);
    return it == single_topics_.end() ? std::nullopt : std::optional(it->second);
  }
  std::atomic<int> unregistrations{0};
  std::atomic<bool> takes_single_topics{false};

  using routes = remoting::Routes<remoting::Route<RequestCode::REGISTER_BROKER, &ToldRoom::register_broker>,
                                  remoting::Route<RequestCode::REGISTER_TOPIC_IN_NAMESRV, &ToldRoom::register_topic>,
                                  remoting::Route<RequestCode::UNREGISTER_BROKER, &ToldRoom::unregister_broker>>;

 private:
  std::mutex mu_;
  int registrations_ = 0;
  wire::RegisterBrokerHeader header_;
  wire::TopicConfigTable topics_;
  std::map<std::string, wire::QueueData> single_topics_;
};

class BrokerTest : public testing::Test {
 protected:
  void SetUp() override {
    home = std::filesystem::temp_directory_path() / ("broker_test_" + std::to_string(::getpid()) + "_" + std::to_string(next_port));
    std::filesystem::remove_all(home);
    port = next_port;
    next_port += 10;
    env = env::make_posix_env();
  }
  void TearDown() override {
    stop();
    server.reset();
    env.reset();
    std::filesystem::remove_all(home);
  }

  std::string start_namesrv() {
    names.mount(told);
    server = std::make_unique<remoting::Server>(std::vector<env::Loop*>{&env->start_loop("names")}, *env, names,
                                                remoting::ServerOptions{.host = "127.0.0.1"});
    EXPECT_TRUE(server->start());
    return "127.0.0.1:" + std::to_string(server->port());
  }

  void start(const std::string& namesrv = "") {
    config = std::make_unique<BrokerConfig>();
    store_config = std::make_unique<store::MessageStoreConfig>();
    host = std::make_unique<HostConfig>();
    config->brokerName.set("broker-t");
    config->brokerIP1.set("127.0.0.1");
    config->listenPort.set(port);
    config->namesrvAddr.set(namesrv);
    store_config->mappedFileSizeCommitLog.set(4 << 20);
    all = std::make_unique<Configuration>(std::vector<ConfigGroup*>{config.get(), store_config.get(), host.get()});
    broker = std::make_unique<Broker>(*env, Broker::Configs{*config, *store_config, *host, service, *all, "", home.string()});
    const auto r = broker->start();
    ASSERT_TRUE(r) << r.error().message();
    client = std::make_unique<remoting::BlockingClient>(*env);
    addr = "127.0.0.1:" + std::to_string(port);
  }
  void stop() {
    client.reset();
    if (broker) broker->stop();
    broker.reset();
  }

  int32_t create(const std::string& topic, int32_t queues) {
    wire::CreateTopicHeader h;
    h.topic = topic;
    h.defaultTopic = "TBW102";
    h.readQueueNums = h.writeQueueNums = queues;
    h.perm = 6;
    h.topicFilterType = "SINGLE_TAG";
    auto r = client->call<RequestCode::UPDATE_AND_CREATE_TOPIC>(addr, h);
    return r ? r->code : -1;
  }
  int64_t send(std::string_view topic, int32_t queue, std::string_view body, std::string_view properties = {}) {
    wire::SendMessageHeaderV2 h;
    h.producerGroup = "PG";
    h.topic = topic;
    h.defaultTopic = "TBW102";
    h.defaultTopicQueueNums = 4;
    h.queueId = queue;
    if (!properties.empty()) h.properties = properties;
    auto r = client->call<RequestCode::SEND_MESSAGE_V2>(addr, h, body);
    return r && r->ok() ? r->header.queueOffset.value_or(-2) : -1;
  }
  template <class Condition>
  static bool within_2s(Condition holds) { return eventually(std::move(holds), 2'000); }
  std::filesystem::path file(const std::string& name) const { return home / "store" / "config" / name; }
  static std::string content(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  static inline int32_t next_port = 11000 + ::getpid() % 1000 * 20;   // below the ports that connections get
  int32_t port = 0;
  std::filesystem::path home;
  std::string addr;
  ToldRoom told;
  remoting::Router names;
  std::unique_ptr<env::Env> env;
  std::unique_ptr<remoting::Server> server;
  std::unique_ptr<BrokerConfig> config;
  std::unique_ptr<store::MessageStoreConfig> store_config;
  std::unique_ptr<HostConfig> host;
  const ops::ServiceConfig service;
  std::unique_ptr<Configuration> all;
  std::unique_ptr<Broker> broker;
  std::unique_ptr<remoting::BlockingClient> client;
};

TEST_F(BrokerTest, TopicsMessagesAndOffsetsSurviveARestart) {
  start();
  ASSERT_EQ(create("T", 2), 0);
  EXPECT_EQ(send("T", 1, "a"), 0);
  EXPECT_EQ(send("T", 1, "b"), 1);
  auto group = client->call<RequestCode::UPDATE_AND_CREATE_SUBSCRIPTIONGROUP>(addr, {}, "{\"groupName\":\"G\"}");
  ASSERT_TRUE(group && group->ok());
  auto committed = client->call<RequestCode::UPDATE_CONSUMER_OFFSET>(addr, {.consumerGroup = "G", .topic = "T", .queueId = 1, .commitOffset = 2});
  ASSERT_TRUE(committed && committed->ok());
  stop();
  EXPECT_NE(content(file("topics.json")).find("\"T\":{\n\t\t\t\"attributes\":{},\n\t\t\t\"order\":false"), std::string::npos);
  EXPECT_NE(content(file("consumerOffset.json")).find("\"T@G\":{1:2\n\t\t}"), std::string::npos);

  start();
  auto max = client->call<RequestCode::GET_MAX_OFFSET>(addr, {.topic = "T", .queueId = 1});
  ASSERT_TRUE(max && max->ok());
  EXPECT_EQ(max->header.offset, 2);
  auto offset = client->call<RequestCode::QUERY_CONSUMER_OFFSET>(addr, {.consumerGroup = "G", .topic = "T", .queueId = 1});
  ASSERT_TRUE(offset && offset->ok());
  EXPECT_EQ(offset->header.offset, 2);
  EXPECT_EQ(send("T", 1, "c"), 2);
}

// A power loss may leave the file empty or cut while the .bak is whole (reports S1).
TEST_F(BrokerTest, ADamagedTableComesFromItsBakAndIsKeptAside) {
  start();
  ASSERT_EQ(create("First", 3), 0);
  ASSERT_TRUE(within_2s([&] { return content(file("topics.json")).find("\"First\"") != std::string::npos; }));
  ASSERT_EQ(create("Second", 3), 0);
  stop();
  ASSERT_NE(content(file("topics.json.bak")).find("\"First\""), std::string::npos);
  std::ofstream(file("topics.json"), std::ios::trunc) << "{\"dataVersion\":{\"cou";

  start();
  auto first = client->call<RequestCode::GET_TOPIC_CONFIG>(addr, {.topic = "First"});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->code, static_cast<int32_t>(ResponseCode::SUCCESS));
  EXPECT_EQ(content(file("topics.json.damaged")), "{\"dataVersion\":{\"cou");
}

TEST_F(BrokerTest, WithoutAnyTableTheTopicsComeFromTheQueues) {
  start();
  ASSERT_EQ(create("Lost", 3), 0);
  EXPECT_EQ(send("Lost", 2, "a"), 0);
  stop();
  for (const char* name : {"topics.json", "topics.json.bak", "consumerOffset.json", "subscriptionGroup.json"}) std::ofstream(file(name), std::ios::trunc) << "{\"";

  start();
  auto topic = client->call<RequestCode::GET_TOPIC_CONFIG>(addr, {.topic = "Lost"});
  ASSERT_TRUE(topic && topic->ok());
  EXPECT_NE(topic->body.find("\"readQueueNums\":4"), std::string::npos) << topic->body;
  EXPECT_EQ(send("Lost", 2, "b"), 1);
}

TEST_F(BrokerTest, RegistersBeforeItAnswersACreateAndTakesOrderedTopicsFromTheAnswer) {
  start(start_namesrv());
  ASSERT_EQ(create("Ordered", 4), 0);
  EXPECT_TRUE(told.told_of("Ordered")) << "the topic was announced before its creation was answered";
  const wire::RegisterBrokerHeader h = told.header();
  EXPECT_EQ(h.brokerName, "broker-t");
  EXPECT_EQ(h.brokerAddr, addr);
  EXPECT_EQ(h.brokerId, 0);
  EXPECT_EQ(h.haServerAddr, "127.0.0.1:" + std::to_string(port + 1)) << "haListenPort is not configured";
  EXPECT_TRUE(within_2s([&] {
    auto r = client->call<RequestCode::GET_TOPIC_CONFIG>(addr, {.topic = "Ordered"});
    return r && r->body.find("\"order\":true") != std::string::npos;
  }));
  stop();
  EXPECT_TRUE(within_2s([&] { return told.unregistrations.load() == 1; }));
}

// What a topic costs must not grow with their number: the whole table only goes where a topic alone is not taken.
TEST_F(BrokerTest, ATopicIsToldAloneWhereThatIsTaken) {
  told.takes_single_topics = true;
  start(start_namesrv());
  ASSERT_TRUE(within_2s([&] { return told.registrations() > 0; }));
  for (int i = 0; i < 20; ++i) {
    const std::string topic = "T" + std::to_string(i);
    ASSERT_EQ(create(topic, 3 + i), 0);
    EXPECT_EQ(told.told_alone_of(topic), (wire::QueueData{"broker-t", 3 + i, 3 + i, 6, 0}));
  }
  EXPECT_EQ(send("BySend", 0, "a"), 0);
  EXPECT_TRUE(within_2s([&] { return told.told_alone_of("BySend").has_value(); }));
  EXPECT_EQ(told.registrations(), 1);

  auto r = client->call<RequestCode::UPDATE_BROKER_CONFIG>(addr, {}, "brokerPermission=4\n");
  ASSERT_TRUE(r && r->ok());
  EXPECT_TRUE(within_2s([&] { return told.registrations() == 2; })) << "that changes all of them";
  ASSERT_EQ(create("ReadOnly", 1), 0);
  EXPECT_EQ(told.told_alone_of("ReadOnly").value().perm, 4);

  told.takes_single_topics = false;
  ASSERT_EQ(create("Whole", 1), 0);
  EXPECT_TRUE(told.told_of("Whole"));
}

TEST_F(BrokerTest, AnUpdateSaysWhichNumbersAreUsedInstead) {
  start();
  const auto said = [&](std::string_view line) {
    const auto r = client->call<RequestCode::UPDATE_BROKER_CONFIG>(addr, {}, line);
    return r && r->ok() ? r->remark : "refused";
  };
  EXPECT_EQ(said("diskMaxUsedSpaceRatio=99\n"), "diskMaxUsedSpaceRatio=99 is more than 95: 95 is used");
  EXPECT_EQ(said("diskMaxUsedSpaceRatio=80\n"), "");
}

// A NameServer taken out of namesrvAddr must not keep this broker's routes (reports N6).
TEST_F(BrokerTest, UnregistersWhereItIsNoLongerConfigured) {
  start(start_namesrv());
  ASSERT_TRUE(within_2s([&] { return told.registrations() > 0; }));
  auto r = client->call<RequestCode::UPDATE_BROKER_CONFIG>(addr, {}, "namesrvAddr=127.0.0.1:1\n");
  ASSERT_TRUE(r && r->ok());
  EXPECT_TRUE(within_2s([&] { return told.unregistrations.load() == 1; }));
}

// A query right after the answer to a send, before the index had a turn of its own.
TEST_F(BrokerTest, AKeyIsFoundAsSoonAsItsSendIsAnswered) {
  start();
  ASSERT_EQ(create("T", 1), 0);
  for (int i = 0; i < 20; ++i) {
    const std::string key = "k" + std::to_string(i);
    ASSERT_EQ(send("T", 0, "body", "KEYS\x01" + key + "\x02"), i);
    auto found = client->call<RequestCode::QUERY_MESSAGE>(addr, {.topic = "T", .key = key, .maxNum = 32, .beginTimestamp = 0, .endTimestamp = INT64_MAX});
    ASSERT_TRUE(found && found->ok()) << key;
  }
}

// What a 5.3.3 broker answers and stores.
TEST_F(BrokerTest, ABatchsOwnPropertiesStandBehindThoseOfItsMessages) {
  start();
  ASSERT_EQ(create("T", 1), 0);
  wire::SendMessageHeaderV2 h;
  h.producerGroup = "PG";
  h.topic = "T";
  h.batch = true;
  h.properties = "INSTANCE_ID\x01n\x02TAGS\x01T\x02KEYS\x01k\x02" "CLUSTER\x01other\x02WAIT\x01true";
  const std::string own = "TAGS\x01own\x02z\x01" "1";
  ByteBuffer body;
  for (const std::string& properties : {own, std::string()}) {
    body.append_be(static_cast<int32_t>(4 * 5 + 1 + 2 + properties.size()));
    for (const int32_t word : {0, 0, 0, 1}) body.append_be(word);   // magic, crc, flag, body's length
    body.append("b");
    body.append_be(static_cast<int16_t>(properties.size()));
    body.append(properties);
  }
  auto sent = client->call<RequestCode::SEND_BATCH_MESSAGE>(addr, h, body.text());
  ASSERT_TRUE(sent && sent->ok());
  wire::PullMessageHeader pull{.consumerGroup = "G", .topic = "T", .maxMsgNums = 32, .sysFlag = wire::pull_flag::kSubscription, .subscription = "T"};
  auto got = client->call<RequestCode::PULL_MESSAGE>(addr, pull);
  ASSERT_TRUE(got && got->ok());
  const std::string shared = "INSTANCE_ID\x01n\x02TAGS\x01T\x02KEYS\x01k\x02WAIT\x01true\x02MSG_REGION\x01";
  EXPECT_NE(got->body.find(own + "\x02" + shared), std::string::npos);
  EXPECT_EQ(got->body.find("other"), std::string::npos);
  EXPECT_EQ(got->header.nextBeginOffset, 2);
  auto found = client->call<RequestCode::QUERY_MESSAGE>(addr, {.topic = "T", .key = "k", .maxNum = 32, .beginTimestamp = 0, .endTimestamp = INT64_MAX});
  EXPECT_TRUE(found && found->ok());
}

TEST_F(BrokerTest, WhatNobodyCouldDeliverIsRefused) {
  start();
  ASSERT_EQ(create("T", 1), 0);
  const auto answer = [&](std::string_view properties, int32_t sys_flag = 0) {
    wire::SendMessageHeaderV2 h;
    h.producerGroup = "PG";
    h.topic = "T";
    h.properties = properties;
    h.sysFlag = sys_flag;
    auto r = client->call<RequestCode::SEND_MESSAGE_V2>(addr, h, "b");
    return r ? r->code : -1;
  };
  // Whose time is to come (without a timer Java says so, too), too late a time, none.
  for (const char* later : {"TIMER_DELAY_SEC\x01" "1", "TIMER_DELAY_MS\x01" "5000", "TIMER_DELIVER_MS\x01" "99999999999999"}) EXPECT_NE(answer(later), 0) << later;
  EXPECT_EQ(answer("TIMER_DELAY_SEC\x01" "60"), 1);
  for (const char* illegal : {"TIMER_DELAY_SEC\x01" "99999999", "TIMER_DELAY_SEC\x01x", "TIMER_DELIVER_MS\x01x", "TIMER_DELAY_SEC\x01" "9223372036854775807"}) {
    EXPECT_EQ(answer(illegal), 13) << illegal;
  }
  for (const char* now : {"TIMER_DELAY_SEC\x01-1", "TIMER_DELAY_MS\x01" "0", "TIMER_DELIVER_MS\x01" "1", "TIMER_DELIVER_MS\x01", "TIMER_DELAY_SEC\x01" "60\x02" "DELAY\x01" "1",
                          "TIMER_DELAY_SEC\x01" "60\x02TIMER_OUT_MS\x01" "1"}) {
    EXPECT_EQ(answer(now), 0) << now;
  }
  EXPECT_EQ(answer("TIMER_DELIVER_MS\x01" "1\x02TIMER_DEL_UNIQKEY\x01k"), 13);
  // Several messages as one.
  EXPECT_EQ(answer("INNER_NUM\x01" "2"), 13);
  EXPECT_EQ(answer("", 0x80), 13);
  EXPECT_EQ(answer("INNER_BASE\x01" "2"), 0);
}

TEST_F(BrokerTest, ThePullsExpression) {
  start();
  ASSERT_EQ(create("T", 1), 0);
  ASSERT_EQ(send("T", 0, "b", "TAGS\x01" "A\x02"), 0);
  const auto answer = [&](std::string_view expression, std::string_view type) {
    wire::PullMessageHeader pull{.consumerGroup = "G", .topic = "T", .maxMsgNums = 32, .sysFlag = wire::pull_flag::kSubscription};
    pull.subscription = expression;
    pull.expressionType = type;
    auto r = client->call<RequestCode::PULL_MESSAGE>(addr, pull);
    return r ? r->code : -1;
  };
  EXPECT_EQ(answer("", "TAG"), 0);
  EXPECT_EQ(answer("B", "TAG"), 20);
  EXPECT_EQ(answer("a > 1", "SQL92"), 20);
  for (const char* type : {"SQL92", "X", "tag"}) EXPECT_EQ(answer("", type), 23) << type;
  for (const char* wrong : {"a >", "*", "A||B"}) EXPECT_EQ(answer(wrong, "SQL92"), 0) << wrong;   // QUIRK: filters nothing
}

TEST_F(BrokerTest, ConsumeStatsOfTheTopicsThatAreAsked) {
  start();
  for (const char* topic : {"T", "U"}) ASSERT_EQ(create(topic, 1), 0);
  const auto topics = [&](std::optional<std::string> topic, std::optional<std::string> list) {
    auto r = client->call<RequestCode::GET_CONSUME_STATS>(addr, {.consumerGroup = "G", .topic = topic, .topicList = list});
    if (!r || !r->ok()) return std::string("?");
    std::string seen;
    for (const char* t : {"T", "U"}) if (r->body.find(std::string("\"topic\":\"") + t + "\"") != std::string::npos) seen += t;
    return seen;
  };
  EXPECT_EQ(topics("U", std::nullopt), "U");
  EXPECT_EQ(topics("U", "T"), "T");
  EXPECT_EQ(topics(std::nullopt, "T;U"), "TU");
  EXPECT_EQ(topics("U", "T,U"), "");
  EXPECT_EQ(topics("U", "nosuch"), "");
  for (const char* none : {";", " ", ""}) EXPECT_EQ(topics("U", none), "U");
  EXPECT_EQ(topics(" ", std::nullopt), "");
}

TEST_F(BrokerTest, OfAnIndexInWhichNothingIsFoundNothingIsTold) {
  start();
  ASSERT_EQ(create("T", 1), 0);
  ASSERT_EQ(send("T", 0, "b", "KEYS\x01k\x02"), 0);
  const auto ask = [&](const std::string& key) {
    return client->call<RequestCode::QUERY_MESSAGE>(addr, {.topic = "T", .key = key, .maxNum = 32, .beginTimestamp = 0, .endTimestamp = INT64_MAX});
  };
  const auto found = ask("k"), other = ask("other");
  ASSERT_TRUE(found && other);
  EXPECT_TRUE(found->ok());
  EXPECT_GT(found->header.indexLastUpdateTimestamp.value_or(0), 0);
  EXPECT_EQ(other->code, static_cast<int32_t>(ResponseCode::QUERY_NOT_FOUND));
  EXPECT_EQ(other->header.indexLastUpdateTimestamp, 0);
}

TEST_F(BrokerTest, AHeartbeatMakesTheRetryTopicAndAMember) {
  start();
  wire::HeartbeatData beat;
  beat.clientID = "client@1";
  wire::ConsumerData data;
  data.groupName = "CG";
  data.consumeType = wire::ConsumeType::CONSUME_PASSIVELY;
  data.messageModel = wire::MessageModel::CLUSTERING;
  data.consumeFromWhere = wire::ConsumeFromWhere::CONSUME_FROM_LAST_OFFSET;
  data.subscriptionDataSet.push_back(*wire::SubscriptionData::build("T", "*", "TAG"));
  beat.consumers.push_back(data);
  auto r = client->call<RequestCode::HEART_BEAT>(addr, {}, wire::encode_heartbeat(beat));
  ASSERT_TRUE(r && r->ok());
  auto retry = client->call<RequestCode::GET_TOPIC_CONFIG>(addr, {.topic = "%RETRY%CG"});
  ASSERT_TRUE(retry);
  EXPECT_EQ(retry->code, static_cast<int32_t>(ResponseCode::SUCCESS));
  auto members = client->call<RequestCode::GET_CONSUMER_LIST_BY_GROUP>(addr, {.consumerGroup = "CG"});
  ASSERT_TRUE(members && members->ok());
  EXPECT_NE(members->body.find("\"client@1\""), std::string::npos);

  // A subscription without a version is the newest.
  auto sub_of = [&](const std::string& tag) {
    beat.consumers[0].subscriptionDataSet = {*wire::SubscriptionData::build("T", tag, "TAG")};
    EXPECT_EQ(beat.consumers[0].subscriptionDataSet[0].subVersion, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_TRUE(client->call<RequestCode::HEART_BEAT>(addr, {}, wire::encode_heartbeat(beat)));
    auto seen = client->call<RequestCode::GET_CONSUMER_CONNECTION_LIST>(addr, {.consumerGroup = "CG"});
    return seen ? wire::consumer_connection_from(seen->body)->subscriptionTable["T"].subString : "";
  };
  EXPECT_EQ(sub_of("A"), "A");
  EXPECT_EQ(sub_of("B"), "B");

  // Heartbeats with a fingerprint: changed when it differs from the group's last one; one without it counts as different.
  auto sub_change = [&](int32_t fingerprint) {
    beat.heartbeatFingerprint = fingerprint;
    auto answer = client->call<RequestCode::HEART_BEAT>(addr, {}, wire::encode_heartbeat(beat));
    return answer && answer->header.IS_SUB_CHANGE;
  };
  EXPECT_TRUE(sub_change(11));
  EXPECT_FALSE(sub_change(11));
  EXPECT_TRUE(sub_change(12));
  EXPECT_TRUE(sub_change(0));
  EXPECT_TRUE(sub_change(12));
}

}  // namespace
}  // namespace mq::broker
