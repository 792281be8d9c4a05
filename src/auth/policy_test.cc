#include "auth/policy.h"

#include <gtest/gtest.h>

namespace mq::auth {
namespace {

const Host kFrom = *Host::parse("10.1.2.3", 0);

wire::PolicyEntryInfo entry(std::string resource, std::vector<std::string> acts, std::string decision = "Allow", std::vector<std::string> ips = {}) {
  return {std::move(resource), std::move(acts), std::move(ips), std::move(decision)};
}
wire::AclInfo info(std::vector<wire::PolicyEntryInfo> custom, std::vector<wire::PolicyEntryInfo> fallback = {}) {
  return {"User:u", {{"Custom", std::move(custom)}, {"Default", std::move(fallback)}}};
}
/// "allow", "deny" or "none".
std::string decide(const wire::AclInfo& acl, std::string_view topic, ActionSet any_of = actions(Action::kPub), const Host& from = kFrom) {
  const Rules rules(acl_from(acl).value());
  const Rules::Decision d = rules.decide(ResourceType::kTopic, topic, any_of, from);
  return d.allowed ? "allow" : d.matched ? "deny" : "none";
}

TEST(Resource, TextAndMatches) {
  struct Case {
    std::string_view text, shown, matches, differs;   // topics
  };
  for (const Case& c : {Case{"*", "*", "a", ""}, Case{"Topic:*", "Topic:*", "a", ""}, Case{"topic:ab*", "Topic:ab*", "abc", "a"},
                        Case{"Topic:a", "Topic:a", "a", "ab"}, Case{"Topic:a*b*", "Topic:a*", "axx", "b"}, Case{"Group:*", "Group:*", "", "a"}}) {
    const auto r = Resource::parse(c.text);
    ASSERT_TRUE(r) << c.text;
    EXPECT_EQ(r->text(), c.shown);
    EXPECT_TRUE(c.matches.empty() || r->matches(ResourceType::kTopic, c.matches)) << c.text;
    EXPECT_FALSE(!c.differs.empty() && r->matches(ResourceType::kTopic, c.differs)) << c.text;
  }
  for (const std::string_view bad : {"", "  ", "Topi:a", "a", ":a"}) EXPECT_FALSE(Resource::parse(bad)) << bad;
  EXPECT_FALSE(Resource::parse("Topic:null")->matches(ResourceType::kTopic, {}));
  EXPECT_EQ(resource_text(ResourceType::kTopic, {}), "Topic:null");
}

TEST(Rules, TheMostSpecificEntryDecides) {
  // In whatever order they come.
  const auto any = entry("*", {"All"}), all = entry("Topic:*", {"Pub"}, "Deny"), shorter = entry("Topic:ab*", {"Pub"}),
             longer = entry("Topic:abc*", {"Pub"}, "Deny"), name = entry("Topic:abcd", {"Pub"});
  for (const auto& order : {std::vector{any, all, shorter, longer, name}, std::vector{name, longer, shorter, all, any}, std::vector{shorter, name, any, longer, all}}) {
    EXPECT_EQ(decide(info(order), "abcd"), "allow");
    EXPECT_EQ(decide(info(order), "abcx"), "deny");
    EXPECT_EQ(decide(info(order), "abx"), "allow");
    EXPECT_EQ(decide(info(order), "x"), "deny");
    EXPECT_EQ(decide(info(order), "x", actions(Action::kSub)), "allow");   // only "*" speaks about Sub
  }
}

TEST(Rules, DefaultPoliciesCountWhenNoCustomEntryMatches) {
  const auto acl = info({entry("Topic:a", {"Pub"}, "Deny")}, {entry("Topic:*", {"Pub", "Sub"})});
  EXPECT_EQ(decide(acl, "a"), "deny");
  EXPECT_EQ(decide(acl, "b"), "allow");
  EXPECT_EQ(decide(acl, "a", actions(Action::kSub)), "allow");
  EXPECT_EQ(decide(acl, "a", actions(Action::kCreate)), "none");
}

TEST(Rules, AnyOfTheActionsSuffices) {
  const auto acl = info({entry("Topic:a", {"get"})});
  EXPECT_EQ(decide(acl, "a", actions(Action::kSub, Action::kGet)), "allow");
  EXPECT_EQ(decide(acl, "a", actions(Action::kSub)), "none");
}

TEST(Rules, SourceAddresses) {
  const auto acl = info({entry("Topic:a", {"Pub"}, "Allow", {"10.1.0.0/16", "::1"})});
  EXPECT_EQ(decide(acl, "a"), "allow");
  EXPECT_EQ(decide(acl, "a", actions(Action::kPub), *Host::parse("10.2.0.1", 0)), "none");
  EXPECT_EQ(decide(acl, "a", actions(Action::kPub), *Host::parse("::1", 0)), "allow");
}

// QUIRK of RocketMQ's comparator; two entries about one resource only come into one policy when its first request has both.
TEST(Rules, OfTwoEntriesAboutTheSameTheOneThatAllowsDecides) {
  EXPECT_EQ(decide(info({entry("Topic:a", {"Pub"}, "Deny"), entry("Topic:a", {"Pub"})}), "a"), "allow");
}

TEST(Rules, SayWhy) {
  const auto explain = [](const wire::AclInfo& acl, std::string_view topic) {
    return Rules(acl_from(acl).value()).explain(ResourceType::kTopic, topic, actions(Action::kPub), kFrom);
  };
  EXPECT_EQ(explain(info({entry("Topic:a*", {"Pub"}, "Deny")}), "ab"), "decided by entry Topic:a* [Pub] Deny");
  EXPECT_EQ(explain(info({entry("Topic:a", {"Sub"})}), "a"), "entry Topic:a [Sub] Allow has none of the actions Pub");
  EXPECT_EQ(explain(info({entry("Topic:a", {"Pub"}, "Allow", {"1.1.1.1"})}), "a"), "entry Topic:a [Pub] 1.1.1.1 Allow is for other source addresses");
  EXPECT_EQ(explain(info({entry("Topic:a", {"Pub"}), entry("Group:b", {"Sub"})}), "b"), "none of the user's 2 entries names this resource");
  EXPECT_EQ(Rules().explain(ResourceType::kTopic, "a", actions(Action::kPub), kFrom), "the user has no policy");
}

TEST(Acl, RefusesWhatRocketMqRefuses) {
  const auto remark = [](wire::AclInfo acl) {
    const auto r = acl_from(acl);
    return r ? "" : r.error().message();
  };
  EXPECT_EQ(remark(info({})), "The policies is empty.");
  EXPECT_EQ(remark(info({entry("Topi:a", {"Pub"})})), "The resource is null.");
  EXPECT_EQ(remark(info({entry("Topic:a", {"Publish"})})), "The actions is empty.");
  EXPECT_EQ(remark(info({entry("Topic:a", {"Pub", "any"})})), "The actions can not be Any.");
  EXPECT_EQ(remark(info({entry("Topic:a", {"Pub"}, "Allow", {" "})})), "The source ip is empty.");
  EXPECT_EQ(remark(info({entry("Topic:a", {"Pub"}, "Allow", {"10.0.0.0/33"})})), "The source ip is invalid.");
  EXPECT_EQ(remark(info({entry("Topic:a", {"Pub"}, "Maybe")})), "The decision is null or illegal.");
  EXPECT_EQ(remark(info({entry("Topic:a", {"Pub"}, "deny")})), "");
}

TEST(Acl, MergesEntryByEntryAndRemoves) {
  Acl acl = acl_from(info({entry("Topic:a", {"Pub"}), entry("Topic:b", {"Pub"})})).value();
  merge(acl, acl_from(info({entry("Topic:b", {"Sub"}, "Deny"), entry("Topic:c", {"Sub"})}, {entry("*", {"All"})})).value());
  EXPECT_EQ(to_text(to_json(acl_info("User:u", acl))),
            R"({"policies":[{"entries":[{"actions":["Pub"],"decision":"Allow","resource":"Topic:a"},)"
            R"({"actions":["Sub"],"decision":"Deny","resource":"Topic:b"},{"actions":["Sub"],"decision":"Allow","resource":"Topic:c"}],"policyType":"Custom"},)"
            R"({"entries":[{"actions":["All"],"decision":"Allow","resource":"*"}],"policyType":"Default"}],"subject":"User:u"})");
  for (const std::string_view gone : {"Topic:a", "Topic:b", "Topic:nobody", "Topic:c"}) remove_resource(acl, PolicyType::kCustom, *Resource::parse(gone));
  ASSERT_EQ(acl.size(), 1u);
  EXPECT_EQ(acl[0].type, PolicyType::kDefault);
}

TEST(AddressRange, ContainsAndRefuses) {
  struct Case {
    std::string_view range, in, out;
  };
  for (const Case& c : {Case{"10.1.2.3", "10.1.2.3", "10.1.2.4"}, Case{"10.0.0.0/8", "10.255.0.1", "11.0.0.1"}, Case{"10.0.0.129/25", "10.0.0.200", "10.0.0.127"},
                        Case{"0.0.0.0/0", "8.8.8.8", "::1"}, Case{"fe80::/10", "febf::1", "fec0::1"}, Case{"::1", "0:0:0:0:0:0:0:1", "::2"},
                        Case{"10.0.0.0/8", "::ffff:10.0.0.1", "::ffff:11.0.0.1"}}) {
    const auto range = AddressRange::parse(c.range);
    ASSERT_TRUE(range) << c.range;
    EXPECT_TRUE(range->contains(*Host::parse(c.in, 0))) << c.range << " " << c.in;
    EXPECT_FALSE(range->contains(*Host::parse(c.out, 0))) << c.range << " " << c.out;
  }
  for (const std::string_view bad : {"", "10.0.0", "host", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/33", "::/129", "10.0.0.0/8/8"}) EXPECT_FALSE(AddressRange::parse(bad)) << bad;
}

}  // namespace
}  // namespace mq::auth
