#include "auth/plain_acl.h"

#include <gtest/gtest.h>

namespace mq::auth {
namespace {

TEST(WhiteAddress, MatchesAsRocketMq) {
  struct Case {
    std::string_view pattern, in, out;
  };
  for (const Case& c : {Case{"*", "1.2.3.4", ""}, Case{"*.*.*.*", "::1", ""}, Case{"", "", "1.2.3.4"}, Case{"10.1.2.3", "10.1.2.3", "10.1.2.4"},
                        Case{"10.1.2.{3,4}", "10.1.2.4", "10.1.2.5"}, Case{"10.1.2.3,10.1.2.5", "10.1.2.5", "10.1.2.4"}, Case{"10.1.*.*", "10.1.9.9", "10.2.0.1"},
                        Case{"10.1.2-4.*", "10.1.3.200", "10.1.5.1"}, Case{"10.1.2.3-9", "10.1.2.9", "10.1.2.10"}, Case{"10.*.1.1", "10.7.8.9", "11.7.1.1"},
                        Case{"::1", "0:0:0:0:0:0:0:1", "::2"}, Case{"2::ac5:78:1-200:*", "2:0:0:0:0ac5:78:150:7", "2:0:0:0:0ac5:78:201:7"},
                        Case{"2::ac5:78:*", "2:0:0:0:0:0ac5:78:9", "3:0:0:0:0:0ac5:78:9"}, Case{"5::7:6:{1,2}", "5::7:6:2", "5::7:6:3"}, Case{"10.1.*.*", "10.1.0.1", "a01::1"}}) {
    const auto w = WhiteAddress::parse(c.pattern);
    ASSERT_TRUE(w) << c.pattern << " " << w.error().message();
    if (!c.in.empty()) {
      EXPECT_TRUE(w->matches(*Host::parse(c.in, 0))) << c.pattern << " " << c.in;
    }
    if (!c.out.empty()) {
      EXPECT_FALSE(w->matches(*Host::parse(c.out, 0))) << c.pattern << " " << c.out;
    }
  }
  for (const std::string_view bad : {"10.1.2", "host", "10.1.2.3,x", "10.1.2.9-3", "10.1.2.3-300", "*.1.2.3", "10.1.2{1,2}", "{1}", "10.1.2.{a}", "10.x.*.*", "::1-*:2", "-", ":*", "1-2"}) {
    EXPECT_FALSE(WhiteAddress::parse(bad)) << bad;
  }
}

constexpr std::string_view kFile = R"(
globalWhiteRemoteAddresses: [ "10.10.103.*", 192.168.0.1 ]
accounts:
- accessKey: RocketMQ
  secretKey: 12345678
  whiteRemoteAddress:
  admin: false
  defaultTopicPerm: DENY
  defaultGroupPerm: SUB
  topicPerms: [ topicA=DENY, "topicB=PUB|SUB", " topicC = SUB " ]
  groupPerms:
  - groupA=DENY
  note: kept
dataVersion:
- counter: 3
  timestamp: 1600000000000
)";

TEST(PlainAcl, ReadsAFile) {
  const auto f = parse_plain_acl(kFile);
  ASSERT_TRUE(f) << f.error().message();
  ASSERT_EQ(f->accounts.size(), 1u);
  const PlainAccount& a = f->accounts[0];
  EXPECT_EQ(a.secret_key, "12345678");
  EXPECT_FALSE(a.admin);
  EXPECT_EQ(a.default_topic, kPermDeny);
  EXPECT_EQ(a.default_group, kPermSub);
  EXPECT_EQ(a.topics.at("topicB"), kPermPub | kPermSub);
  EXPECT_EQ(a.topics.at("topicC"), kPermSub);
  EXPECT_EQ(a.groups.at("groupA"), kPermDeny);
  EXPECT_EQ(f->white.size(), 2u);
  EXPECT_EQ(f->version, 3);
  EXPECT_TRUE(parse_plain_acl("")->accounts.empty());
}

TEST(PlainAcl, RefusesWhatRocketMqRefusesWithoutTellingSecrets) {
  const auto error = [](std::string_view yaml) {
    const auto f = parse_plain_acl(yaml);
    return f ? "" : f.error().message();
  };
  EXPECT_EQ(error("accounts:\n- accessKey: abcdefg\n  secretKey: hunter\n"), "The accessKey=abcdefg and secretKey=****** cannot be null and length should longer than 6");
  EXPECT_EQ(error("accounts:\n- accessKey: abcdefg\n  secretKey: hunter22\n  topicPerms: [ a ]\n"), "Parse resource permission failed for topic:a");
  EXPECT_EQ(error("globalWhiteRemoteAddresses: [ 1.2.3 ]\n"), "NetAddress examine Exception netAddress is 1.2.3");
  EXPECT_EQ(error("globalWhiteRemoteAddresses:\n- *\n"), "line 2, column 4: alias not found after *; a value that begins with * needs quotes: \"*\"");
  EXPECT_EQ(error("- a\n"), "not a map of globalWhiteRemoteAddresses and accounts");
  PlainAccountChange c{.access_key = "abcdefg", .secret_key = "hunter22"};
  EXPECT_TRUE(check_change(c));
  c.topics = {"a"};
  EXPECT_EQ(check_change(c).error().message(), "Parse Resource format error for a.\nThe expected resource format is 'Res=Perm'. For example: topicA=SUB");
  c.topics = {"a=READ"};
  EXPECT_TRUE(check_change(c).error().message().starts_with("Parse resource permission error for a=READ.\n"));
}

TEST(PlainAcl, ChangesKeepWhatTheyDoNotKnow) {
  Json content = parse_plain_acl(kFile)->content;
  content = with_account(content, {.access_key = "RocketMQ", .secret_key = "newsecret", .topics = std::vector<std::string>{"t=PUB"}}, 7);
  content = with_account(content, {.access_key = "Another", .secret_key = "othersecret", .admin = true, .default_topic = "PUB"}, 8);
  content = with_white_addresses(content, {"1.1.1.1"}, 9);
  EXPECT_EQ(to_text(content),
            R"({"globalWhiteRemoteAddresses":["1.1.1.1"],"accounts":[{"accessKey":"RocketMQ","secretKey":"newsecret","admin":false,"defaultTopicPerm":"DENY",)"
            R"("defaultGroupPerm":"SUB","topicPerms":["t=PUB"],"groupPerms":["groupA=DENY"],"note":"kept"},)"
            R"({"accessKey":"Another","secretKey":"othersecret","admin":true,"defaultTopicPerm":"PUB"}],"dataVersion":[{"counter":6,"timestamp":9}]})");
  content = without_account(content, "RocketMQ", 10);
  EXPECT_FALSE(has_account(content, "RocketMQ"));
  EXPECT_TRUE(has_account(content, "Another"));
}

// Found by fuzzing: a map where a list belongs was read as one.
TEST(PlainAcl, AVersionThatIsNoListIsNone) {
  const auto file = parse_plain_acl("accounts: []\ndataVersion:\n  counter: 3\n");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->version, 0);
  const PlainAccountChange change{.access_key = "someone1", .secret_key = "secret77"};
  EXPECT_EQ(with_account(file->content, change, 7)["dataVersion"].items().size(), 1U);
}

}  // namespace
}  // namespace mq::auth
