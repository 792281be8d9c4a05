// The golden texts of RocketMQ's own encoders (spec protocol 3.2-3.6, 4.4, 6, 10), both ways.
#include <gtest/gtest.h>

#include "wire/bodies/client.h"
#include "wire/bodies/route.h"
#include "wire/bodies/shape.h"
#include "wire/bodies/stats.h"
#include "wire/bodies/topic_config.h"

namespace mq::wire {
namespace {

TEST(Bodies, TopicRouteInBothForms) {
  const std::string plain =
      R"({"brokerDatas":[{"brokerAddrs":{0:"127.0.0.1:10911",1:"127.0.0.1:10921"},"brokerName":"broker-a","cluster":"DefaultCluster",)"
      R"("enableActingMaster":false}],"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,"readQueueNums":4,)"
      R"("topicSysFlag":0,"writeQueueNums":4}]})";
  const auto route = topic_route_from(plain);
  ASSERT_TRUE(route);
  EXPECT_EQ(to_text(to_json(*route)), plain);
  EXPECT_NE(to_text(to_json(*route), {.browser = true}).find(R"({"0":"127.0.0.1:10911","1":"127.0.0.1:10921"})"), std::string::npos);
}

TEST(Bodies, ClusterInfo) {
  const std::string text =
      R"({"brokerAddrTable":{"broker-b":{"brokerAddrs":{0:"127.0.0.1:10911"},"brokerName":"broker-b","cluster":"DefaultCluster",)"
      R"("enableActingMaster":false,"zoneName":"z1"}},"clusterAddrTable":{"DefaultCluster":["broker-b"]}})";
  const auto info = cluster_info_from(text);
  ASSERT_TRUE(info);
  EXPECT_EQ(to_text(to_json(*info)), text);
}

RegisterBrokerBody sample_body() {
  RegisterBrokerBody body;
  body.topics.dataVersion = body.topics.mappingDataVersion = {0, 1700000000000, 7};
  TopicConfig c;
  c.topicName = "TopicA";
  c.readQueueNums = c.writeQueueNums = 4;
  body.topics.topicConfigTable["TopicA"] = c;
  body.has_filter_servers = true;
  return body;
}

TEST(Bodies, RegisterBrokerBody) {
  const std::string text =
      R"({"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":7,"stateVersion":0,"timestamp":1700000000000},)"
      R"("mappingDataVersion":{"counter":7,"stateVersion":0,"timestamp":1700000000000},"topicConfigTable":{"TopicA":{"attributes":{},"order":false,)"
      R"("perm":6,"readQueueNums":4,"topicFilterType":"SINGLE_TAG","topicName":"TopicA","topicSysFlag":0,"writeQueueNums":4}},)"
      R"("topicQueueMappingDetailMap":{},"topicQueueMappingInfoMap":{}}})";
  EXPECT_EQ(encode_register_body(sample_body()), text);
  const auto decoded = decode_register_body(text, 479);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode_register_body(*decoded), text);
}

TEST(Bodies, CompressedRegisterBody) {
  const auto packed = encode_register_body_compressed(sample_body());
  ASSERT_TRUE(packed);
  EXPECT_EQ(static_cast<unsigned char>(packed->front()), 0x78);
  const auto decoded = decode_register_body(*packed, 479);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->topics.topicConfigTable, sample_body().topics.topicConfigTable);
  EXPECT_EQ(decoded->topics.dataVersion, sample_body().topics.dataVersion);
  for (size_t cut = 1; cut < packed->size(); ++cut) (void)decode_register_body(packed->substr(0, cut), 479);   // never crashes
}

TEST(Bodies, TopicLine) {
  TopicConfig c = sample_body().topics.topicConfigTable["TopicA"];
  EXPECT_EQ(c.encode_line(), "TopicA 4 4 6 SINGLE_TAG {}");
  c.attributes["+message.type"] = "NORMAL";
  EXPECT_EQ(c.encode_line(), R"(TopicA 4 4 6 SINGLE_TAG {"+message.type":"NORMAL"})");
  EXPECT_EQ(*TopicConfig::decode_line(c.encode_line()), c);
  EXPECT_TRUE(TopicConfig::decode_line("TopicA 4 4 6 SINGLE_TAG"));
  EXPECT_FALSE(TopicConfig::decode_line("TopicA 4 4 6"));
  EXPECT_EQ(c.to_text(), "TopicConfig [topicName=TopicA, readQueueNums=4, writeQueueNums=4, perm=RW-, topicFilterType=SINGLE_TAG, "
                         "topicSysFlag=0, order=false, attributes={+message.type=NORMAL}]");
}

TEST(Bodies, Heartbeat) {
  const std::string text =
      R"({"clientID":"1.1.1.1@123","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_PASSIVELY",)"
      R"("groupName":"cg","messageModel":"CLUSTERING","subscriptionDataSet":[{"classFilterMode":false,"codeSet":[2598919,2598920],)"
      R"("expressionType":"TAG","subString":"TagA || TagB","subVersion":1700000000001,"tagsSet":["TagA","TagB"],"topic":"TopicA"}],)"
      R"("unitMode":false}],"heartbeatFingerprint":0,"producerDataSet":[{"groupName":"pg"}],"withoutSub":false})";
  const auto h = heartbeat_from(text);
  ASSERT_TRUE(h);
  EXPECT_EQ(encode_heartbeat(*h), text);
}

TEST(Bodies, HeartbeatLeniency) {
  const auto h = heartbeat_from(R"({"clientID":"c","consumerDataSet":[{"groupName":"g","consumeType":1,"messageModel":"clustering","consumeFromWhere":"?",)"
                                R"("subscriptionDataSet":[{"topic":"T","subString":"*","subVersion":"12","codeSet":["5"]}],"x":{}}]})");
  ASSERT_TRUE(h);
  EXPECT_EQ(h->consumers[0].consumeType, ConsumeType::CONSUME_PASSIVELY);
  EXPECT_EQ(h->consumers[0].messageModel, MessageModel::CLUSTERING);
  EXPECT_EQ(h->consumers[0].consumeFromWhere, std::nullopt);
  EXPECT_EQ(h->consumers[0].subscriptionDataSet[0].subVersion, 12);
  EXPECT_TRUE(h->consumers[0].subscriptionDataSet[0].codeSet.contains(5));
  EXPECT_EQ(h->consumers[0].subscriptionDataSet[0].expressionType, "TAG");
  EXPECT_FALSE(heartbeat_from(R"({"clientID":"c","consumerDataSet":null})"));
  EXPECT_FALSE(heartbeat_from("[1]"));
}

TEST(Bodies, AHeartbeatWithoutFingerprintHasItsSubscriptions) {
  EXPECT_FALSE(heartbeat_from(R"({"clientID":"c","isWithoutSub":true})")->withoutSub);
  EXPECT_TRUE(heartbeat_from(R"({"clientID":"c","isWithoutSub":true,"heartbeatFingerprint":7})")->withoutSub);
}

// As 5.3.3 takes and refuses them.
TEST(Bodies, WhatDoesNotFitIsRefused) {
  const auto error = [](const std::string& text, BodyShape shape) {
    const auto r = parse_body(text, shape);
    return r ? std::string() : std::string(r.error().message());
  };
  const auto group = [&](const std::string& member) { return error(R"({"groupName":"g",)" + member + "}", kGroupShape); };
  for (const char* fits : {R"("consumeEnable":1)", R"("consumeEnable":-1)", R"("consumeEnable":"TRUE")", R"("consumeEnable":"")", R"("consumeEnable":null)",
                           R"("consumeEnable":1.5)", R"("retryMaxTimes":"7")", R"("retryMaxTimes":"")", R"("retryMaxTimes":true)", R"("retryMaxTimes":1.5)",
                           R"("retryMaxTimes":null)", R"("brokerId":2147483648)", R"("groupRetryPolicy":null)", R"("groupRetryPolicy":{})", R"("other":[])"}) {
    EXPECT_EQ(group(fits), "") << fits;
  }
  for (const char* bad : {R"("consumeEnable":"x")", R"("consumeEnable":" 7 ")", R"("consumeEnable":[])", R"("consumeEnable":2147483648)",
                          R"("retryMaxTimes":"x")", R"("retryMaxTimes":" 7 ")", R"("retryMaxTimes":"true")", R"("retryMaxTimes":{})",
                          R"("retryMaxTimes":2147483648)", R"("retryMaxTimes":9223372036854775808)", R"("brokerId":9223372036854775808)",
                          R"("groupRetryPolicy":1)", R"("groupRetryPolicy":"x")", R"("attributes":[])"}) {
    EXPECT_NE(group(bad), "") << bad;
  }
  EXPECT_EQ(group(R"("retryMaxTimes":"x")"), "the body's retryMaxTimes must be a number of 32 bits, not \"x\"");
  for (const char* no_group : {"", "{", "null", "[]", "1", "true", "\"x\"", "{}", R"({"groupName":null})"}) EXPECT_NE(error(no_group, kGroupShape), "") << no_group;
  EXPECT_EQ(error(R"({"groupName":""})", kGroupShape), "");
  EXPECT_EQ(error("{}", kTopicListShape), "the body's topicConfigList is missing");
  EXPECT_EQ(error(R"({"topicConfigList":[{"topicFilterType":1}]})", kTopicListShape), "");
  for (const char* kind : {"-1", "true", "[]", "{}", "1.5", "2147483648"}) {
    EXPECT_NE(error(R"({"topicConfigList":[{"topicFilterType":)" + std::string(kind) + "}]}", kTopicListShape), "") << kind;
  }
  const auto beat = [&](const std::string& members) { return error(R"({"clientID":"c",)" + members + "}", kHeartbeatShape); };
  EXPECT_EQ(beat(R"("consumerDataSet":[{"GroupName":"g","subscriptionDataSet":[{"topic":"t","tagsSet":null,"codeSet":["5"],"subVersion":""}]}])"), "");
  for (const char* bad : {R"("consumerDataSet":[{}])", R"("consumerDataSet":[{"groupName":null}])", R"("consumerDataSet":1)", R"("consumerDataSet":["x"])",
                          R"("producerDataSet":[{}])", R"("consumerDataSet":[{"groupName":"g","subscriptionDataSet":null}])",
                          R"("consumerDataSet":[{"groupName":"g","subscriptionDataSet":[{"subString":"*"}]}])",
                          R"("consumerDataSet":[{"groupName":"g","subscriptionDataSet":[{"topic":"t","subVersion":"x"}]}])", R"("heartbeatFingerprint":2147483648)"}) {
    EXPECT_NE(beat(bad), "") << bad;
  }
}

TEST(Bodies, SubscriptionNamesDifferInCaseOnly) {
  const auto beat = heartbeat_from(
      R"({"clientID":"go@1","consumerDataSet":[{"groupName":"g","subscriptionDataSet":[{"Topic":"T","SubString":"A","TagsSet":["A"],"CodeSet":[65],"SubVersion":7}]}]})");
  ASSERT_TRUE(beat);
  const SubscriptionData& s = beat->consumers.at(0).subscriptionDataSet.at(0);
  EXPECT_EQ(s.topic, "T");
  EXPECT_EQ(s.subString, "A");
  EXPECT_EQ(s.codeSet, std::set<int32_t>{65});
  EXPECT_EQ(s.subVersion, 7);
}

TEST(Bodies, SubscriptionExpressions) {
  for (const char* text : {"a || b", "a||b", " a ||b||"}) {
    const auto s = SubscriptionData::build("T", text, "TAG");
    ASSERT_TRUE(s) << text;
    EXPECT_EQ(s->tagsSet, (std::set<std::string>{"a", "b"})) << text;
  }
  EXPECT_TRUE(SubscriptionData::build("T", "", "TAG")->matches_all());
  EXPECT_TRUE(SubscriptionData::build("T", "*", "TAG")->matches_all());
  EXPECT_FALSE(SubscriptionData::build("T", "||", "TAG"));
}

TEST(Bodies, GroupConfig) {
  SubscriptionGroupConfig c;
  c.groupName = "cg";
  const std::string text =
      R"({"attributes":{},"brokerId":0,"consumeBroadcastEnable":true,"consumeEnable":true,"consumeFromMinEnable":true,"consumeMessageOrderly":false,)"
      R"("consumeTimeoutMinute":15,"groupName":"cg","groupRetryPolicy":{"type":"CUSTOMIZED"},"groupSysFlag":0,"notifyConsumerIdsChangedEnable":true,)"
      R"("retryMaxTimes":16,"retryQueueNums":1,"whichBrokerWhenConsumeSlowly":1})";
  EXPECT_EQ(to_text(to_json(c)), text);
  EXPECT_EQ(to_text(to_json(group_config_from(*parse_json(text)))), text);
}

TEST(Bodies, StatsWithObjectKeys) {
  const std::string text =
      R"({"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"TopicA"}:{"lastUpdateTimestamp":1700000000000,"maxOffset":5,"minOffset":0}},"topicPutTps":0.0})";
  const auto t = topic_stats_from(text);
  ASSERT_TRUE(t);
  EXPECT_EQ(to_text(to_json(*t)), text);
  const std::string consume =
      R"({"consumeTps":0.0,"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"TopicA"}:{"brokerOffset":5,"consumerOffset":0,"lastTimestamp":0,"pullOffset":0}}})";
  EXPECT_EQ(to_text(to_json(*consume_stats_from(consume))), consume);
  // Of a broker of 4.9: what clients hold is not told.
  const auto old = consume_stats_from(R"({"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:{"brokerOffset":5,"consumerOffset":3,"lastTimestamp":0}}})");
  EXPECT_EQ(old->offsetTable.begin()->second.pullOffset, 3);
}

}  // namespace
}  // namespace mq::wire
