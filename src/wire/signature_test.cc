#include "wire/signature.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace mq::wire {
namespace {

Frame frame_of(std::vector<std::pair<std::string_view, std::string_view>> fields, std::string_view body, int32_t version = 479) {
  Frame f;
  f.version = version;
  for (const auto& [key, value] : fields) f.ext.add(key, value);
  f.body = as_bytes(body);
  return f;
}

// Reference values: openssl dgst -sha1 -hmac KEY -binary | base64.
TEST(Signature, IsHmacSha1OverValuesInOrderOfKeysAndTheBody) {
  const Frame f = frame_of({{"b", "2"}, {"a", "1"}, {"AccessKey", "ak"}}, "body");   // AccessKey, a, b
  EXPECT_EQ(signature_of(f, "12345678"), "wl3znlWO4TcGAsLeRK+kt6DQ0ho=");            // of "ak12body"
  EXPECT_EQ(signature_of(frame_of({}, ""), "k"), "OoSiGO5mZSCbtw6EUl3YN2RaGWU=");
}

TEST(Signature, LeavesOutItselfAndTakesTheLastOfEqualKeys) {
  const std::string once = signature_of(frame_of({{"a", "2"}}, "x"), "k");
  EXPECT_EQ(signature_of(frame_of({{"a", "1"}, {"Signature", "zzz"}, {"a", "2"}}, "x"), "k"), once);
}

TEST(Signature, LeavesOutUniqueKeyQueryOfOldClients) {
  const std::string without = signature_of(frame_of({{"a", "1"}}, ""), "k");
  EXPECT_EQ(signature_of(frame_of({{"a", "1"}, {"_UNIQUE_KEY_QUERY", "true"}}, "", 399), "k"), without);
  EXPECT_NE(signature_of(frame_of({{"a", "1"}, {"_UNIQUE_KEY_QUERY", "true"}}, "", 400), "k"), without);
}

TEST(Signature, OrdersKeysAsJava) {
  // U+1F600 is a surrogate pair in UTF-16 and comes before U+FF01, behind it in UTF-8.
  const std::string_view smile = "\xf0\x9f\x98\x80", wide = "\xef\xbc\x81";
  EXPECT_EQ(signature_of(frame_of({{wide, "2"}, {smile, "1"}}, ""), "k"), signature_of(frame_of({{"a", "1"}, {"b", "2"}}, ""), "k"));
  EXPECT_EQ(signature_of(frame_of({{"topicB", "3"}, {"topic", "2"}, {"Z", "1"}}, ""), "k"), signature_of(frame_of({{"a", "123"}}, ""), "k"));
}

TEST(Signature, MatchesOnlyTheWholeText) {
  Frame f = frame_of({{"a", "1"}}, "x");
  const std::string right = signature_of(f, "k");
  EXPECT_FALSE(is_signed_with(f, "k"));
  const std::string shorter = right.substr(0, 27), other = "A" + right.substr(1);
  for (const auto& [given, matches] : {std::pair<std::string_view, bool>{right, true}, {shorter, false}, {"", false}, {other, right[0] == 'A'}}) {
    Frame with = f;
    with.ext.add("Signature", given);
    EXPECT_EQ(is_signed_with(with, "k"), matches) << given;
    EXPECT_FALSE(is_signed_with(with, "K"));
  }
  f.ext.add("Signature", std::string_view());
  EXPECT_FALSE(is_signed_with(f, ""));
}

TEST(Signature, AnEmptySecretIsNotTheOneBefore) {
  const Frame f = frame_of({{"a", "1"}}, "x");
  const std::string with_key = signature_of(f, "key");
  EXPECT_NE(signature_of(f, ""), with_key);
}

TEST(Signature, OfAFrameOfOursIsAccepted) {
  for (const SerializeType type : {SerializeType::kJson, SerializeType::kRocketMq}) {
    const FrameHead head{.type = type, .code = 17, .opaque = 5};
    ByteBuffer plain, out;
    FrameWriter w(plain, head, true);
    w.field("topic", std::string_view("quote\" and \xe4\xb8\xad"));
    w.field("order", false);
    w.finish(as_bytes(std::string_view("body")));
    append_signed(out, plain.view(), head, {"ak", "secret", "token"});
    Frame read;
    ASSERT_TRUE(decode_frame(out.view(), read));
    EXPECT_EQ(read.code, 17);
    EXPECT_EQ(read.ext.find("AccessKey"), "ak");
    EXPECT_EQ(read.ext.find("SecurityToken"), "token");
    EXPECT_EQ(as_text(read.body), "body");
    EXPECT_TRUE(is_signed_with(read, "secret"));
    EXPECT_FALSE(is_signed_with(read, "Secret"));
  }
}

}  // namespace
}  // namespace mq::wire
