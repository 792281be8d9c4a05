#include "base/options.h"

#include <gtest/gtest.h>

namespace mq {
namespace {

struct TestConfig : ConfigGroup {
  Option<int32_t> size{this, 1 << 30, {.name = "mappedFileSizeCommitLog", .doc = "d", .alias = "mapedFileSizeCommitLog"}};
  Option<std::string> flush{this, "ASYNC_FLUSH", {.name = "flushDiskType", .doc = "d", .important = true, .allowed = "SYNC_FLUSH|ASYNC_FLUSH"}};
  Option<std::string> root{this, "", {.name = "storePathRootDir", .doc = "d"}};
  Option<bool> create{this, true, {.name = "autoCreateTopicEnable", .doc = "d"}};
  Option<int32_t> hours{this, 72, {.name = "fileReservedTime", .doc = "d"}};
  Option<int32_t> port{this, 10911, {.name = "listenPort", .doc = "d", .port = true}};
  Option<int32_t> pool{this, 4, {.name = "sendMessageThreadPoolNums", .doc = "d", .reload = Reload::kIgnored}};
  Option<std::string> master{this, "", {.name = "haMasterAddress", .doc = "d", .nullable = true}};
};

struct Fixture {
  TestConfig config;
  Configuration all{{&config}};
  std::vector<std::string> read(std::string_view text) { return *all.apply(*parse_properties(text), "test.conf"); }
};

TEST(Properties, ReadsAsJavaDoes) {
  const auto lines = parse_properties("# c\n! c\n a = 1\nb:2\nc 3\nd\\ e=x\\ty\n long=1,\\\n   2\nu=\\u4e2d\nempty=\r\nlast=z");
  ASSERT_TRUE(lines);
  std::string all;
  for (const auto& l : *lines) all += l.key + "=" + l.value + "@" + std::to_string(l.line) + ";";
  EXPECT_EQ(all, "a=1@3;b=2@4;c=3@5;d e=x\ty@6;long=1,2@7;u=中@9;empty=@10;last=z@11;");
}

TEST(Properties, JoinsSurrogates) {
  const auto lines = parse_properties("a=\\uD83D\\uDE00!\nb=\\ud83dx\n");
  ASSERT_TRUE(lines);
  EXPECT_EQ((*lines)[0].value, "\xF0\x9F\x98\x80!");
}

TEST(Properties, RefusesAMalformedEscapeWithItsLine) {
  const auto lines = parse_properties("a=1\nb=\\u12x4\n");
  ASSERT_FALSE(lines);
  EXPECT_EQ(lines.error().message(), "line 2: malformed \\uxxxx escape");
}

TEST(Options, TakeTheEvidentMeaningAndSaySo) {
  Fixture f;
  const auto warnings = f.read("\xEF\xBB\xBF" "flushDiskType=SYNC_FLUSH \nfileReservedTime = 168\t\nautoCreateTopicEnable=true \nmapedFileSizeCommitLog=67108864\n");
  EXPECT_EQ(f.config.flush(), "SYNC_FLUSH");
  EXPECT_EQ(f.config.hours(), 168);
  EXPECT_TRUE(f.config.create());
  EXPECT_EQ(f.config.size(), 67108864);
  EXPECT_EQ(warnings.size(), 4u);
}

struct LimitedConfig : ConfigGroup {
  Option<int32_t> entries{this, 6'000'000, {.name = "mappedFileSizeConsumeQueue", .doc = "d", .least = 20, .multiple = 20}};
  Option<int64_t> threads{this, 1, {.name = "readLoops", .doc = "d", .least = 1, .most = 16}};
};

TEST(Options, SayWhatIsUsedInsteadOfANumberBeyondItsLimits) {
  struct Case {
    std::string_view line;
    int64_t entries, threads;
    std::string_view warning;
  };
  for (const Case& c : {Case{"readLoops=16", 6'000'000, 16, ""}, Case{"readLoops=17", 6'000'000, 16, "readLoops=17 is more than 16: 16 is used"},
                        Case{"readLoops=-9223372036854775808", 6'000'000, 1, "readLoops=-9223372036854775808 is less than 1: 1 is used"},
                        Case{"mappedFileSizeConsumeQueue=40", 40, 1, ""},
                        Case{"mappedFileSizeConsumeQueue=0", 20, 1, "mappedFileSizeConsumeQueue=0 is less than 20: 20 is used"},
                        Case{"mappedFileSizeConsumeQueue=41", 60, 1, "mappedFileSizeConsumeQueue=41 is no multiple of 20: 60 is used"},
                        Case{"mappedFileSizeConsumeQueue=2147483647", 2147483660, 1,
                             "mappedFileSizeConsumeQueue=2147483647 is no multiple of 20: 2147483660 is used"}}) {
    LimitedConfig config;
    Configuration all({&config});
    const auto warnings = *all.apply(*parse_properties(c.line), "test.conf");
    EXPECT_EQ(warnings, c.warning.empty() ? std::vector<std::string>{} : std::vector{std::string(c.warning)}) << c.line;
    EXPECT_EQ(config.entries.used(), c.entries) << c.line;
    EXPECT_EQ(config.threads.used(), c.threads) << c.line;
    EXPECT_NE(all.text().find(c.line), std::string::npos) << "kept as it was written";
  }
}

TEST(Options, KeepTheDefaultOfAnUnreadableValue) {
  Fixture f;
  const auto warnings = f.read("fileReservedTime=48h\nmappedFileSizeCommitLog=8*1024*1024\nflushDiskType=SYNC\nautoCreateTopicEnable=yes\nnoSuchKey=1\n");
  EXPECT_EQ(f.config.hours(), 72);
  EXPECT_EQ(f.config.size(), 1 << 30);
  EXPECT_EQ(f.config.flush(), "ASYNC_FLUSH");
  EXPECT_FALSE(f.config.create());
  EXPECT_EQ(warnings.size(), 5u);
  EXPECT_NE(warnings[0].find("fileReservedTime=48h"), std::string::npos);
}

TEST(Options, JavasNumberForms) {
  Fixture f;
  f.read("fileReservedTime=+6\nmappedFileSizeCommitLog=010911\nautoCreateTopicEnable=TRUE\n");
  EXPECT_EQ(f.config.hours(), 6);
  EXPECT_EQ(f.config.size(), 10911);
  EXPECT_TRUE(f.config.create());
  f.read("mappedFileSizeCommitLog=4294967296\nfileReservedTime=0x10\n");
  EXPECT_EQ(f.config.size(), 10911);
  EXPECT_EQ(f.config.hours(), 6);
}

TEST(Options, RefuseTheStartOverValuesThatADefaultMustNotReplace) {
  struct Case { std::string_view text, message; };
  for (const Case& c : {Case{"fileReservedTime=9\nstorePathRootDir=D:\\rocketmq\\store\n", "b.conf, line 2: the value of storePathRootDir holds a control character"},
                        Case{"listenPort=98x76\n", "b.conf, line 1: listenPort=98x76 is not possible: a port from 0 to 65535 is needed"},
                        Case{"listenPort=70000\n", "b.conf, line 1: listenPort=70000 is not possible"}}) {
    Fixture f;
    const auto r = f.all.apply(*parse_properties(c.text), "b.conf");
    ASSERT_FALSE(r);
    EXPECT_TRUE(r.error().message().starts_with(c.message)) << r.error().message();
    EXPECT_EQ(f.config.root(), "");
    EXPECT_EQ(f.config.hours(), 72);   // nothing is applied
  }
}

TEST(Options, RefuseControlCharactersInText) {
  Fixture f;
  const auto warnings = f.read("flushDiskType=SYNC\\tFLUSH\n");
  EXPECT_EQ(f.config.flush(), "ASYNC_FLUSH");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("flushDiskType"), std::string::npos);
}

TEST(Options, AKeyWinsOverItsOldSpelling) {
  Fixture f;
  f.read("mappedFileSizeCommitLog=100\nmapedFileSizeCommitLog=200\n");
  EXPECT_EQ(f.config.size(), 100);
}

TEST(Options, SayWhyAKeyHasNoEffect) {
  Fixture f;
  EXPECT_TRUE(f.read("sendMessageThreadPoolNums=4\n").empty());   // the default: nothing is lost
  const auto warnings = f.read("sendMessageThreadPoolNums=128\n");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_TRUE(warnings[0].starts_with("sendMessageThreadPoolNums=128 is accepted without effect: there are no thread pools")) << warnings[0];
}

TEST(Options, KeepSecretsOutOfMessages) {
  struct Secret : ConfigGroup {
    Option<int32_t> pin{this, 0, {.name = "keyPassword", .doc = "d"}};
    Option<std::string> inner{this, "", {.name = "innerClientAuthenticationCredentials", .doc = "d", .reload = Reload::kIgnored}};
  } secret;
  Configuration all{{&secret}};
  const auto warnings = all.apply(*parse_properties("keyPassword=hunter2\ninnerClientAuthenticationCredentials={\"secretKey\":\"hunter2\"}\naclSecretKey=hunter2\n"), "f");
  ASSERT_TRUE(warnings);
  EXPECT_EQ(warnings->size(), 3u);
  for (const std::string& w : *warnings) EXPECT_EQ(w.find("hunter2"), std::string::npos) << w;
}

TEST(Options, TheEnvironmentComesLast) {
  Fixture f;
  f.read("fileReservedTime=5\n");
  char hours[] = "ROCKETMQ_CONF_fileReservedTime=7 ", other[] = "PATH=/bin", port[] = "ROCKETMQ_CONF_listenPort=x";
  char* good[] = {other, hours, nullptr};
  const auto r = f.all.apply_environment(good);
  ASSERT_TRUE(r);
  EXPECT_EQ(f.config.hours(), 7);
  EXPECT_EQ(*r, std::vector<std::string>{"fileReservedTime: blanks behind the value removed"});
  char* bad[] = {port, nullptr};
  EXPECT_FALSE(f.all.apply_environment(bad));
}

TEST(Options, LeaveOutWhatJavaHasAsNull) {
  Fixture f;
  EXPECT_EQ(f.all.text().find("haMasterAddress"), std::string::npos);
  f.read("haMasterAddress=10.0.0.1:10912\n");
  EXPECT_NE(f.all.text().find("haMasterAddress=10.0.0.1:10912\n"), std::string::npos);
}

TEST(Options, UpdateRefusesTheBlackListAsAWhole) {
  Fixture f;
  EXPECT_FALSE(f.all.update("fileReservedTime=5\nstorePathRootDir=/x\n", {"storePathRootDir"}));
  EXPECT_EQ(f.config.hours(), 72);
  const auto done = f.all.update("fileReservedTime=5\nunknown=1\nflushDiskType=NO\nlistenPort=70000\n", {});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->changed, std::vector<std::string>{"fileReservedTime"});
  EXPECT_EQ(done->warnings, (std::vector<std::string>{"flushDiskType=NO is not possible: one of SYNC_FLUSH|ASYNC_FLUSH is needed; ASYNC_FLUSH stays",
                                                     "listenPort=70000 is not possible: a port from 0 to 65535 is needed; 10911 stays"}));
}

TEST(Options, AnUpdateSaysWhatTheStartSays) {
  for (const std::string_view line : {"readLoops=17", "readLoops=x", "mappedFileSizeConsumeQueue=41", "readLoops=3"}) {
    LimitedConfig started, updated;
    Configuration at_start({&started}), at_update({&updated});
    const auto warnings = *at_start.apply(*parse_properties(line), "test.conf");
    const auto done = *at_update.update(line, {});
    EXPECT_EQ(done.warnings, warnings) << line;
    EXPECT_EQ(warnings.empty(), line == "readLoops=3");
    EXPECT_EQ(at_update.text(), at_start.text());
  }
}

// Java writes such a value as it is: after a restart its second line would be an option that no black list has seen.
TEST(Options, WhatIsPrintedIsReadBackToTheSame) {
  Fixture f;
  f.read("zz=a\\nfileReservedTime=1\nyy=\\ b\\tc\\\\d\\ \n\\:k\\ y=\\#1\n");
  const std::string text = f.all.text();
  EXPECT_EQ(text.substr(text.find("yy=")), "yy=\\ b\\tc\\\\d\\ \nzz=a\\nfileReservedTime=1\n");
  Fixture again;
  again.read(text);
  EXPECT_EQ(again.all.text(), text);
  EXPECT_EQ(again.config.hours(), 72);
}

TEST(Options, PrintedSortedAndWithUnknownKeysOfTheFile) {
  Fixture f;
  f.read("zz=1\n");
  EXPECT_EQ(f.all.text(), "autoCreateTopicEnable=true\nfileReservedTime=72\nflushDiskType=ASYNC_FLUSH\nlistenPort=10911\nmappedFileSizeCommitLog=1073741824\nsendMessageThreadPoolNums=4\nstorePathRootDir=\nzz=1\n");
  EXPECT_EQ(f.all.print(true), std::vector<std::string>{"flushDiskType=ASYNC_FLUSH"});
}

}  // namespace
}  // namespace mq
