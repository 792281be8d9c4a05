#include "env/json_journal.h"

#include <gtest/gtest.h>

#include "env/sim.h"

namespace mq::env {
namespace {

class JsonJournalTest : public testing::Test {
 protected:
  ~JsonJournalTest() override { machine.crash(Crash::kProcess); }
  static Json version(int64_t counter) { return Json::object().add("counter", counter).add("timestamp", 1000 + counter); }
  static JsonChange made(const std::string& topic, int64_t counter) {
    return {.version = version(counter), .name = topic, .config = Json::object().add("readQueueNums", counter).add("attributes", "message.type")};
  }
  std::string names(const Json& base) {
    std::string text;
    for (const JsonChange& c : JsonJournal(fs(), path, "topic").read(base)) {
      text += (c.config.is_null() ? "-" : "+") + c.name + ":" + c.version["counter"].as_string() + " ";
    }
    return text;
  }
  FileSystem& fs() { return machine.env().fs(); }

  SimWorld world{1};
  SimMachine& machine = world.machine("broker");
  const std::string path = "/config/topics.json";
};

TEST_F(JsonJournalTest, ItFollowsOneTable) {
  JsonJournal journal(fs(), path, "topic");
  EXPECT_FALSE(journal.append({made("A", 1)})) << "nobody knows what it would follow";
  journal.follow(version(4));
  ASSERT_TRUE(journal.append({made("A", 5), made("B", 6)}));
  ASSERT_TRUE(journal.append({{.version = version(7), .name = "A", .config = {}}}));
  EXPECT_EQ(names(version(4)), "+A:5 +B:6 -A:7 ");
  EXPECT_EQ(names(version(7)), "") << "the table was written since";
  EXPECT_EQ(JsonJournal(fs(), path, "topic").read(version(4))[0].config, made("A", 5).config);

  journal.follow(version(7));
  EXPECT_EQ(names(version(4)), "+A:5 +B:6 -A:7 ") << "begun anew only with the next change";
  ASSERT_TRUE(journal.append({made("C", 8)}));
  EXPECT_EQ(names(version(4)), "");
  EXPECT_EQ(names(version(7)), "+C:8 ");
}

TEST_F(JsonJournalTest, ATornEndIsLeftOut) {
  JsonJournal journal(fs(), path, "topic");
  journal.follow(version(4));
  ASSERT_TRUE(journal.append({made("A", 5), made("B", 6)}));
  const auto file = fs().open(journal.path(), Open::kReadWrite);
  ASSERT_TRUE(file);
  const int64_t whole = (*file)->size().value();
  for (int64_t size = whole - 1; size >= 0; --size) {
    ASSERT_TRUE((*file)->truncate(size));
    const std::string found = names(version(4));
    EXPECT_TRUE(found == "+A:5 " || found.empty()) << size << ": " << found;
    ASSERT_EQ(found, size > 3 * whole / 5 ? "+A:5 " : found) << size;
  }
}

TEST_F(JsonJournalTest, AfterAnErrorItTakesNothingUntilTheTableIsWritten) {
  JsonJournal journal(fs(), path, "topic");
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
}  // namespace mq::env
