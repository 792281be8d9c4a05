#include "namesrv/route_table.h"

#include <gtest/gtest.h>

#include <random>

namespace mq::namesrv {
namespace {

class RouteTablesTest : public testing::Test {
 protected:
  bool register_over(ChannelId channel, int64_t id) {
    Registration r{.broker = {"C", "10.0.0.1:10911", "broker-a", id}, .channel = channel};
    r.body.topics.dataVersion.counter = ++version;
    for (const char* name : {"T", "TBW102"}) {
      wire::TopicConfig topic;
      topic.topicName = name;
      topic.readQueueNums = topic.writeQueueNums = 4;
      topic.perm = 6;
      r.body.topics.topicConfigTable[name] = topic;
    }
    return tables.register_broker(r, 0).accepted;
  }
  void farewell(ChannelId channel, int64_t id) { tables.unregister_broker({"C", "10.0.0.1:10911", "broker-a", id}, channel); }

  NamesrvConfig config{testing::TempDir()};
  RouteTables tables{config, nullptr};
  int64_t version = 0;
};

TEST_F(RouteTablesTest, ALateFarewellEndsNoFreshRegistration) {
  ASSERT_TRUE(register_over(1, 0));
  ASSERT_TRUE(register_over(2, 0));
  farewell(1, 0);
  farewell(0, 3);   // of the same address in a former life
  tables.channel_closed(1);
  EXPECT_TRUE(tables.route("T"));
  farewell(0, 0);   // over a connection that registered nothing: a broker that stops, whose connection is new
  EXPECT_FALSE(tables.route("T"));
}

TEST_F(RouteTablesTest, OneOfTwoConnectionsSaysFarewellOrEnds) {
  for (const bool closes : {false, true}) {
    ASSERT_TRUE(register_over(1, 0));
    ASSERT_TRUE(register_over(2, 0));
    ASSERT_TRUE(register_over(1, 0));   // one NameServer by two addresses: the older connection registered last
    closes ? tables.channel_closed(2) : farewell(2, 0);
    EXPECT_TRUE(tables.route("T"));
    closes ? tables.channel_closed(1) : farewell(1, 0);
    EXPECT_FALSE(tables.route("T"));
  }
}

/// A broker that comes and goes over one connection after the other; the ends of former connections and farewells of former lives arrive
/// whenever they like. What the last registration made is there until its own connection ends or its own farewell comes.
TEST_F(RouteTablesTest, OnlyTheOwnEndOfARegistrationEndsIt) {
  for (uint32_t seed = 1; seed <= 1000; ++seed) {
    std::mt19937 random(seed);
    ChannelId newest = 0;
    std::vector<ChannelId> open;
    bool there = false;
    int64_t id = 1;
    for (int step = 0; step < 40; ++step) {
      const bool old_one = !open.empty() && open.front() != newest;
      switch (random() % 6) {
        case 0:
        case 1:   // again over a new connection, sometimes under another id
          newest = seed * 100 + static_cast<ChannelId>(step);
          if (random() % 4 == 0) id = 1 + static_cast<int64_t>(random() % 2);
          ASSERT_TRUE(register_over(newest, id));
          open.push_back(newest);
          there = true;
          break;
        case 2:   // a former connection ends
          if (!old_one) break;
          tables.channel_closed(open.front());
          open.erase(open.begin());
          break;
        case 3:   // a farewell that was long under way
          if (old_one) farewell(open.front(), id);
          farewell(random() % 2 ? newest : 0, 7);
          break;
        case 4:
          if (!open.empty() && open.back() == newest && random() % 3 == 0) {
            tables.channel_closed(newest);
            open.pop_back();
            there = false;
          }
          break;
        case 5:
          if (random() % 3 == 0) {
            farewell(random() % 2 ? newest : 0, id);
            there = false;
          }
          break;
      }
      ASSERT_EQ(!tables.members("broker-a").empty(), there) << "seed " << seed << " step " << step;
    }
    for (const ChannelId c : open) tables.channel_closed(c);
    farewell(0, id);
  }
}

}  // namespace
}  // namespace mq::namesrv
