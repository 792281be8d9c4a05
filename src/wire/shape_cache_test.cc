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

TEST(ShapeCache, AHeaderThatDiffersInKnownWaysIsDecodedByItsShape) {
  ShapeCache cache;
  const auto hits_of = [&](const std::string& frame) {
    const uint64_t before = cache.hits();
    EXPECT_EQ(cached(cache, frame), plainly(frame));
    return cache.hits() - before;
  };
  EXPECT_EQ(hits_of(framed(0, send_header("TopicA", 1, 100), "one")), 0u);
  EXPECT_EQ(hits_of(framed(0, send_header("TopicA", 1, 101), "another body, another opaque")), 1u);
  EXPECT_EQ(hits_of(framed(0, send_header("TopicA", 7, 999), "two \"\\")), 0u);   // another queue, which may be any from now on
  EXPECT_EQ(hits_of(framed(0, send_header("TopicA", 5, 998))), 1u);
  EXPECT_EQ(hits_of(framed(0, send_header("TopicB", 5, 998, "tagZ"))), 0u);
  EXPECT_EQ(hits_of(framed(0, send_header("TopicC", 6, 997, "tagY"))), 1u);
  EXPECT_EQ(hits_of(framed(0, send_header("Topic-C", 6, 997, "tag"))), 0u);          // as long, but of another form
  EXPECT_EQ(hits_of(framed(0, send_header("TopicD", 6, 997, "tagY"))), 1u);
}

TEST(ShapeCache, AShapeThatIsNotSeenAnyMoreGivesItsPlaceAway) {
  ShapeCache cache;
  for (int i = 0; i < 4; ++i) (void)cached(cache, framed(0, send_header("TopicA", i, 100 + i)));
  EXPECT_EQ(cache.hits(), 2u);
  for (int i = 0; i < 6; ++i) (void)cached(cache, framed(0, send_header("Topic-A", i, 100 + i, "tag")));
  EXPECT_EQ(cache.hits(), 4u);   // the third takes the place, the fourth says what varies
}

/// The header as the cache and the memory of its form give it, which must be what a parser and a full look at it give. Whether it was remembered.
bool expect_same_header(ShapeCache& cache, const std::string& frame) {
  Frame plain, shaped;
  EXPECT_TRUE(decode_frame(as_bytes(frame), plain));
  EXPECT_TRUE(cache.decode(as_bytes(frame), shaped));
  const auto wanted = decode_header<SendMessageHeaderV2>(plain.ext);
  const SendMessageHeaderV2* known = remembered_header<SendMessageHeaderV2>(shaped.ext);
  const auto full = decode_header<SendMessageHeaderV2>(shaped.ext);
  EXPECT_EQ(wanted.has_value(), full.has_value()) << frame;
  const auto fields = [](const SendMessageHeaderV2& h) {
    return std::apply([&](const auto&... f) { return std::tuple(h.*f.member...); }, SendMessageHeaderV2::fields());
  };
  if (!wanted) {
    EXPECT_EQ(wanted.error().message(), full.error().message());
    EXPECT_FALSE(known) << frame;
    return false;
  }
  EXPECT_EQ(fields(*wanted), fields(*full)) << frame;
  if (known) {
    EXPECT_EQ(fields(*wanted), fields(*known)) << frame;
  }
  return known != nullptr;
}

TEST(ShapeCache, AHeaderOfAKnownFormIsRememberedButForWhatVaries) {
  ShapeCache cache;
  // Parsed, then the queue varies, then looked at in full and kept.
  for (int queue = 0; queue < 6; ++queue) EXPECT_EQ(expect_same_header(cache, framed(0, send_header("TopicA", queue, 100))), queue > 2) << queue;
  // Each frame differs from the one before in another value; then all of them at once.
  std::string header = send_header("TopicA", 5, 100);
  const auto replace = [&](std::string_view from, std::string_view to) {
    header.replace(header.find(from), from.size(), to);
    for (int i = 0; i < 3; ++i) (void)expect_same_header(cache, framed(0, header));
  };
  replace("\"a\":\"group\"", "\"a\":\"grOup\"");
  replace("TopicA", "TopicB");
  replace("\"f\":\"0\"", "\"f\":\"8\"");
  replace("1700000000000", "1700000000001");
  replace("\"h\":\"0\"", "\"h\":\"1\"");
  replace("\"j\":\"0\"", "\"j\":\"3\"");
  replace("\"k\":\"false\"", "\"k\":\"FALSE\"");
  replace("\"m\":\"false\"", "\"m\":\"true!\"");
  replace("true\\u0002TAGS", "trUe\\u0002TAGS");
  replace("UNIQ_KEY", "UNIQ-KEY");
  EXPECT_TRUE(expect_same_header(cache, framed(0, header))) << "all that has varied is known by now";
  EXPECT_TRUE(expect_same_header(cache, framed(0, send_header("TopicZ", 0, 100))));
  header = send_header("TopicZ", 0, 100, "zzzz");
  EXPECT_FALSE(expect_same_header(cache, framed(0, header))) << "the tag has not varied so far";
  // What is no number is refused, or passed over where Java passes over it, though the form is known.
  replace("\"e\":\"0\"", "\"e\":\"x\"");
  replace("\"e\":\"x\"", "\"e\":\"2\"");
  replace("1700000000000", "17000000x0000");
  replace("17000000x0000", "1700000000009");
  replace("\"j\":\"0\"", "\"j\":\"y\"");
  replace("\"j\":\"y\"", "\"j\":\"4\"");
  EXPECT_GT(cache.hits(), 20u);
}

TEST(ShapeCache, ItIsKnownWhetherMoreThanTheValuesOfPropertiesVaries) {
  ShapeCache cache;
  const auto only_values = [&](const std::string& header) {
    Frame f;
    EXPECT_TRUE(cache.decode(as_bytes(framed(0, header)), f));
    return f.ext.form() ? std::optional(f.ext.form()->only_property_values_vary()) : std::nullopt;
  };
  std::string header = send_header("TopicA", 1, 100);
  EXPECT_EQ(only_values(header), std::nullopt);
  EXPECT_EQ(only_values(header), true);
  header = send_header("TopicA", 1, 100, "tagB");   // the last value, which no escape ends
  EXPECT_EQ(only_values(header), std::nullopt);
  EXPECT_EQ(only_values(header), true);
  header.replace(header.find("0A0B0C"), 6, "1A1B1C");
  EXPECT_EQ(only_values(header), std::nullopt);
  EXPECT_EQ(only_values(header), true);
  header.replace(header.find("TAGS"), 4, "TOGS");
  EXPECT_EQ(only_values(header), std::nullopt);
  EXPECT_EQ(only_values(header), false);
}

TEST(ShapeCache, WhatIsKeptOfAFormIsForgottenWhenItWidens) {
  struct Seen {
    int number;
  };
  ShapeCache cache;
  Frame f;
  const auto form_of = [&](int queue) {
    const std::string frame = framed(0, send_header("TopicA", queue, 100));
    EXPECT_TRUE(cache.decode(as_bytes(frame), f));
    return f.ext.form();
  };
  EXPECT_EQ(form_of(1), nullptr);
  HeaderForm* form = form_of(1);
  ASSERT_TRUE(form);
  EXPECT_EQ(form->kept<Seen>(), nullptr);
  form->keep(Seen{7});
  form->keep(7.5);
  ASSERT_TRUE(form_of(1)->kept<Seen>());
  EXPECT_EQ(form->kept<Seen>()->number, 7);
  EXPECT_EQ(*form->kept<double>(), 7.5);
  EXPECT_EQ(form->kept<int>(), nullptr);
  form->keep(Seen{8});
  EXPECT_EQ(form->kept<Seen>()->number, 8);
  form->keep('c');
  form->keep(1);   // one too many
  EXPECT_EQ(form->kept<int>(), nullptr);
  EXPECT_EQ(*form->kept<char>(), 'c');
  EXPECT_EQ(form_of(2), nullptr);
  EXPECT_EQ(form_of(3), form);
  EXPECT_EQ(form->kept<Seen>(), nullptr);
  EXPECT_EQ(form->kept<double>(), nullptr);
}

TEST(ShapeCache, FieldsOfTheShapeAreFoundAgainByWhicheverHeaderAsks) {
  ShapeCache cache;
  Frame f;
  for (int round = 0; round < 3; ++round) {
    for (int queue = 1; queue < 4; ++queue) {
      const std::string frame = framed(0, send_header("TopicA", queue, 100 + queue));
      const uint64_t hits = cache.hits();
      ASSERT_TRUE(cache.decode(as_bytes(frame), f));
      EXPECT_EQ(f.ext.form() != nullptr, cache.hits() > hits);
      const auto send = decode_header<SendMessageHeaderV2>(f.ext);
      ASSERT_TRUE(send);
      EXPECT_EQ(send->topic, "TopicA");
      EXPECT_EQ(send->queueId, queue);
      EXPECT_EQ(send->bornTimestamp, 1700000000000);
      EXPECT_FALSE(send->maxReconsumeTimes);
      EXPECT_EQ(f.ext.find("b"), "TopicA");
      EXPECT_EQ(f.ext.find("e"), std::to_string(queue));
      EXPECT_EQ(f.ext.find("z").data(), nullptr);
      // The same frame asked for fields that it does not have, then for its own again.
      EXPECT_EQ(decode_header<PullMessageHeader>(f.ext).error().message(), "required field consumerGroup missing");
      EXPECT_EQ(decode_header<SendMessageHeaderV2>(f.ext)->queueId, queue);
    }
  }
  EXPECT_EQ(cache.hits(), 7u);

  // A pair that is added stands behind those of the form.
  const std::string known = framed(0, send_header("TopicA", 2, 107));
  ASSERT_TRUE(cache.decode(as_bytes(known), f));
  ASSERT_TRUE(f.ext.form());
  f.ext.add("e", "77");
  EXPECT_EQ(f.ext.form(), nullptr);
  EXPECT_EQ(f.ext.find("e"), "77");
  EXPECT_EQ(f.ext.find("b"), "TopicA");
  // A frame that is parsed has no form, though the object has served one that had.
  const std::string other = framed(0, R"({"code":310,"extFields":{"e":"5","b":"T"},"opaque":5})");
  ASSERT_TRUE(cache.decode(as_bytes(other), f));
  EXPECT_EQ(f.ext.form(), nullptr);
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
