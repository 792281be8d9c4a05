#include "broker/meta/attributes.h"

#include <gtest/gtest.h>

namespace mq::broker {
namespace {

std::string refusal(std::string_view text) {
  const auto changes = parse_attribute_changes(text);
  return changes ? "" : changes.error().message();
}

TEST(Attributes, RefusalsOfTheText) {
  EXPECT_EQ(refusal(""), "");
  EXPECT_EQ(refusal("+message.type=DELAY,+queue.type=BatchCQ"), "");
  EXPECT_EQ(refusal("message.type=DELAY"), "add/alter attribute format is wrong: message.type");
  EXPECT_EQ(refusal("message.type"), "delete attribute format is wrong: message.type");
  EXPECT_EQ(refusal("+message.type=FIFO,+message.type=DELAY"), "key duplication: +message.type");
}

TEST(Attributes, RefusalsOfTheChange) {
  auto why = [](bool fresh, const Attributes& current, const Attributes& changes) {
    const auto r = apply_attribute_changes(AttributesOf::kTopic, fresh, current, changes);
    return r ? "" : r.error().message();
  };
  EXPECT_EQ(why(true, {}, {{"m+x", "1"}}), "kv string format wrong.");
  EXPECT_EQ(why(true, {}, {{"-message.type", ""}}), "only add attribute is supported while creating topic. key: message.type");
  EXPECT_EQ(why(true, {}, {{"+no.such", "1"}}), "unsupported key: no.such");
  EXPECT_EQ(why(true, {}, {{"+message.type", "X"}}), "value is not in set: [UNSPECIFIED, TRANSACTION, FIFO, MIXED, DELAY, NORMAL]");
  EXPECT_EQ(why(false, {{"queue.type", "SimpleCQ"}}, {{"+queue.type", "BatchCQ"}}), "attempt to update an unchangeable attribute. key: queue.type");
  EXPECT_EQ(why(false, {}, {{"-message.type", ""}}), "attempt to delete a nonexistent key: message.type");
}

TEST(Attributes, AddsAltersAndDeletes) {
  const auto added = apply_attribute_changes(AttributesOf::kTopic, true, {}, {{"+message.type", "FIFO"}});
  ASSERT_TRUE(added);
  const auto altered = apply_attribute_changes(AttributesOf::kTopic, false, *added, {{"+message.type", "DELAY"}});
  ASSERT_TRUE(altered);
  EXPECT_EQ(*altered, (Attributes{{"message.type", "DELAY"}}));
  const auto gone = apply_attribute_changes(AttributesOf::kTopic, false, *altered, {{"-message.type", ""}});
  ASSERT_TRUE(gone);
  EXPECT_TRUE(gone->empty());
}

TEST(Attributes, GroupsHaveTheirOwn) {
  const auto client = apply_attribute_changes(AttributesOf::kGroup, true, {}, {{"+consume.from.where", "CLIENT"}});
  ASSERT_TRUE(client);
  EXPECT_EQ(*client, (Attributes{{"consume.from.where", "CLIENT"}}));
  auto why = [](const Attributes& changes) {
    const auto r = apply_attribute_changes(AttributesOf::kGroup, false, {}, changes);
    return r ? "" : r.error().message();
  };
  EXPECT_EQ(why({{"+consume.from.where", "client"}}), "value is not in set: [BROKER, CLIENT]");
  EXPECT_EQ(why({{"+message.type", "FIFO"}}), "unsupported key: message.type");
  EXPECT_FALSE(apply_attribute_changes(AttributesOf::kTopic, true, {}, {{"+consume.from.where", "CLIENT"}}));
}

}  // namespace
}  // namespace mq::broker
