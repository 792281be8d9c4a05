#include "broker/meta/topic_journal.h"

#include <gtest/gtest.h>

#include "env/sim.h"

namespace mq::broker {
namespace {

class TopicJournalTest : public testing::Test {
 protected:
  ~TopicJournalTest() override { machine.crash(env::Crash::kProcess); }
  static wire::DataVersion version(int64_t counter) { return {.stateVersion = 0, .timestamp = 1000 + counter, .counter = counter}; }
  static TopicChange made(const std::string& topic, int64_t counter) {
    wire::TopicConfig c;
    c.topicName = topic;
    c.readQueueNums = static_cast<int32_t>(counter);
    c.attributes = {{"message.type", "FIFO"}};
    return {.version = version(counter), .topic = topic, .config = c};
  }
  std::string names(const wire::DataVersion& base) {
    std::string text;
    for (const TopicChange& c : TopicJournal(fs(), path).read(base)) text += (c.config ? "+" : "-") + c.topic + ":" + std::to_string(c.version.counter) + " ";
    return text;
  }
  env::FileSystem& fs() { return machine.env().fs(); }

  env::SimWorld world{1};
  env::SimMachine& machine = world.machine("broker");
  const std::string path = "/config/topics.json.journal";
};

TEST_F(TopicJournalTest, ItFollowsOneTable) {
  TopicJournal journal(fs(), path);
  EXPECT_FALSE(journal.append({made("A", 1)})) << "nobody knows what it would follow";
  journal.follow(version(4));
  ASSERT_TRUE(journal.append({made("A", 5), made("B", 6)}));
  ASSERT_TRUE(journal.append({{.version = version(7), .topic = "A", .config = {}}}));
  EXPECT_EQ(names(version(4)), "+A:5 +B:6 -A:7 ");
  EXPECT_EQ(names(version(7)), "") << "the table was written since";
  EXPECT_EQ(TopicJournal(fs(), path).read(version(4))[0].config, made("A", 5).config);

  journal.follow(version(7));
  EXPECT_EQ(names(version(4)), "+A:5 +B:6 -A:7 ") << "begun anew only with the next change";
  ASSERT_TRUE(journal.append({made("C", 8)}));
  EXPECT_EQ(names(version(4)), "");
  EXPECT_EQ(names(version(7)), "+C:8 ");
}

TEST_F(TopicJournalTest, ATornEndIsLeftOut) {
  TopicJournal journal(fs(), path);
  journal.follow(version(4));
  ASSERT_TRUE(journal.append({made("A", 5), made("B", 6)}));
  const auto file = fs().open(path, env::Open::kReadWrite);
  ASSERT_TRUE(file);
  const int64_t whole = (*file)->size().value();
  for (int64_t size = whole - 1; size >= 0; --size) {
    ASSERT_TRUE((*file)->truncate(size));
    const std::string found = names(version(4));
    EXPECT_TRUE(found == "+A:5 " || found.empty()) << size << ": " << found;
    ASSERT_EQ(found, size > 3 * whole / 5 ? "+A:5 " : found) << size;
  }
}

TEST_F(TopicJournalTest, AfterAnErrorItTakesNothingUntilTheTableIsWritten) {
  TopicJournal journal(fs(), path);
  journal.follow(version(4));
  machine.faults().write_error = 1;
  EXPECT_FALSE(journal.append({made("A", 5)}));
  machine.faults().write_error = 0;
  EXPECT_FALSE(journal.append({made("B", 6)})) << "A would be missing before it";
  journal.follow(version(6));
  EXPECT_TRUE(journal.append({made("C", 7)}));
  EXPECT_EQ(names(version(6)), "+C:7 ");
}

}  // namespace
}  // namespace mq::broker
