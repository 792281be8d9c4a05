#include "broker/send/properties_rewrite.h"

#include <gtest/gtest.h>

#include "wire/shape_cache.h"
#include "wire/test_util.h"

namespace mq::broker {
namespace {

std::string frame_with(std::string_view properties) {
  std::string escaped;
  for (const char c : properties) {
    if (c == '\1') escaped += "\\u0001";
    else if (c == '\2') escaped += "\\u0002";
    else escaped += c;
  }
  return wire::framed(0, R"({"code":310,"extFields":{"b":"T","i":")" + escaped + R"("},"flag":0,"language":"JAVA","opaque":7,"version":399})");
}

auto all_of(const SendProperties& p) {
  return std::tuple(p.tags, p.keys, p.uniq_key, p.wait, p.delay, p.tran_msg, p.special, p.timed, p.inner, p.plain);
}

/// Each text three times after all before it: parsed, then by its form, then by what is kept of the form.
TEST(ScanProperties, OfAKnownFormSaysWhatTheTextSays) {
  const std::string_view texts[] = {
      "UNIQ_KEY\1" "0123456789\2WAIT\1true\2TAGS\1tagA\2",
      "UNIQ_KEY\1" "9876543210\2WAIT\1true\2TAGS\1tagB\2",
      "UNIQ_KEY\1" "9876543210\2WAIT\1TRUE\2TAGS\1tagB\2",
      "UNIQ_KEY\1" "9876543210\2WAIT\1TRUE\2TUGS\1tagC\2",   // another name
      "UNIQ_KEY\1" "9876543210\2WAIT\1TRUE\2KEYS\1tagC\2",
      "UNIQ-KEY\1" "9876543210\2WAIT\1TRUE\2KEYS\1tagC\2",
      "TAGS\1a\2KEYS\1k l m\2DELAY\1" "3\2",
      "TAGS\1b\2KEYS\1k l n\2DELAY\1" "4\2",
      "TAGS\1b\2KEYS\1k l n\2DELAY\1" "x\2",
      "TAGS\1b\2KEYS\1k l n\2TRAN_MSG\1true\2",
      "TAGS\1b\2KEYS\1k l n\2TRAN_MSG\1fals\2",
      "TIMER_DELAY_SEC\1" "10\2",
      "TIMER_DELAY_SEC\1" "20\2",
      "INNER_NUM\1" "2\2CLUSTER\1c\2MSG_REGION\1r\2",
      "TAGS\1first\2TAGS\1other\2",      // of one name the last counts
      "TAGS\1furst\2TAGS\1ather\2",
      "\2\2TAGS\1a\2\1\2b\2",             // segments that are no pairs
      "\2\2TAGS\1c\2\1\2d\2",
      "TAGS\1\2KEYS\1a",                 // an empty value; no separator at the end
      "TAGS\1\2KEYS\1b",
  };
  wire::ShapeCache cache;
  wire::Frame f;
  size_t by_form = 0;
  for (const std::string_view text : texts) {
    const std::string frame = frame_with(text);
    for (int round = 0; round < 3; ++round) {
      ASSERT_TRUE(cache.decode(as_bytes(frame), f));
      const std::string_view properties = f.ext.find("i");
      ASSERT_EQ(properties, text);
      by_form += f.ext.form() ? 1 : 0;
      const SendProperties seen = scan_properties(properties, f.ext.form());
      EXPECT_EQ(all_of(seen), all_of(scan_properties(text))) << text << " in round " << round;
      for (const std::string_view value : {seen.tags, seen.keys, seen.uniq_key}) {
        EXPECT_TRUE(!value.data() || (value.data() >= properties.data() && value.data() + value.size() <= properties.data() + properties.size())) << text;
      }
    }
  }
  EXPECT_GE(by_form, std::size(texts));
}

TEST(ScanProperties, NamesAreComparedOnceForEachForm) {
  wire::ShapeCache cache;
  wire::Frame f;
  const std::string frame = frame_with("UNIQ_KEY\1" "0123456789\2TAGS\1tagA\2");
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(cache.decode(as_bytes(frame), f));
  wire::HeaderForm* const form = f.ext.form();
  ASSERT_TRUE(form);
  EXPECT_EQ(scan_properties(f.ext.find("i"), form).tags, "tagA");
  // What no header of the form can say shows that the names are not looked at again.
  const std::string other = std::string(25, '-') + "tagB-";
  EXPECT_EQ(scan_properties(other, form).tags, "tagB");
}

}  // namespace
}  // namespace mq::broker
