#include "wire/shape_cache.h"

#include <gtest/gtest.h>

#include "wire/headers/pull.h"
#include "wire/headers/send.h"
#include "wire/test_util.h"

namespace mq::wire {
namespace {

/// A header as Java's producer writes it; the separators of properties are escaped.
std::string send_header(std::string_view topic, int queue, int opaque, std::string_view tag = "tagA") {
  std::string properties = "UNIQ_KEY\\u00010A0B0C0D1E2F18B4AAC2000000000000\\u0002WAIT\\u0001true\\u0002TAGS\\u0001" + std::string(tag);
  return R"({"code":310,"extFields":{"a":"group","b":")" + std::string(topic) + R"(","c":"TBW102","d":"4","e":")" + std::to_string(queue) +
         R"(","f":"0","g":"1700000000000","h":"0","i":")" + properties + R"(","j":"0","k":"false","m":"false"},"flag":0,"language":"JAVA","opaque":)" +
         std::to_string(opaque) + R"(,"serializeTypeCurrentRPC":"JSON","version":399})";
}

/// What a decoder says of the frame; the bytes stand alone in memory, so that a sanitizer sees every read beyond them.
template <class Decode>
std::string outcome(const std::string& frame, Decode decode) {
  const std::vector<std::byte> exact(as_bytes(frame).begin(), as_bytes(frame).end());
  Frame f;
  f.remark = "left over";
  f.ext.add("left", "over");
  const auto r = decode(ByteView(exact), f);
  if (!r) return r.error().message();
  return std::to_string(static_cast<int>(f.type)) + " " + describe(f);
}

std::string plainly(const std::string& frame) { return outcome(frame, [](ByteView b, Frame& f) { return decode_frame(b, f); }); }
std::string cached(ShapeCache& cache, const std::string& frame) {
  return outcome(frame, [&](ByteView b, Frame& f) { return cache.decode(b, f); });
}

TEST(ShapeCache, ASecondHeaderOfTheShapeIsDecodedByIt) {
  ShapeCache cache;
  EXPECT_EQ(cached(cache, framed(0, send_header("TopicA", 1, 100), "one")), plainly(framed(0, send_header("TopicA", 1, 100), "one")));
  EXPECT_EQ(cache.hits(), 0u);
  const std::string other = framed(0, send_header("TopicB", 7, 999, "tagZ"), "two \"\\");
  EXPECT_EQ(cached(cache, other), plainly(other));
  EXPECT_EQ(cache.hits(), 1u);
}

TEST(ShapeCache, FieldsOfTheShapeAreFoundAgainByWhicheverHeaderAsks) {
  ShapeCache cache;
  Frame f;
  for (int round = 0; round < 3; ++round) {
    for (int queue = 1; queue < 4; ++queue) {
      const std::string frame = framed(0, send_header("TopicA", queue, 100 + queue));
      ASSERT_TRUE(cache.decode(as_bytes(frame), f));
      EXPECT_EQ(f.ext.places() != nullptr, cache.hits() > 0);
      const auto send = decode_header<SendMessageHeaderV2>(f.ext);
      ASSERT_TRUE(send);
      EXPECT_EQ(send->topic, "TopicA");
      EXPECT_EQ(send->queueId, queue);
      EXPECT_EQ(send->bornTimestamp, 1700000000000);
      EXPECT_FALSE(send->maxReconsumeTimes);
      // The same frame asked for fields that it does not have, then for its own again.
      EXPECT_EQ(decode_header<PullMessageHeader>(f.ext).error().message(), "required field consumerGroup missing");
      EXPECT_EQ(decode_header<SendMessageHeaderV2>(f.ext)->queueId, queue);
    }
  }
  EXPECT_EQ(cache.hits(), 8u);
  // A frame that is parsed has no places, though the object has served one that had.
  const std::string other = framed(0, R"({"code":310,"extFields":{"e":"5","b":"T"},"opaque":5})");
  ASSERT_TRUE(cache.decode(as_bytes(other), f));
  EXPECT_EQ(f.ext.places(), nullptr);
  EXPECT_EQ(decode_header<SendMessageHeaderV2>(f.ext).error().message(), "required field f missing");
}

TEST(ShapeCache, OpaqueMayHaveAllDigitsOfAnInt) {
  ShapeCache cache;
  for (const std::string_view opaque : {"1000000000", "1000000001", "2147483647", "2147483648", "9999999999", "0000000001"}) {
    const std::string frame = framed(0, R"({"code":34,"opaque":)" + std::string(opaque) + "}");
    EXPECT_EQ(cached(cache, frame), plainly(frame)) << opaque;
  }
  EXPECT_EQ(cache.hits(), 2u);
}

TEST(ShapeCache, WhateverIsNotPlainIsLeftToTheParser) {
  const std::string_view values[] = {"tag\"", "tag\\", "\\\"aa", "\xC3\xA9zz", "t\tgA", "ta\x7F!", std::string_view("ta\0A", 4), "\\nab"};
  for (const std::string_view v : values) {
    ShapeCache cache;
    (void)cached(cache, framed(0, send_header("TopicA", 1, 100)));
    const std::string frame = framed(0, send_header("TopicA", 1, 100, v));
    EXPECT_EQ(cached(cache, frame), plainly(frame)) << v;
  }
}

TEST(ShapeCache, OddHeadersAreNoShapes) {
  const std::string_view headers[] = {
      R"({"opaque":5,"Opaque":5,"code":34})", R"({"opaque":5,"opaque":5,"code":34})", R"({"opaque":05,"code":34,"a":1})",
      R"({"code":34,"extFields":{"a":"1"},"extFields":{"b":"2"},"opaque":5})", R"({"code":34,"extFields":{"a":1},"opaque":5})",
      R"({"code":34,"extFields":{"a":null},"opaque":5})", R"({"code":34,"remark":"r","opaque":5})", R"({"code":34,"opaque":"5"})",
      R"({"code":34,"opaque":-5,"flag":0})", R"({"code":34,"x":{"opaque":5}})", R"({'code':34,"opaque":5,  })", R"([1,2,3,4,5,6,7,8,9])",
  };
  for (const std::string_view h : headers) {
    ShapeCache cache;
    std::string frame = framed(0, h);
    for (int i = 0; i < 8; ++i) {
      EXPECT_EQ(cached(cache, frame), plainly(frame)) << h;
      for (char& c : frame) {
        if (c == '5') c = '6';
        else if (c == '6') c = '5';
      }
    }
    EXPECT_EQ(cache.hits(), 0u) << h;
  }
}

TEST(ShapeCache, SaysWhatTheParserSaysOfDamagedHeaders) {
  std::mt19937 random(7);
  ShapeCache cache;
  for (int i = 0; i < 20'000; ++i) {
    std::string header = i % 3 == 0 ? R"({"code":34,"flag":0,"language":"GO","opaque":)" + std::to_string(random() % 100) + ",\"version\":1}"
                                    : send_header("Topic" + std::string(1, static_cast<char>('A' + random() % 26)), static_cast<int>(random() % 8), static_cast<int>(random() % 1000));
    if (random() % 2) header[random() % header.size()] = "\"\\{}:,'/ 0aA\x01\x80"[random() % 14];
    if (random() % 16 == 0) header.resize(random() % header.size());
    const std::string frame = framed(0, header, "body");
    ASSERT_EQ(cached(cache, frame), plainly(frame)) << i << ": " << header;
  }
  EXPECT_GT(cache.hits(), 5'000u);
}

}  // namespace
}  // namespace mq::wire
