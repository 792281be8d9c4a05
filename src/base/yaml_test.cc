#include "base/yaml.h"

#include <gtest/gtest.h>

namespace mq {
namespace {

TEST(Yaml, ReadsWhatRocketMqWrites) {
  const auto v = parse_yaml(
      "globalWhiteRemoteAddresses:\n- 10.10.103.*\n- 192.168.0.*\n\naccounts:   # all of them\n- accessKey: RocketMQ\n  secretKey: 12345678\n"
      "  whiteRemoteAddress:\n  admin: false\n  topicPerms:\n  - topicA=DENY\n  - 'topicB=PUB|SUB'\n  groupPerms: [ groupA=DENY, \"b=SUB\" ]\nempty: ~\n");
  ASSERT_TRUE(v) << v.error().message();
  EXPECT_EQ(to_text(*v), R"({"globalWhiteRemoteAddresses":["10.10.103.*","192.168.0.*"],"accounts":[{"accessKey":"RocketMQ","secretKey":"12345678",)"
                         R"("admin":"false","topicPerms":["topicA=DENY","topicB=PUB|SUB"],"groupPerms":["groupA=DENY","b=SUB"]}]})");
  EXPECT_TRUE((*v)["accounts"].items()[0].find("whiteRemoteAddress")->is_null());
  EXPECT_TRUE(parse_yaml("")->is_null());
}

TEST(Yaml, RefusesWhatIsNone) {
  EXPECT_EQ(parse_yaml("a: [1, 2").error().code(), Errc::kCorrupt);
  EXPECT_EQ(parse_yaml("a: b: c").error().code(), Errc::kCorrupt);
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 8; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
    for (int j = 1; j < 10; ++j) bomb += "," + below;
    bomb += "]\n";
  }
  EXPECT_EQ(parse_yaml(bomb).error().code(), Errc::kTooLarge);
  EXPECT_FALSE(parse_yaml(std::string(5000, '[')));
}

TEST(Yaml, WritesWhatItReads) {
  const char* text = R"({"a":["x","y: z","- w","12","","true"],"m":{"k":"v\nw","#":"@"},"e":[]})";
  const Json v = parse_json(text).value();
  EXPECT_EQ(to_text(parse_yaml(to_yaml(v)).value()), text);
}

/// A file that we have written goes back to a Java broker, whose parser knows more kinds of values.
TEST(Yaml, QuotesWhatJavaWouldTakeForAnotherValue) {
  for (const char* text : {"00123456", "0x1234567", "1_000_000", "12345678901234567890", "1e1000000", "12.3400", "2026-01-01", "12:30:45", "+1234567",
                           ".5", "yes", "Off", "null", "~", ".inf"}) {
    const std::string yaml = to_yaml(Json::object().add("k", text));
    EXPECT_EQ(yaml, "k: '" + std::string(text) + "'\n");
    EXPECT_EQ(to_text(parse_yaml(yaml).value()), "{\"k\":\"" + std::string(text) + "\"}");
  }
  for (const char* text : {"12345678", "0", "-7", "1795944506821", "true", "false", "rootkey", "topicB=PUB|SUB", "192.168.0.*"}) {
    EXPECT_EQ(to_yaml(Json::object().add("k", text)), "k: " + std::string(text) + "\n");
  }
}

}  // namespace
}  // namespace mq
