// storeCheck: a sound store is called sound, each damage is found, what can be repaired is, and a broker finds all again.
#include "store/check/store_check.h"

#include "store/deliberate_bug.h"
#include "store/format/consume_queue_entry.h"
#include "store/test_store.h"

namespace mq::store {
namespace {

using Level = Finding::Level;

CheckOptions options(bool repair = false) { return {.root = TestStore::kRoot, .index_slots = 11, .index_entries = 20, .repair = repair}; }

StoreReport check(TestStore& t, bool repair = false) {
  auto report = check_store(t.machine().env(), options(repair));
  EXPECT_TRUE(report) << report.error().message();
  return report ? std::move(*report) : StoreReport{};
}

void fill_and_stop(TestStore& t) {
  ASSERT_TRUE(t.start());
  for (int i = 0; i < 30; ++i) {
    t.append("A", 0);
    ASSERT_EQ(t.try_append("B", 1, "key" + std::to_string(i)).status, PutStatus::kPutOk);
    t.run_for(300);
  }
  t.stop();
  t.make("config/topics.json", R"({"topicConfigTable":{"A":{"topicName":"A"},"B":{"topicName":"B"}}})");
}

std::map<std::string, std::string> contents(TestStore& t, const std::string& dir = "") {
  std::map<std::string, std::string> all;
  const auto entries = t.fs().list(TestStore::path(dir)).value();
  for (const auto& e : entries) {
    const std::string name = dir.empty() ? e.name : dir + "/" + e.name;
    if (e.is_dir) all.merge(contents(t, name));
    else all[name] = t.read(name);
  }
  return all;
}

/// Damages, looks, looks without a change, repairs, looks again, starts.
void expect_found_and_repaired(const std::string& where, const std::string& what, const std::function<void(TestStore&)>& damage) {
  SCOPED_TRACE(what);
  TestStore t;
  fill_and_stop(t);
  damage(t);
  const auto before = contents(t);
  const StoreReport found = check(t);
  EXPECT_EQ(before, contents(t)) << "a check changes nothing";
  EXPECT_TRUE(found.damaged()) << found.to_text();
  const auto is = [&](const Finding& f) { return f.level == Level::kDamage && f.where.find(where) != std::string::npos && f.what.find(what) != std::string::npos; };
  const auto finding = std::find_if(found.findings.begin(), found.findings.end(), is);
  ASSERT_NE(finding, found.findings.end()) << found.to_text();
  EXPECT_FALSE(finding->repair.empty());
  const StoreReport repaired = check(t, true);
  EXPECT_FALSE(repaired.damaged()) << repaired.to_text();
  const StoreReport after = check(t);
  EXPECT_FALSE(after.damaged()) << after.to_text();
  t.expect_restart("after the repair");
  EXPECT_EQ(t.found("B", "key7"), 1U);
  EXPECT_EQ(t.found("B", "key29"), 1U);
}

TEST(StoreCheck, ASoundStoreIsSound) {
  TestStore t;
  fill_and_stop(t);
  const StoreReport r = check(t);
  EXPECT_FALSE(r.damaged()) << r.to_text();
  EXPECT_TRUE(r.findings.empty()) << r.to_text();
  EXPECT_EQ(r.records, 60);
  EXPECT_EQ(r.queues, 2);
  EXPECT_EQ(r.entries, 60);
  EXPECT_EQ(r.index_entries, 30);
  EXPECT_EQ(r.index_files, 2);
  EXPECT_EQ(r.to_json()["consumeQueue"]["entries"].as_int(), 60);
  EXPECT_EQ(check_store(t.machine().env(), {.root = "/nowhere"}).error().code(), Errc::kNotFound);
}

TEST(StoreCheck, AStoreInUseIsLookedAtAndNotRepaired) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 20);
  const StoreReport r = check(t);
  EXPECT_TRUE(r.live);
  EXPECT_FALSE(r.damaged()) << r.to_text();
  EXPECT_EQ(r.pending_entries, 20);
  EXPECT_EQ(check_store(t.machine().env(), options(true)).error().code(), Errc::kBusy);
}

TEST(StoreCheck, AKilledStoreIsSound) {
  TestStore t;
  ASSERT_TRUE(t.start());
  t.append("A", 0, 20);
  t.run_for(3'000);
  t.append("A", 1, 3);
  t.crash();
  const StoreReport r = check(t);
  EXPECT_TRUE(r.crashed);
  EXPECT_FALSE(r.damaged()) << r.to_text();
  EXPECT_EQ(r.pending_entries, 3);
}

TEST(StoreCheck, DamagedConsumeQueues) {
  const std::string middle = TestStore::queue_file("A", 0, 1), last = TestStore::queue_file("A", 0, 3);
  expect_found_and_repaired("topic A queue 0", "1 messages have no entry", [&](TestStore& t) { t.write(middle, 60, std::string(20, '\0')); });
  expect_found_and_repaired("topic A queue 0", "entries are not what", [&](TestStore& t) { t.write(middle, 67, "\7"); });
  expect_found_and_repaired("topic A queue 0", "entries are not what", [&](TestStore& t) { t.write(middle, 79, "\7"); });   // a tagsCode
  expect_found_and_repaired("topic A queue 0", "8 messages have no entry", [&](TestStore& t) { ASSERT_TRUE(t.fs().remove(TestStore::path(middle))); });
  expect_found_and_repaired("topic A queue 0", "6 messages have no entry", [&](TestStore& t) { ASSERT_TRUE(t.fs().remove(TestStore::path(last))); });
  expect_found_and_repaired("topic A queue 0", "another size", [&](TestStore& t) { t.truncate(middle, 40); });
  expect_found_and_repaired("topic A queue 0", "1 entries lead to no message", [&](TestStore& t) { t.write(last, 6 * 20, t.read(middle).substr(0, 20)); });
  expect_found_and_repaired("topic B queue 1", "no ConsumeQueue", [&](TestStore& t) { t.remove_all("consumequeue/B"); });
}

#ifdef MQ_DCHECKS
TEST(StoreCheck, ABrokerThatSkipsEntriesIsFound) {
  TestStore t;
  ASSERT_TRUE(t.start());
  deliberate_bug = DeliberateBug::kSkipsEntries;
  t.append("A", 0, 200);
  t.run_for(3'000);
  deliberate_bug = DeliberateBug::kNone;
  t.stop();
  const StoreReport r = check(t);
  EXPECT_TRUE(r.damaged());
  EXPECT_FALSE(check(t, true).damaged());
}
#endif

TEST(StoreCheck, DamagedIndexFiles) {
  const auto first = [](TestStore& t) { return "index/" + t.fs().list(TestStore::path("index"))->front().name; };
  expect_found_and_repaired("/index/", "slots or links", [&](TestStore& t) { t.write(first(t), 40, std::string(44, '\0')); });
  expect_found_and_repaired("/index/", "keys are not entered", [&](TestStore& t) { t.write(first(t), 40 + 44 + 20 * 5, std::string(4, '\1')); });
  expect_found_and_repaired("/index/", "bytes, an index file of", [&](TestStore& t) { t.truncate(first(t), 100); });
}

TEST(StoreCheck, AnIndexWhoseHeaderSaysTheWrongEnd) {
  constexpr int64_t kCount = 36, kEndPhy = 24;
  struct Case {
    int64_t at;
    std::string_view bytes;
  };
  using namespace std::string_view_literals;
  for (const Case& c : {Case{kCount, "\0\0\0\0"sv}, Case{kCount, "\0\0\0\x5"sv}, Case{kCount, "\0\0\0\xf"sv}, Case{kCount, "\x7f\xff\xff\xff"sv},
                        Case{kCount, "\xff\xff\xff\xff"sv}, Case{kEndPhy, "\0\0\0\0\0\0\0\0"sv}, Case{kEndPhy, "\0\0\0\0\0\0\x1\x7"sv},
                        Case{kEndPhy, "\x7f\xff\xff\xff\xff\xff\xff\xff"sv}, Case{kEndPhy, "\xff\xff\xff\xff\xff\xff\xff\xff"sv}}) {
    for (const bool newest : {true, false}) {
      for (const bool by_check : {true, false}) {   // else by the broker's start
        SCOPED_TRACE(std::to_string(c.at) + (newest ? " newest" : " oldest") + (by_check ? " check" : " start"));
        TestStore t;
        fill_and_stop(t);
        const auto files = t.fs().list(TestStore::path("index")).value();
        t.write("index/" + (newest ? files.back() : files.front()).name, c.at, c.bytes);
        EXPECT_NE(check(t).to_text().find("its header does not say where its entries end"), std::string::npos) << check(t).to_text();
        if (by_check) {
          EXPECT_FALSE(check(t, true).damaged());
        }
        ASSERT_TRUE(t.start());
        ASSERT_EQ(t.try_append("B", 1, "new").status, PutStatus::kPutOk);
        t.run_for(1'000);
        for (const char* key : {"key0", "key10", "key29", "new"}) EXPECT_EQ(t.found("B", key), 1U) << key;
        t.stop();
        const StoreReport r = check(t);
        EXPECT_TRUE(r.findings.empty()) << r.to_text();
        EXPECT_EQ(r.index_entries, 31) << "each key once";
      }
    }
  }
}

TEST(StoreCheck, AnIndexWhoseHeaderSaysTheWrongTimes) {
  using namespace std::string_view_literals;
  constexpr int64_t kBegin = 0, kEnd = 8;
  for (const int64_t at : {kBegin, kEnd}) {
    for (const std::string_view bytes : {"\0\0\0\0\0\0\0\0"sv, "\x7f\xff\xff\xff\xff\xff\xff\xff"sv, "\xff\xff\xff\xff\xff\xff\xff\xff"sv}) {
      for (const bool newest : {true, false}) {
        SCOPED_TRACE(std::to_string(at) + (newest ? " newest" : " oldest"));
        TestStore t;
        fill_and_stop(t);
        const auto files = t.fs().list(TestStore::path("index")).value();
        const std::string file = "index/" + (newest ? files.back() : files.front()).name;
        const std::string sound = t.read(file);
        t.write(file, at, bytes);
        EXPECT_NE(check(t).to_text().find("does not say when its first and last message came"), std::string::npos) << check(t).to_text();
        EXPECT_FALSE(check(t, true).damaged());
        EXPECT_EQ(t.read(file), sound);
        EXPECT_TRUE(check(t).findings.empty());
      }
    }
  }
  const auto first = [](TestStore& t) { return "index/" + t.fs().list(TestStore::path("index"))->front().name; };
  expect_found_and_repaired("/index/", "another time than their messages", [&](TestStore& t) { t.write(first(t), 40 + 44 + 20 * 5 + 12, "\1"); });
}

TEST(StoreCheck, AnIndexWithoutALog) {
  TestStore t;
  fill_and_stop(t);
  t.remove_all("commitlog");
  ASSERT_TRUE(t.fs().make_dirs(TestStore::path("commitlog")));
  t.truncate("index/" + t.fs().list(TestStore::path("index"))->front().name, 100);
  EXPECT_FALSE(t.names("index.index-").size());
  (void)check(t, true);
  EXPECT_EQ(t.names("index.index-").size(), 2U) << "the damaged one and the one behind it are kept aside";
}

TEST(StoreCheck, ATornTailIsCut) {
  expect_found_and_repaired("commitlog", "stands a torn one", [](TestStore& t) {
    ASSERT_TRUE(t.start());
    const int64_t end = t.store().max_phy().bytes;
    t.stop();
    t.write(TestStore::log_file(static_cast<int>(end / TestStore::kLogFile)), end % TestStore::kLogFile, "torn");
  });
}

TEST(StoreCheck, ADamagedMessageIsNamedAndStaysLost) {
  TestStore t;
  fill_and_stop(t);
  t.write(TestStore::log_file(0), 90, "xx");   // in the first message's body
  const StoreReport r = check(t, true);
  EXPECT_TRUE(r.damaged());
  EXPECT_NE(r.to_text().find("no message can be read from 0 to"), std::string::npos) << r.to_text();
}

TEST(StoreCheck, AMessageThatClaimsAnothersPlaceStaysOut) {
  TestStore t;
  fill_and_stop(t);
  const std::string log = t.read(TestStore::log_file(0));
  int64_t second = 0;   // of A: behind its first and one of B
  for (int i = 0; i < 2; ++i) second += load_be<int32_t>(as_bytes(log).data() + second);
  t.write(TestStore::log_file(0), second + static_cast<int64_t>(kQueueOffsetAt) + 7, std::string(1, '\0'));
  const StoreReport r = check(t, true);
  EXPECT_TRUE(r.damaged()) << r.to_text();
  EXPECT_NE(r.to_text().find("DAMAGE   topic A queue 0: 1 messages say offsets that they cannot have"), std::string::npos) << r.to_text();
}

TEST(StoreCheck, AnEmptyFileOfTheLogIsKeptAside) {
  for (const int n : {0, 1}) {   // in front of the others; between them, where what it held is missed
    TestStore t;
    ASSERT_TRUE(t.start());
    t.append("A", 0, 60);
    t.stop();
    fill_and_stop(t);
    ASSERT_FALSE(t.read(TestStore::log_file(2)).empty());
    t.truncate(TestStore::log_file(n), 0);
    const StoreReport r = check(t, true);
    EXPECT_EQ(r.damaged(), n == 1) << r.to_text();
    EXPECT_NE(r.to_text().find("REPAIRED /data/store/" + TestStore::log_file(n) + ": is empty"), std::string::npos) << r.to_text();
    EXPECT_TRUE(t.fs().exists(TestStore::path("commitlog." + TestStore::log_file(n).substr(sizeof "commitlog") + ".bad")));
    const StoreReport after = check(t);
    EXPECT_EQ(after.findings.size(), n == 1 ? 1U : 0U) << after.to_text();
    EXPECT_EQ(after.records, r.records);
    ASSERT_TRUE(t.start());
    EXPECT_EQ(t.found("B", "key29"), 1U);
    t.stop();
    EXPECT_EQ(check(t).records, r.records);
  }
}

TEST(StoreCheck, ARepairLeavesTheSizeOfTheLogAsItIs) {
  TestStore t;
  ASSERT_TRUE(t.start());
  for (int i = 0; i < 5; ++i) ASSERT_EQ(t.try_append("A", 0, "key").status, PutStatus::kPutOk);
  t.stop();
  t.truncate(TestStore::log_file(0), 3'001);   // the only file, cut short behind its messages
  t.remove_all("index");
  const StoreReport r = check(t, true);
  EXPECT_EQ(r.log_files, 1);
  EXPECT_EQ(r.index_entries, 5);
  EXPECT_EQ(t.read(TestStore::log_file(0)).size(), 3'001U);
}

TEST(StoreCheck, ARepairTellsWhatOnlyItsResultShows) {
  TestStore t;
  fill_and_stop(t);
  t.write(TestStore::queue_file("A", 0, 3), 6 * 20, t.read(TestStore::queue_file("A", 0, 1)).substr(0, 20));   // an entry behind the last message
  t.make("config/consumerOffset.json", "{\"offsetTable\":{\"A@g\":{0:31}}}");
  EXPECT_EQ(check(t).findings.size(), 1U) << "the group's offset lies within the queue as it is";
  const StoreReport r = check(t, true);
  EXPECT_NE(r.to_text().find("REPAIRED topic A queue 0"), std::string::npos) << r.to_text();
  EXPECT_NE(r.to_text().find("after the repair: A@g queue 0 stands at 31, the queue ends at 30"), std::string::npos) << r.to_text();
  EXPECT_TRUE(r.damaged());
}

TEST(StoreCheck, TablesAndCheckpoint) {
  expect_found_and_repaired("topics.json", "cannot be read", [](TestStore& t) {
    t.make("config/topics.json.bak", t.read("config/topics.json"));
    t.truncate("config/topics.json", 20);
  });
  expect_found_and_repaired("checkpoint", "bytes instead of 4096", [](TestStore& t) { t.truncate("checkpoint", 10); });
  TestStore t;
  fill_and_stop(t);
  t.make("config/consumerOffset.json", "{\"offsetTable\":{\"A@g\":{0:31},\"B@g\":{1:30}}}");
  const StoreReport r = check(t);
  ASSERT_EQ(r.findings.size(), 1U) << r.to_text();
  EXPECT_NE(r.findings[0].what.find("A@g queue 0 stands at 31, the queue ends at 30"), std::string::npos);
}

TEST(StoreCheck, NamesChangesThatAJavaBrokerWouldNotFind) {
  TestStore t;
  fill_and_stop(t);
  t.make("config/subscriptionGroup.json", R"({"dataVersion":{"counter":7},"subscriptionGroupTable":{}})");
  const std::string change = R"({"dataVersion":{"counter":8},"group":"G","groupConfig":{}})";
  t.make("config/subscriptionGroup.json.journal", std::string(R"({"dataVersion":{"counter":7}})") + "\n" + change + "\n");
  const StoreReport r = check(t);
  ASSERT_EQ(r.findings.size(), 1U) << r.to_text();
  EXPECT_EQ(r.findings[0].level, Level::kNote);
  EXPECT_NE(r.findings[0].what.find("1 changes are not in subscriptionGroup.json yet"), std::string::npos) << r.to_text();
  t.make("config/subscriptionGroup.json.journal", std::string(R"({"dataVersion":{"counter":6}})") + "\n" + change + "\n");
  EXPECT_TRUE(check(t).findings.empty()) << "the table was written since";
}

TEST(StoreCheck, ShowsFiles) {
  TestStore t;
  fill_and_stop(t);
  const auto shown = [&](const std::string& name, int64_t from = 0, int64_t count = 100) {
    const auto text = dump_store_file(t.fs(), TestStore::path(name), from, count);
    return text ? *text : text.error().message();
  };
  EXPECT_NE(shown(TestStore::log_file(0)).find("topic A queue 0 offset 0"), std::string::npos);
  EXPECT_NE(shown(TestStore::log_file(0)).find("body 9 bytes: message 0"), std::string::npos);
  EXPECT_NE(shown(TestStore::log_file(0)).find("properties TAGS=a KEYS=key0"), std::string::npos);
  EXPECT_EQ(shown(TestStore::queue_file("A", 0, 0), 0, 1).find("0 phy 0 size "), 0U);
  EXPECT_NE(shown(TestStore::queue_file("A", 0, 3)).find("30 the end"), std::string::npos);
  EXPECT_NE(shown("checkpoint").find("recoverFrom "), std::string::npos);
  EXPECT_NE(shown("index/" + t.fs().list(TestStore::path("index"))->front().name).find("indexCount 20"), std::string::npos);
  EXPECT_EQ(shown("config/topics.json"), t.read("config/topics.json"));
  EXPECT_NE(shown("commitlog").find("is a folder"), std::string::npos);
}

}  // namespace
}  // namespace mq::store
