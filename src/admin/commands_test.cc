// Every command of the Java tools of 4.2.0, 4.9.8 and 5.3.3 is there. Source: spec mqadmin 1.2.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "admin/command.h"
#include "base/split.h"

namespace mq::admin {
namespace {

constexpr std::string_view k420 =
    "updateTopic deleteTopic updateSubGroup deleteSubGroup updateBrokerConfig updateTopicPerm topicRoute topicStatus topicClusterList brokerStatus "
    "queryMsgById queryMsgByKey queryMsgByUniqueKey queryMsgByOffset printMsg printMsgByQueue sendMsgStatus brokerConsumeStats producerConnection "
    "consumerConnection consumerProgress consumerStatus cloneGroupOffset clusterList topicList updateKvConfig deleteKvConfig wipeWritePerm "
    "resetOffsetByTime updateOrderConf cleanExpiredCQ cleanUnusedTopic startMonitoring statsAll allocateMQ checkMsgSendRT clusterRT getNamesrvConfig "
    "updateNamesrvConfig getBrokerConfig queryCq";
constexpr std::string_view k498 =
    "addWritePerm consumeMessage deleteExpiredCommitLog exportConfigs exportMetadata exportMetrics getConsumerConfig producer queryMsgTraceById "
    "sendMessage skipAccumulatedMessage updateAclConfig deleteAclConfig updateGlobalWhiteAddr clusterAclConfigVersion";
/// In the order in which 5.3.3 lists them.
constexpr std::string_view k533 =
    "updateTopic updateTopicList deleteTopic updateSubGroup updateSubGroupList setConsumeMode deleteSubGroup updateBrokerConfig updateTopicPerm "
    "topicRoute topicStatus topicClusterList addBroker removeBroker resetMasterFlushOffset brokerStatus queryMsgById queryMsgByKey "
    "queryMsgByUniqueKey queryMsgByOffset queryMsgTraceById printMsg printMsgByQueue sendMsgStatus brokerConsumeStats producerConnection "
    "consumerConnection consumerProgress consumerStatus cloneGroupOffset producer clusterList topicList updateKvConfig deleteKvConfig wipeWritePerm "
    "addWritePerm resetOffsetByTime skipAccumulatedMessage updateOrderConf cleanExpiredCQ deleteExpiredCommitLog cleanUnusedTopic startMonitoring "
    "statsAll allocateMQ checkMsgSendRT clusterRT getNamesrvConfig updateNamesrvConfig getBrokerConfig getConsumerConfig queryCq sendMessage "
    "consumeMessage updateStaticTopic remappingStaticTopic exportMetadata exportConfigs exportMetrics exportMetadataInRocksDB exportPopRecord haStatus "
    "getSyncStateSet getBrokerEpoch getControllerMetaData getControllerConfig updateControllerConfig electMaster cleanBrokerMetadata "
    "dumpCompactionLog getColdDataFlowCtrInfo updateColdDataFlowCtrGroupConfig removeColdDataFlowCtrGroupConfig setCommitLogReadAheadMode createUser "
    "updateUser deleteUser getUser listUser copyUser createAcl updateAcl deleteAcl getAcl listAcl copyAcl rocksDBConfigToJson "
    "checkRocksdbCqWriteProgress";
std::vector<std::string_view> words(std::string_view text) { return split(text, " "); }

TEST(Commands, AllOfTheThreeReleasesAreThere) {
  std::set<std::string_view> listed;
  for (const Command& c : all_commands()) EXPECT_TRUE(listed.insert(c.name).second) << c.name << " is listed twice";
  for (const std::string_view release : {k420, k498, k533}) {
    for (const std::string_view name : words(release)) EXPECT_TRUE(listed.contains(name)) << name << " is missing";
  }
  EXPECT_EQ(usage_of("deleteaccessconfig"), usage_of("deleteAclConfig"));
  EXPECT_EQ(words(k420).size(), 41u);   // QUIRK: Java lists one of them twice
  EXPECT_EQ(words(k533).size(), 89u);
}

TEST(Commands, AreListedInTheOrderOf533) {
  const auto order = words(k533);
  size_t at = 0;
  for (const Command& c : all_commands()) {
    const auto place = std::find(order.begin() + static_cast<std::ptrdiff_t>(at), order.end(), c.name);
    if (place == order.end()) {
      EXPECT_EQ(std::find(order.begin(), order.end(), c.name), order.end()) << c.name << " stands too late";
      continue;
    }
    at = static_cast<size_t>(place - order.begin());
  }
}

/// Two options of one letter would hide each other.
TEST(Commands, OptionsOfACommandDiffer) {
  for (const Command& c : all_commands()) {
    std::set<std::string_view> names;
    for (const OptionSpec& o : c.options) EXPECT_TRUE(names.insert(o.name.empty() ? o.long_name : o.name).second) << c.name << " -" << o.name;
    for (const char letter : c.one_of) EXPECT_TRUE(names.contains(std::string_view(&letter, 1))) << c.name << " " << letter;
    EXPECT_FALSE(c.help.empty()) << c.name;
  }
}

/// Options that are ints of Java's refuse what does not fit, in Java's words and with the option's name.
TEST(Commands, NumbersThatDoNotFitAreRefused) {
  const std::vector<OptionSpec> specs{{"r", "readQueueNums"}};
  const auto read = [&](std::string value) { return parse_options(specs, {"-r", std::move(value)}).value(); };
  EXPECT_EQ(read("+7").int32("r", 8).value(), 7);
  EXPECT_EQ(read("2147483647").int32("r", 8).value(), 2147483647);
  EXPECT_EQ(read("2147483648").number("r", 8).value(), 2147483648);
  EXPECT_EQ(parse_options(specs, {}).value().int32("r", 8).value(), 8);
  for (const char* value : {"2147483648", "x", "1.5", "+", "7x"}) {
    const auto refused = read(value).int32("r", 8);
    ASSERT_FALSE(refused) << value;
    EXPECT_EQ(refused.error().message(), "For input string: \"" + std::string(value) + "\" (option -r needs a number)");
  }
}

/// What does not change, send or watch something reads, and so has --json. A new command is taken for a reading one.
TEST(Commands, ReadingOnesHaveJson) {
  constexpr std::string_view kVerbs[] = {"update", "delete", "set",   "add",   "remove", "reset",     "wipe",  "clone", "skip", "clean",
                                         "send",   "elect",  "create", "copy", "check",  "remapping", "start", "clusterRT"};
  // Brokers write files, or a folder is looked at that mqadmin does not read.
  const std::set<std::string_view> writing{"exportPopRecord", "rocksDBConfigToJson", "exportMetadataInRocksDB"};
  for (const Command& c : all_commands()) {
    const bool own = std::any_of(c.options.begin(), c.options.end(), [](const OptionSpec& o) { return o.long_name == "json"; });
    const bool verb = std::any_of(std::begin(kVerbs), std::end(kVerbs), [&](std::string_view v) { return c.name.starts_with(v); });
    if (verb || writing.contains(c.name)) continue;
    EXPECT_TRUE(own || (c.extras & extra::kJson)) << c.name;
  }
}

}  // namespace
}  // namespace mq::admin
