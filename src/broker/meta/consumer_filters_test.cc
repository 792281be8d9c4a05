// Which filters live, which versions count, what the file says, and what a bit map tells.
#include "broker/meta/consumer_filters.h"

#include <gtest/gtest.h>

#include "env/sim.h"

namespace mq::broker {
namespace {

constexpr const char* kPath = "/data/store/config/consumerFilter.json";

wire::SubscriptionData sql(const std::string& topic, const std::string& expression, int64_t version) {
  wire::SubscriptionData s;
  s.topic = topic;
  s.subString = expression;
  s.subVersion = version;
  s.expressionType = "SQL92";
  return s;
}

class ConsumerFiltersTest : public testing::Test {
 protected:
  env::SimWorld world{1};
  env::SimMachine& machine = world.machine("m");
  ConsumerFilters::Settings settings{.path = kPath, .clean_ms = 60'000};

  std::unique_ptr<ConsumerFilters> make() {
    auto filters = std::make_unique<ConsumerFilters>(machine.env(), settings);
    filters->load();
    return filters;
  }
  static bool hit(const ConsumerFilters& f, const std::string& topic, const std::string& group, const std::string& properties) {
    ByteBuffer map;
    return f.append(topic, properties, map) == 14 && BloomFilter::all_set(map.view(), f.find(topic, group)->positions);
  }
};

TEST_F(ConsumerFiltersTest, OnlyAHigherVersionReplaces) {
  auto f = make();
  f->register_group("G", {sql("T", "a > 1", 5)});
  const int64_t born = f->find("T", "G")->bornTime;
  world.run_for(1000);
  f->register_group("G", {sql("T", "a > 2", 5)});
  f->register_group("G", {sql("T", "a > 2", 4)});
  EXPECT_EQ(f->find("T", "G")->expression, "a > 1");
  EXPECT_EQ(f->find("T", "G")->bornTime, born);
  f->register_group("G", {sql("T", "a > 2", 6)});
  EXPECT_EQ(f->find("T", "G")->expression, "a > 2");
  EXPECT_GT(f->find("T", "G")->bornTime, born);
  f->register_group("G", {sql("T", "a >", 7)});
  EXPECT_EQ(f->find("T", "G")->clientVersion, 6) << "what does not compile changes nothing";
  wire::SubscriptionData tags = sql("U", "x", 1);
  tags.expressionType = "TAG";
  f->register_group("H", {tags});
  EXPECT_FALSE(f->find("U", "H"));
}

TEST_F(ConsumerFiltersTest, TheDeadKeepTheirBitsUntilTheyAreCleaned) {
  auto f = make();
  f->register_group("G", {sql("T", "a > 1", 5), sql("U", "a > 1", 5)});
  world.run_for(1000);
  f->register_group("G", {sql("T", "a > 1", 5)});
  EXPECT_NE(f->find("U", "G")->deadTime, 0) << "the group has left that topic";
  EXPECT_EQ(f->find("T", "G")->deadTime, 0);
  f->unregister_group("G");
  EXPECT_NE(f->find("T", "G")->deadTime, 0);
  EXPECT_TRUE(hit(*f, "T", "G", "a\x01" "3\x02"));
  const int64_t born = f->find("T", "G")->bornTime;
  f->register_group("G", {sql("T", "a > 1", 5)});
  EXPECT_EQ(f->find("T", "G")->deadTime, 0);
  EXPECT_EQ(f->find("T", "G")->bornTime, born);
  world.run_for(61'000);
  ASSERT_TRUE(f->persist());
  EXPECT_FALSE(f->find("U", "G"));
  EXPECT_TRUE(f->find("T", "G"));
}

TEST_F(ConsumerFiltersTest, BitMapsTellWhoMatches) {
  auto f = make();
  ByteBuffer none;
  EXPECT_EQ(f->append("T", "a\x01" "3\x02", none), 0U) << "a topic without filters has no map";
  const uint64_t before = f->version();
  f->register_group("G", {sql("T", "a > 1", 1)});
  f->register_group("H", {sql("T", "a > 5", 1)});
  EXPECT_EQ(f->version() % 2, 0U);
  EXPECT_NE(f->version(), before);
  EXPECT_TRUE(hit(*f, "T", "G", "a\x01" "3\x02"));
  EXPECT_FALSE(hit(*f, "T", "H", "a\x01" "3\x02"));
  EXPECT_TRUE(hit(*f, "T", "H", "a\x01" "9\x02"));
}

TEST_F(ConsumerFiltersTest, TheFileIsJavasAndComesBackDead) {
  {
    auto f = make();
    f->register_group("GID_test", {sql("TopicTest", "a>1", 9)});
    ASSERT_TRUE(f->persist());
    const std::string born = std::to_string(f->find("TopicTest", "GID_test")->bornTime);
    EXPECT_EQ(f->encode(), R"({"filterDataByTopic":{"TopicTest":{"groupFilterData":{"GID_test":{"bloomFilterData":{"bitNum":112,"bitPos":[32,78,12]},"bornTime":)" + born +
                               R"(,"clientVersion":9,"consumerGroup":"GID_test","dead":false,"deadTime":0,"expression":"a>1","expressionType":"SQL92","topic":"TopicTest"}},"topic":"TopicTest"}}})");
  }
  world.run_for(40'000);
  auto f = make();
  const auto loaded = f->find("TopicTest", "GID_test");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->deadTime, machine.env().clock().now_ms() - 30'000);
  EXPECT_TRUE(hit(*f, "TopicTest", "GID_test", "a\x01" "3\x02"));
  settings.expected = 64;   // another size of map: nothing of the old one can be used
  EXPECT_FALSE(make()->find("TopicTest", "GID_test"));
}

}  // namespace
}  // namespace mq::broker
