#include "wire/header_codec.h"

#include <gtest/gtest.h>

#include <charconv>
#include <random>

#include "wire/headers/pull.h"
#include "wire/headers/send.h"

namespace mq::wire {
namespace {

struct Sample {
  std::string name;
  int32_t small = 7;
  int64_t large = 8;
  bool flag = false;
  std::optional<int32_t> maybe;
  int32_t strict = 9;
  std::string_view text;

  static constexpr auto fields() {
    using H = Sample;
    return std::tuple{required("name", &H::name),  required("small", &H::small), optional("large", &H::large), optional("flag", &H::flag),
                      optional("maybe", &H::maybe), wire::strict("strict", &H::strict), optional("text", &H::text)};
  }
  bool operator==(const Sample&) const = default;
};

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

ExtFields ext_of(const Pairs& pairs) {
  ExtFields ext;
  for (const auto& [k, v] : pairs) ext.add(k, v);
  return ext;
}

std::string error_of(const Pairs& pairs) {
  const auto r = decode_header<Sample>(ext_of(pairs));
  return r ? "" : r.error().message();
}

TEST(HeaderCodec, FieldsInAnyOrder) {
  Pairs pairs = {{"name", "n"}, {"small", "-1"}, {"large", "9223372036854775807"}, {"flag", "TRUE"}, {"maybe", "+3"}, {"strict", "0"}, {"text", ""}, {"other", "x"}};
  const Sample want{.name = "n", .small = -1, .large = INT64_MAX, .flag = true, .maybe = 3, .strict = 0, .text = ""};
  std::mt19937 rng(1);
  for (int i = 0; i < 200; ++i) {
    const auto got = decode_header<Sample>(ext_of(pairs));
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, want);
    std::shuffle(pairs.begin(), pairs.end(), rng);
  }
}

TEST(HeaderCodec, AbsentNullAndBad) {
  EXPECT_EQ(error_of({{"name", "n"}, {"small", "1"}}), "");
  EXPECT_EQ(error_of({{"small", "1"}}), "required field name missing");
  EXPECT_EQ(error_of({}), "required field name missing");
  EXPECT_EQ(error_of({{"name", "n"}}), "required field small missing");
  EXPECT_EQ(error_of({{"name", {}}, {"small", "1"}}), "required field name missing");
  EXPECT_EQ(error_of({{"name", "n"}, {"small", "x"}}), "field small has the value \"x\", a number is needed");
  EXPECT_EQ(error_of({{"strict", "x"}, {"small", "1"}}), "required field name missing");   // before the bad one
  EXPECT_EQ(error_of({{"name", "n"}, {"small", "1"}, {"strict", "1.5"}}), "field strict has the value \"1.5\", a number is needed");
  // An optional one that does not parse keeps its default.
  const auto h = decode_header<Sample>(ext_of({{"name", "n"}, {"small", "1"}, {"large", "x"}, {"maybe", ""}, {"flag", "yes"}}));
  ASSERT_TRUE(h);
  EXPECT_EQ(h->large, 8);
  EXPECT_EQ(h->maybe, std::nullopt);
  EXPECT_FALSE(h->flag);
  EXPECT_EQ(h->strict, 9);
  EXPECT_EQ(decode_header<Sample>(ext_of({{"name", "n"}, {"small", "1"}, {"large", "1.5"}}))->large, 8);   // also one that begins like a number
}

TEST(HeaderCodec, TheLastOfEqualKeysCounts) {
  auto small = [](Pairs pairs) {
    pairs.insert(pairs.begin(), {"name", "n"});
    return decode_header<Sample>(ext_of(pairs));
  };
  EXPECT_EQ(small({{"small", "1"}, {"x", "0"}, {"small", "2"}})->small, 2);
  EXPECT_EQ(small({{"small", "x"}, {"small", "2"}})->small, 2);
  EXPECT_FALSE(small({{"small", "2"}, {"small", "x"}}));
  EXPECT_FALSE(small({{"small", "2"}, {"small", {}}}));   // a later null hides the value
}

TEST(HeaderCodec, Numbers) {
  const std::pair<std::string_view, bool> cases[] = {{"0", true},  {"007", true}, {"2147483647", true}, {"2147483648", false}, {"-2147483648", true}, {"+5", true},
                                                     {"", false},  {"-", false},  {"+", false},         {"+-5", false},        {" 5", false},         {"5 ", false},
                                                     {"5L", false}, {"0x5", false}, {"99999999999999", false}};
  for (const auto& [text, ok] : cases) EXPECT_EQ(decode_header<Sample>(ext_of({{"name", "n"}, {"small", text}})).has_value(), ok) << text;
}

TEST(HeaderCodec, DecodeUndoesEncodeThroughAFrame) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    std::mt19937_64 rng(seed);
    const std::string group = "g\1" + std::to_string(rng()), topic = std::to_string(rng()) + "\"", properties = "A\1" + std::to_string(rng()) + "\2";
    SendMessageHeaderV2 h;
    h.producerGroup = group;
    h.topic = topic;
    h.queueId = static_cast<int32_t>(rng());
    h.sysFlag = static_cast<int32_t>(rng());
    h.flag = static_cast<int32_t>(rng());
    h.bornTimestamp = static_cast<int64_t>(rng());
    h.properties = properties;
    h.unitMode = rng() % 2;
    h.batch = rng() % 2;
    if (rng() % 2) h.maxReconsumeTimes = static_cast<int32_t>(rng());
    ByteBuffer out;
    encode_frame(out, {.type = rng() % 2 ? SerializeType::kJson : SerializeType::kRocketMq, .code = 310}, h);
    Frame f;
    ASSERT_TRUE(decode_frame(out.view(), f));
    const auto got = decode_header<SendMessageHeaderV2>(f.ext);
    ASSERT_TRUE(got) << "seed " << seed;
    EXPECT_EQ(got->producerGroup, h.producerGroup);
    EXPECT_EQ(got->topic, h.topic);
    EXPECT_EQ(got->queueId, h.queueId);
    EXPECT_EQ(got->sysFlag, h.sysFlag);
    EXPECT_EQ(got->flag, h.flag);
    EXPECT_EQ(got->bornTimestamp, h.bornTimestamp);
    EXPECT_EQ(got->properties, h.properties);
    EXPECT_EQ(got->unitMode, h.unitMode);
    EXPECT_EQ(got->batch, h.batch);
    EXPECT_EQ(got->maxReconsumeTimes, h.maxReconsumeTimes);
  }
}

/// Eight digits are read at once where there are as many.
TEST(Numbers, AsTheLibraryReadsThem) {
  std::minstd_rand random(5);
  const auto check = [](const std::string& text) {
    int64_t want = 0, got = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), want);
    const bool valid = ec == std::errc() && end == text.data() + text.size();
    EXPECT_EQ(detail::parse_number(std::string_view(text), got), valid) << text;
    if (valid) {
      EXPECT_EQ(got, want) << text;
    }
  };
  for (size_t size = 1; size <= 20; ++size) {
    for (int round = 0; round < 50; ++round) {
      std::string digits(size, '0');
      for (char& c : digits) c = static_cast<char>('0' + random() % 10);
      check(digits);
      for (size_t at = 0; at < size; ++at) {   // one that is none: '/' and ':' stand beside the digits
        std::string wrong = digits;
        wrong[at] = static_cast<char>(round % 3 == 0 ? '/' : round % 3 == 1 ? ':' : random() % 256);
        if (wrong[at] != '+') check(wrong);
      }
    }
  }
}

}  // namespace
}  // namespace mq::wire
