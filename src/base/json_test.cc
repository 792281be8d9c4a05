#include "base/json.h"

#include <gtest/gtest.h>

namespace mq {
namespace {

std::string again(std::string_view text, JsonStyle style = {}) {
  const auto j = parse_json(text);
  return j ? to_text(*j, style) : "refused: " + j.error().message();
}

TEST(Json, KeepsRocketMqForms) {
  for (const char* text : {R"({"brokerAddrs":{0:"127.0.0.1:10911",1:"b"},"brokerName":"broker-a"})",
                           R"({"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"TopicA"}:5}})",
                           R"({"a":[],"b":{},"c":[1,2.5,true,null,"x"],"d":-9223372036854775808,"e":1.0E7})",
                           "{\"remark\":\"No topic \\\"x\\\"\\nSee 中文/url \\u2028\"}"}) {
    EXPECT_EQ(again(text), text);
  }
}

TEST(Json, TakesWhatFastjsonTakes) {
  EXPECT_EQ(again("{code:1,'a' : 'b',\n\"l\":[1,2,],}\n"), R"({"code":1,"a":"b","l":[1,2]})");
  EXPECT_EQ(again("{\"a\":/*x*/1,//y\n\"b\":2L}"), R"({"a":1,"b":2})");
  EXPECT_EQ(again(R"({"s":"\u4e2d\u6587\ud83d\ude00\/"})"), "{\"s\":\"中文😀/\"}");
  EXPECT_EQ(again("\xEF\xBB\xBF{}"), "{}");
}

TEST(Json, MalformedTextIsRepairedAsJavaDoes) {
  EXPECT_EQ(again("{\"a\":\"x\xFF\"}"), "{\"a\":\"x\xEF\xBF\xBD\"}");
  EXPECT_EQ(again("{\"a\":\"\xF0\"}"), "{\"a\":\"\xEF\xBF\xBD\"}");
  // A text that did not come through the reader: the cut-off character must not swallow the quote behind it.
  EXPECT_EQ(to_text(Json::object().add("a", "\xF0\"b").add("c", "\xE4\xB8")), "{\"a\":\"\xEF\xBF\xBD\\\"b\",\"c\":\"\xEF\xBF\xBD\"}");
  EXPECT_EQ(to_text(Json("\xFF\xFF\xFF\xFF"), {.browser = true}), R"("\uFFFD\uFFFD\uFFFD\uFFFD")");
}

TEST(Json, RefusesBrokenText) {
  for (const char* text : {"", "{", "{\"a\"", "{\"a\":", "[1", "\"x", "{\"a\":1}x", "tru", "{\"a\":\"\\u12\"}", "1.2.3"}) EXPECT_FALSE(parse_json(text)) << text;
  EXPECT_FALSE(parse_json(std::string(100'000, '[')));
}

TEST(Json, BrowserFormIsStrictAndAscii) {
  const Json j = Json::object().add("big", int64_t{9007199254740993}).add("m", Json::object().add(0, "x")).add("s", "</script>'\xE2\x80\xA8é\t\x01");
  EXPECT_EQ(to_text(j, {.browser = true}), R"({"big":"9007199254740993","m":{"0":"x"},"s":"<\/script>'\u2028\u00E9\t\u0001"})");
}

TEST(Json, PrettyFormOfConfigFiles) {
  const Json j = Json::object()
                     .add("dataVersion", Json::object().add("counter", 1))
                     .add("groupTopicMap", Json::object().add("g1", Json::array().push("T1")))
                     .add("offsetTable", Json::object().add("T1@g1", Json::object().add(0, 10).add(1, 20)));
  EXPECT_EQ(to_text(j, {.pretty = true}),
            "{\n\t\"dataVersion\":{\n\t\t\"counter\":1\n\t},\n\t\"groupTopicMap\":{\n\t\t\"g1\":[\"T1\"]\n\t},\n"
            "\t\"offsetTable\":{\n\t\t\"T1@g1\":{0:10,1:20\n\t\t}\n\t}\n}");
}

TEST(Json, ReadsFieldsLeniently) {
  const Json j = *parse_json(R"({"n":"12","b":"true","i":5,"d":2.9,"x":null})");
  EXPECT_EQ(j["n"].as_int(), 12);
  EXPECT_TRUE(j["b"].as_bool());
  EXPECT_EQ(j["i"].as_string(), "5");
  EXPECT_EQ(j["d"].as_int(), 2);
  EXPECT_EQ(j["x"].as_int(7), 7);
  EXPECT_EQ(j["missing"].as_string("z"), "z");
  const Json truths = *parse_json(R"({"one":1,"minus":-1,"two":2,"part":1.5,"blank":""})");   // 1 alone is true
  EXPECT_TRUE(truths["one"].as_bool());
  EXPECT_FALSE(truths["minus"].as_bool());
  EXPECT_FALSE(truths["two"].as_bool());
  EXPECT_TRUE(truths["part"].as_bool());
  EXPECT_TRUE(truths["blank"].as_bool(true));
  for (const char* text : {"true", "tRuE", "TRUE", "1", "Y", "y", "T", "t"}) EXPECT_TRUE(Json(text).as_bool()) << text;
  for (const char* text : {"false", "FALSE", "0", "N", "n", "F", "f"}) EXPECT_FALSE(Json(text).as_bool(true)) << text;
}

}  // namespace
}  // namespace mq
