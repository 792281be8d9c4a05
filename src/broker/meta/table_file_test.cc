#include "broker/meta/table_file.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "env/sim.h"
#include "env/test_clock.h"

namespace mq::broker {
namespace {

/// Names and numbers.
class Numbers final : public TableFile::Table {
 public:
  wire::DataVersion take(const Json& file) override {
    for (const auto& [name, n] : file["numbers"].members()) entries[name.as_string()] = n.as_int();
    return wire::data_version_from(file["dataVersion"]);
  }
  void take(const std::string& name, const Json& config) override {
    if (config.is_null()) entries.erase(name);
    else entries[name] = config.as_int();
  }
  Json content(const wire::DataVersion& version) const override {
    ++contents;
    Json numbers = Json::object();
    for (const auto& [name, n] : entries) numbers.add(name, n);
    if (during_content) during_content();
    return Json::object().add("dataVersion", to_json(version)).add("numbers", std::move(numbers));
  }
  Json entry(const std::string& name) const override {
    const auto it = entries.find(name);
    return it == entries.end() ? Json() : Json(it->second);
  }
  size_t size() const override { return entries.size(); }

  std::map<std::string, int64_t> entries;
  std::function<void()> during_content;
  mutable int contents = 0;   // written whole
};

class TableFileTest : public testing::Test {
 protected:
  ~TableFileTest() override { machine.crash(env::Crash::kProcess); }
  void set(const std::string& name, int64_t n) {
    table.entries[name] = n;
    file.changed(name);
  }
  void remove(const std::string& name) {
    table.entries.erase(name);
    file.changed(name);
  }
  void fill(int count) {
    for (int i = 0; i < count; ++i) set("N" + std::to_string(i), i);
    ASSERT_TRUE(file.persist());
    table.contents = 0;
  }
  /// What a new process finds.
  void expect_read_back() {
    Numbers found;
    TableFile read(fs(), clock, path, "number", found);
    EXPECT_TRUE(read.load());
    EXPECT_EQ(found.entries, table.entries);
    EXPECT_EQ(read.version(), file.version());
  }
  env::FileSystem& fs() { return machine.env().fs(); }
  bool has_journal() { return fs().exists(path + ".journal"); }

  env::SimWorld world{1};
  env::SimMachine& machine = world.machine("broker");
  const std::string path = "/config/numbers.json";
  env::HandClock clock{1'000'000};
  Numbers table;
  TableFile file{fs(), clock, path, "number", table};
};

TEST_F(TableFileTest, ASmallTableIsWrittenWhole) {
  EXPECT_FALSE(file.load());
  fill(255);
  set("A", 1);
  ASSERT_TRUE(file.persist_changes());
  ASSERT_TRUE(file.persist_changes()) << "nothing has changed";
  EXPECT_EQ(table.contents, 1);
  EXPECT_FALSE(has_journal());
  expect_read_back();
}

TEST_F(TableFileTest, ChangesOfALargeTableGoToItsJournal) {
  fill(256);
  set("A", 1);
  ASSERT_TRUE(file.persist_changes());
  expect_read_back();
  remove("N7");
  set("A", 2);
  file.changed({});
  ASSERT_TRUE(file.persist_changes());
  EXPECT_EQ(table.contents, 0);
  expect_read_back();
  ASSERT_TRUE(file.persist());
  EXPECT_EQ(table.contents, 1);
  expect_read_back();
  set("", 3);   // administration may give a group such a name
  ASSERT_TRUE(file.persist_changes());
  expect_read_back();
}

TEST_F(TableFileTest, VeryManyChangesAreWrittenWhole) {
  fill(256);
  for (int i = 0; i < 1001; ++i) set("M" + std::to_string(i), i);
  ASSERT_TRUE(file.persist_changes());
  EXPECT_EQ(table.contents, 1);
  EXPECT_FALSE(has_journal());
  expect_read_back();
}

TEST_F(TableFileTest, ManyChangesWhileTheFileIsWrittenAreNotForgotten) {
  fill(256);
  set("A", 1);
  table.during_content = [this] {
    for (int i = 0; i < 1001; ++i) set("M" + std::to_string(i), i);
  };
  ASSERT_TRUE(file.persist());
  table.during_content = {};
  ASSERT_TRUE(file.persist_changes());
  expect_read_back();
}

TEST_F(TableFileTest, WhatIsSlowToWriteIsWrittenSeldom) {
  fill(256);
  table.during_content = [this] { clock.pass_ms(100); };
  set("A", 0);
  ASSERT_TRUE(file.persist_in_due_time());
  ASSERT_EQ(table.contents, 1);
  for (int i = 1; i < 100; ++i, clock.pass_ms(20)) {
    set("A", i);
    ASSERT_TRUE(file.persist_in_due_time());
    expect_read_back();   // from the journal
  }
  EXPECT_EQ(table.contents, 2);
}

TEST_F(TableFileTest, AFullDiskIsTriedAgain) {
  fill(256);
  set("A", 1);
  machine.faults().write_error = 1;
  EXPECT_FALSE(file.persist_changes());
  machine.faults().write_error = 0;
  ASSERT_TRUE(file.persist_changes());
  expect_read_back();
}

}  // namespace
}  // namespace mq::broker
