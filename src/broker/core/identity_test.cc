#include "broker/core/identity.h"

#include <gtest/gtest.h>

#include "broker/core/local_address.h"

namespace mq::broker {
namespace {

TEST(Address, PrefersWhatClientsCanReach) {
  const Interface lo{"lo", "127.0.0.1"}, docker{"docker0", "172.17.0.1"}, eth{"eth0", "10.20.0.5"}, v6{"eth0", "2001:db8::5"}, link{"eth0", "fe80::1"},
      odd{"eth9", "0.0.1.1"}, down{"eth1", "10.30.0.1", false}, second{"eth2", "10.40.0.1"};
  struct Case { std::vector<Interface> interfaces; std::string source, expected; };
  for (const Case& c : {Case{{lo, docker, eth}, "", "10.20.0.5"}, Case{{lo, docker}, "", "172.17.0.1"}, Case{{lo, v6, link}, "", "2001:db8::5"},
                        Case{{lo, v6, eth}, "", "10.20.0.5"}, Case{{lo, odd, down}, "", "127.0.0.1"}, Case{{lo, eth, second}, "10.40.0.1", "10.40.0.1"},
                        Case{{lo, eth, second}, "127.0.0.1", "10.20.0.5"}, Case{{lo, eth}, "10.99.0.1", "10.20.0.5"}, Case{{lo, eth, docker}, "172.17.0.1", "172.17.0.1"}}) {
    EXPECT_EQ(choose_address(c.interfaces, c.source).ip, c.expected);
  }
}

TEST(Address, AMappingIsToldToClients) {
  BrokerConfig config;
  HostConfig host;
  struct Case { std::string ip; int32_t port; std::string expected; };
  for (const Case& c : {Case{"10.0.0.1", 0, "10.0.0.1:10911"}, Case{"10.0.0.1", 11911, "10.0.0.1:11911"}, Case{"10.0.0.1:11911", 0, "10.0.0.1:11911"},
                        Case{"mq.example", 0, "mq.example:10911"}, Case{"mq.example:11911", 0, "mq.example:11911"}, Case{"2001:db8::5", 0, "[2001:db8::5]:10911"}}) {
    config.brokerIP1.set(c.ip);
    host.advertisedPort.set(c.port);
    EXPECT_EQ(advertised_address(config, host).to_string(), c.expected);
  }
}

struct Settled : testing::Test {
  BrokerConfig config;
  store::MessageStoreConfig store;
  HostConfig host;
  Result<std::vector<std::string>> settle() { return settle_identity(config, store, host, "/home/u"); }
};

TEST_F(Settled, FillsInWhatIsOpenAndSaysSoOnce) {
  config.brokerId.set(3);
  const auto said = settle();
  ASSERT_TRUE(said);
  ASSERT_EQ(said->size(), 2u);
  EXPECT_TRUE((*said)[0].starts_with("brokerId=3 is taken as 0"));
  EXPECT_TRUE((*said)[1].starts_with("brokerIP1 is not set: clients will dial "));
  EXPECT_EQ(config.brokerId(), 0);
  EXPECT_EQ(store.haListenPort(), 10912);
  EXPECT_EQ(store.storePathRootDir(), "/home/u/store");
  EXPECT_FALSE(config.brokerName().empty());
  EXPECT_EQ(settle()->size(), 0u);
}

TEST_F(Settled, RefusesWhatDoesNotFit) {
  store.brokerRole.set("SLAVE");
  EXPECT_EQ(settle().error().message(), "Slave's brokerId must be > 0");
  store.brokerRole.set("ASYNC_MASTER");
  config.enableControllerMode.set(true);
  store.enableDLegerCommitLog.set(true);
  EXPECT_EQ(settle().error().message(), "The config enableControllerMode and enableDLegerCommitLog cannot both be true.");
}

}  // namespace
}  // namespace mq::broker
