// A broker whose NameServers go and come back elsewhere: each must know it again within seconds, whatever the DNS says meanwhile.
#include <gtest/gtest.h>

#include <optional>

#include "base/log.h"
#include "env/sim.h"
#include "msg/names.h"
#include "remoting/client.h"
#include "servers.h"
#include "wire/bodies/route.h"

// See main.cc.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }

namespace mq::sim {
namespace {

using env::Crash;
using wire::RequestCode;

constexpr int64_t kSoonMs = 5000;

class Registration : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    start_logging({.level = LogLevel::kOff});
    asker_.env().run_on(loop_, [this] { client_ = std::make_unique<remoting::Client>(loop_); });
  }
  void TearDown() override {
    broker_.reset();
    for (env::SimMachine* m : {&machine("broker"), &machine("ns-0"), &machine("ns-1"), &machine("ns-2"), &asker_}) {
      if (m->alive()) m->crash(Crash::kProcess);
    }
    client_.reset();
  }

  env::SimMachine& machine(const std::string& name) { return world_.machine(name); }
  NamesrvServer& start_namesrv(int i) {
    namesrvs_[i] = std::make_unique<NamesrvServer>(machine("ns-" + std::to_string(i)));
    EXPECT_TRUE(namesrvs_[i]->start());
    return *namesrvs_[i];
  }
  void start_broker(const std::string& namesrvAddr) {
    BrokerSettings s;
    s.namesrvAddr = namesrvAddr;
    s.forceRegister = GetParam();
    broker_ = std::make_unique<BrokerServer>(machine("broker"), s);
    ASSERT_TRUE(broker_->start());
  }
  std::string ip(int i) { return machine("ns-" + std::to_string(i)).address(); }
  void dns(std::vector<int> servers) {
    std::vector<std::string> ips;
    for (const int i : servers) ips.push_back(ip(i));
    world_.set_name("rn", std::move(ips));
  }

  /// NameServer 0 runs, which the DNS knows as rn, so do the others, and 0 knows the broker.
  void begin(const std::string& namesrvAddr, std::vector<int> others = {}) {
    start_namesrv(0);
    for (const int i : others) start_namesrv(i);
    dns({0});
    start_broker(namesrvAddr);
    ASSERT_TRUE(known_within(0, kSoonMs));
  }

  template <RequestCode C>
  std::optional<remoting::Response<typename wire::RequestInfo<C>::Response>> ask(const std::string& addr, const typename wire::RequestInfo<C>::Request& header,
                                                                                int64_t timeout_ms = 1000, std::string body = {}) {
    std::optional<remoting::Response<typename wire::RequestInfo<C>::Response>> answer;
    bool done = false;
    asker_.env().run_on(loop_, [&] {
      client_->call<C>(addr, header, as_bytes(body), timeout_ms, [&](auto r) {
        done = true;
        if (r) answer = std::move(*r);
      });
    });
    EXPECT_TRUE(world_.run_until([&] { return done; }, timeout_ms + 1000));
    return answer;
  }
  bool create(const std::string& topic) {
    wire::CreateTopicHeader h;
    h.topic = topic;
    h.readQueueNums = h.writeQueueNums = 4;
    h.perm = 6;
    h.topicFilterType = "SINGLE_TAG";
    const auto created = ask<RequestCode::UPDATE_AND_CREATE_TOPIC>(broker_->addr(), h, 3000);
    return created && created->ok();
  }
  bool create_group(const std::string& group) {
    const auto created = ask<RequestCode::UPDATE_AND_CREATE_SUBSCRIPTIONGROUP>(broker_->addr(), {}, 3000, "{\"groupName\":\"" + group + "\"}");
    return created && created->ok();
  }
  bool known_at(int i) {
    const auto answer = ask<RequestCode::GET_BROKER_CLUSTER_INFO>(ip(i) + ":9876", {});
    return answer && answer->body.find("\"broker-a\"") != std::string::npos;
  }
  bool known_within(int i, int64_t ms) {
    for (const int64_t end = world_.now_ms() + ms; world_.now_ms() < end; world_.run_for(50)) if (known_at(i)) return true;
    return known_at(i);
  }
  void expect_known_throughout(int i, int64_t ms) {
    for (const int64_t end = world_.now_ms() + ms; world_.now_ms() < end; world_.run_for(100)) ASSERT_TRUE(known_at(i)) << end - world_.now_ms() << " ms before the end";
  }

  env::SimWorld world_{static_cast<uint64_t>(17 + GetParam())};
  env::SimMachine& asker_ = machine("asker");
  env::Loop& loop_ = asker_.env().start_loop("io");
  std::unique_ptr<remoting::Client> client_;
  std::unique_ptr<NamesrvServer> namesrvs_[3];
  std::unique_ptr<BrokerServer> broker_;
};
INSTANTIATE_TEST_SUITE_P(Force, Registration, testing::Bool(), [](const auto& p) { return p.param ? "always" : "whenUnknown"; });

TEST_P(Registration, TheDnsTellsOldAndNewAddressForAWhile) {
  begin("rn:9876");
  namesrvs_[0]->stop();
  world_.run_for(1000);
  start_namesrv(1);
  dns({0, 1});
  ASSERT_TRUE(known_within(1, kSoonMs));
  expect_known_throughout(1, 12'000);
  dns({1});
  expect_known_throughout(1, 70'000);
}

TEST_P(Registration, AServerWhoseAddressIsJoinedByAnotherAndLeftAloneAgainIsKnownThroughout) {
  begin("rn:9876", {1});
  for (int i = 0; i < 3; ++i) {
    dns({0, 1});
    expect_known_throughout(0, 35'000);
    EXPECT_TRUE(known_at(1));
    dns({0});
    expect_known_throughout(0, 35'000);
  }
}

TEST_P(Registration, AnAddressThatTheDnsLeavesOutForAWhileStaysRegistered) {
  start_namesrv(0);
  start_namesrv(1);
  dns({0, 1});
  start_broker("rn:9876");
  ASSERT_TRUE(known_within(0, kSoonMs) && known_within(1, kSoonMs));
  dns({1});
  expect_known_throughout(0, 70'000);
  dns({0, 1});
  expect_known_throughout(1, 40'000);
}

TEST_P(Registration, TheNameIsUnknownWhileItsServerIsAway) {
  begin("rn:9876");
  dns({});
  namesrvs_[0]->stop();
  world_.run_for(40'000);
  start_namesrv(1);
  dns({1});
  EXPECT_TRUE(known_within(1, kSoonMs));
}

TEST_P(Registration, TheNameBecomesKnownAfterTheBrokerHasStarted) {
  start_broker("rn:9876;" + ip(2) + ":9876");
  world_.run_for(40'000);
  start_namesrv(0);
  dns({0});
  EXPECT_TRUE(known_within(0, kSoonMs));
}

TEST_P(Registration, TheDnsIsSilentWhileTheServerIsAway) {
  begin("rn:9876;" + ip(2) + ":9876");
  world_.silence_name("rn", true);
  namesrvs_[0]->stop();
  start_namesrv(2);   // the other one is found meanwhile
  EXPECT_TRUE(known_within(2, kSoonMs));
  world_.run_for(40'000);
  start_namesrv(1);
  dns({1});
  world_.silence_name("rn", false);
  EXPECT_TRUE(known_within(1, kSoonMs));
}

TEST_P(Registration, TheDnsStillTellsAnAddressThatNobodyHas) {
  begin("rn:9876");
  namesrvs_[0]->stop();
  world_.cut("broker", "ns-0", true);   // connects there time out
  start_namesrv(1);
  world_.run_for(33'000);
  dns({1});
  EXPECT_TRUE(known_within(1, kSoonMs));
}

// Its connection says nothing: neither that it has ended nor an answer.
TEST_P(Registration, AServerThatWentWithoutAWordHoldsUpNoOther) {
  begin("rn:9876;" + ip(2) + ":9876", {2});
  ASSERT_TRUE(known_within(2, kSoonMs));
  machine("ns-2").crash(Crash::kPower);
  for (const char* topic : {"A", "B", "C"}) {
    const int64_t before = world_.now_ms();
    ASSERT_TRUE(create(topic));
    EXPECT_LT(world_.now_ms() - before, *topic == 'A' ? 1500 : 300) << "only the first one waits for a server that is silent";
    const auto route = ask<RequestCode::GET_ROUTEINFO_BY_TOPIC>(ip(0) + ":9876", {.topic = topic});
    EXPECT_TRUE(route && route->ok()) << topic;
  }
  namesrvs_[0]->stop();
  start_namesrv(1);
  dns({1});
  EXPECT_TRUE(known_within(1, kSoonMs));
}

TEST_P(Registration, AServerThatIsAwayForLongIsFoundSoonWhenItIsBackWhereItWas) {
  begin(ip(0) + ":9876");
  namesrvs_[0]->stop();
  world_.run_for(70'000);
  start_namesrv(0);
  EXPECT_TRUE(known_within(0, kSoonMs));
}

// As with a Java broker, which registers whole with each topic and is answered with all that are ordered.
TEST_P(Registration, ATopicThatTheNameServerOrdersIsOrderedBeforeItsCreationIsAnswered) {
  begin(ip(0) + ":9876");
  const auto put = ask<RequestCode::PUT_KV_CONFIG>(ip(0) + ":9876", {std::string(kOrderTopicNamespace), "Ordered", "broker-a:4"});
  ASSERT_TRUE(put && put->ok());
  for (const char* topic : {"Ordered", "Other"}) {
    ASSERT_TRUE(create(topic));
    const auto config = ask<RequestCode::GET_TOPIC_CONFIG>(broker_->addr(), {.topic = topic});
    ASSERT_TRUE(config && config->ok());
    EXPECT_EQ(config->body.find("\"order\":true") != std::string::npos, topic == std::string_view("Ordered")) << config->body;
  }
}

// What was answered is on the disk and at the NameServer, whether topics.json and subscriptionGroup.json have been written since or not.
TEST_P(Registration, TopicsAndGroupsThatWereAnsweredOutliveAPowerCut) {
  begin(ip(0) + ":9876");
  int made = 0;
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; round == 6 && i < 300; ++i) {   // from here on the journals have them first
      ASSERT_TRUE(create("Many" + std::to_string(i)) && create_group("GMany" + std::to_string(i)));
    }
    for (int i = 0; i < round; ++i, ++made) {
      const std::string topic = "T" + std::to_string(made);
      ASSERT_TRUE(create(topic) && create_group("G-" + topic));
      const auto route = ask<RequestCode::GET_ROUTEINFO_BY_TOPIC>(ip(0) + ":9876", {.topic = topic});
      ASSERT_TRUE(route && route->ok()) << topic;
      if (round % 3 == 1) world_.run_for(70 * i);
    }
    if (round >= 2) {
      ASSERT_TRUE(ask<RequestCode::DELETE_TOPIC_IN_BROKER>(broker_->addr(), {.topic = "T" + std::to_string(round)}));
      ASSERT_TRUE(ask<RequestCode::DELETE_SUBSCRIPTIONGROUP>(broker_->addr(), {.groupName = "G-T" + std::to_string(round)}));
    }
    machine("broker").crash(round % 2 ? Crash::kPower : Crash::kProcess);
    broker_->reap();
    ASSERT_TRUE(broker_->start());
    asker_.env().run_on(loop_, [&] { client_->close(broker_->addr()); });   // it ended with the machine, perhaps without a word
    const auto groups = ask<RequestCode::GET_ALL_SUBSCRIPTIONGROUP_CONFIG>(broker_->addr(), {});
    ASSERT_TRUE(groups);
    for (int i = 0; i < made; ++i) {
      EXPECT_EQ(groups->body.find("\"G-T" + std::to_string(i) + "\"") != std::string::npos, i < 2 || i > round) << "round " << round << " G-T" << i;
      const auto topic = ask<RequestCode::GET_TOPIC_CONFIG>(broker_->addr(), {.topic = "T" + std::to_string(i)});
      ASSERT_TRUE(topic);
      EXPECT_EQ(topic->ok(), i < 2 || i > round) << "round " << round << " T" << i;
    }
  }
}

}  // namespace
}  // namespace mq::sim
