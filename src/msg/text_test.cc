// Hosts, names and properties.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>

#include "msg/findable_run.h"
#include "msg/host.h"
#include "msg/names.h"
#include "msg/properties.h"

namespace mq {
namespace {

TEST(Host, ParseAndPrint) {
  EXPECT_EQ(Host::parse("1.2.3.4", 5).value().to_string(), "1.2.3.4:5");
  EXPECT_EQ(Host::parse("::ffff:1.2.3.4", 5).value(), Host::parse("1.2.3.4", 5).value());
  const Host v6 = Host::parse("2001:db8::a", 10911).value();
  EXPECT_TRUE(v6.v6());
  EXPECT_EQ(v6.ip_bytes().size(), 16u);
  EXPECT_EQ(v6.to_string(), "[2001:db8:0:0:0:0:0:a]:10911");
  for (std::string_view bad : {"", "1.2.3", "localhost", "1.2.3.4.5", "::g", "1.2.3.4 "}) {
    EXPECT_EQ(Host::parse(bad, 1).error().code(), Errc::kInvalid) << bad;
  }
  EXPECT_FALSE(Host::parse(std::string(1000, '1'), 1));
}

TEST(Names, Topics) {
  const std::string illegal = "The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$";
  const std::string too_long = "The specified topic is longer than topic max length.";
  const std::pair<std::string, std::string> cases[] = {
      {"TopicTest", ""},
      {"%RETRY%a-b_c|9", ""},
      {std::string(127, 'z'), ""},
      {std::string(128, 'z'), too_long},
      {"%RETRY%" + std::string(240, 'z'), too_long},
      {"", "The specified topic is blank."},
      {" \t\n", "The specified topic is blank."},
      {"a b", illegal},
      {"a.b", illegal},
      {"\xE4\xB8\xAD", illegal},
      {"%RETRY%g+t", illegal},
      {std::string(200, '.'), illegal},   // characters are looked at before the length
  };
  for (const auto& [topic, remark] : cases) EXPECT_EQ(check_topic_name(topic), remark) << topic;
}

TEST(Names, Groups) {
  EXPECT_EQ(check_group_name("g"), "");
  EXPECT_EQ(check_group_name(std::string(255, 'g')), "");
  EXPECT_EQ(check_group_name(""), "The specified group is blank.");
  EXPECT_EQ(check_group_name("x y"), "The specified group: x y, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$");
  EXPECT_EQ(check_group_name(std::string(256, 'g')),
            "The specified group: " + std::string(256, 'g') + ", is longer than group max length: 255");
}

TEST(Names, SystemTopics) {
  for (std::string_view t : {"TBW102", "SCHEDULE_TOPIC_XXXX", "BenchmarkTest", "rmq_sys_wheel_timer", "CHECKPOINT_TOPIC"}) {
    EXPECT_TRUE(is_system_topic(t)) << t;
  }
  EXPECT_FALSE(is_system_topic("TBW1022"));
  EXPECT_FALSE(is_system_topic("RMQ_SYS_"));
  EXPECT_TRUE(is_send_forbidden_topic("SELF_TEST_TOPIC"));
  EXPECT_TRUE(is_send_forbidden_topic("RMQ_SYS_TRANS_HALF_TOPIC"));
  EXPECT_FALSE(is_send_forbidden_topic("TBW102"));
  EXPECT_FALSE(is_send_forbidden_topic("BenchmarkTest"));
}

std::string read_all(std::string_view text) {
  std::string out;
  std::string_view n, v;
  for (PropertyReader r(text); r.next(n, v);) out.append(n).append("=").append(v).append(";");
  return out;
}

TEST(Properties, Reading) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},
      {"a\1b\2", "a=b;"},
      {"a\1b", "a=b;"},                       // the last separator may be missing
      {"a\1b\2c\1d\2", "a=b;c=d;"},
      {"a\1\2c\1d", "c=d;"},                  // an empty value is dropped
      {"\1b\2c\1d", "c=d;"},                  // so is an empty name
      {"\1b\1c\2", ""},
      {"ab\2c\1d", "c=d;"},                   // no separator
      {"\2\2a\1b\2\2", "a=b;"},
      {"a\1b\1c\2", "a=b\1c;"},               // the first 0x01 separates
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(read_all(text), want) << text;
}

/// Texts of every length around those that are looked at in one go; each lies at the end of its memory, so that a read behind it shows.
TEST(Properties, ReadingLongTexts) {
  std::minstd_rand random(7);
  for (size_t size = 0; size < 300; ++size) {
    const auto text = std::make_unique<char[]>(size);
    for (size_t i = 0; i < size; ++i) text[i] = "abcdefgh\1\2"[random() % (random() % 8 == 0 ? 10 : 8)];
    const std::string_view whole(text.get(), size);
    std::string want;
    for (std::string_view rest = whole; !rest.empty();) {
      const std::string_view pair = rest.substr(0, rest.find('\2'));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
      if (const size_t at = pair.find('\1'); at != std::string_view::npos && at > 0 && at + 1 < pair.size()) {
        want.append(pair.substr(0, at)).append("=").append(pair.substr(at + 1)).append(";");
      }
    }
    EXPECT_EQ(read_all(whole), want) << size;
  }
}

TEST(Properties, Findable) {
  const FindableProperties p = findable_properties("KEYS\1k\2UNIQ_KEY\1u\2TAGS\1a\2KEYS\1k2\2x\1y");
  EXPECT_EQ(p.uniq_key, "u");
  EXPECT_EQ(p.keys, "k2");
  EXPECT_EQ(p.tags, "a");
  EXPECT_EQ(findable_properties("TAG\1a").tags.data(), nullptr);
}

/// Texts of a batch: each like the one before but for a few bytes, which may be part of a name, of a value, or a separator.
TEST(Properties, FindableRun) {
  std::minstd_rand random(11);
  static constexpr std::string_view kNames[] = {"UNIQ_KEY", "KEYS", "TAGS", "WAIT", "UNIQ_KEX"};
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    for (size_t pairs = random() % 8; pairs > 0; --pairs) {
      text.append(kNames[random() % 5]).append(1, '\1').append(1 + random() % 40, 'v').append(pairs > 1 || random() % 2 ? "\2" : "");
    }
    std::deque<std::string> texts;   // what the views lead to
    FindableRun run;
    for (int i = 0; i < 20; ++i) {
      for (size_t changes = text.empty() ? 0 : random() % 4; changes > 0; --changes) {
        char& c = text[random() % text.size()];
        if (random() % 4 == 0) c = "\1\2YS"[random() % 4];
        else if (c == 'v' || c == 'w') c ^= 'v' ^ 'w';
      }
      if (random() % 16 == 0) text += "KEYS\1k";
      if (random() % 16 == 0) text.clear();
      const std::string_view now = texts.emplace_back(text);
      const FindableProperties want = findable_properties(now), &got = run.next(now);
      for (const auto& [w, g] : {std::pair(want.uniq_key, got.uniq_key), {want.keys, got.keys}, {want.tags, got.tags}}) {
        ASSERT_EQ(w, g) << text;
        ASSERT_EQ(w.data() == nullptr, g.data() == nullptr) << text;
      }
      ASSERT_EQ(run.tags_code(), tags_code(want.tags));
    }
  }
}

TEST(Properties, FindTakesTheLast) {
  EXPECT_EQ(find_property("TAGS\1a\2KEYS\1k\2TAGS\1b\2", "TAGS"), "b");
  EXPECT_EQ(find_property("TAGS\1a\2TAGS\1\2", "TAGS"), "a");
  EXPECT_EQ(find_property("TAGS\1a\2", "TAG").data(), nullptr);
  EXPECT_EQ(find_property("", "TAGS").data(), nullptr);
}

TEST(Properties, AppendRepairsAMissingSeparator) {
  ByteBuffer out;
  out.append(std::string_view("before"));
  const size_t start = out.size();
  append_property(out, start, "A", "1");
  EXPECT_EQ(out.text(), "beforeA\1""1\2");
  out.resize(out.size() - 1);
  append_property(out, start, "B", "2");
  EXPECT_EQ(out.text(), "beforeA\1""1\2B\1""2\2");
}

TEST(Properties, Without) {
  EXPECT_EQ(without_property("A\1""1\2WAIT\1true\2B\1""2\2", "WAIT"), "A\1""1\2B\1""2\2");
  EXPECT_EQ(without_property("WAIT\1true\2WAIT\1""false", "WAIT"), "");
  EXPECT_EQ(without_property("WAITED\1true\2x\2", "WAIT"), "WAITED\1true\2x\2");
  EXPECT_EQ(without_property("A\1WAIT\1x\2", "WAIT"), "A\1WAIT\1x\2");
  EXPECT_EQ(without_property("", "WAIT"), "");
}

TEST(Properties, JavaHash) {
  EXPECT_EQ(java_hash("TagA"), 2598919);            // spec protocol 11.4
  EXPECT_EQ(tags_code("TagA"), 0x27a807);
  EXPECT_EQ(tags_code(""), 0);
  EXPECT_EQ(java_hash("polygenelubricants"), INT32_MIN);
  EXPECT_EQ(java_hash("\xE4\xB8\xAD\xE6\x96\x87"), 0x4E2D * 31 + 0x6587);
  EXPECT_EQ(java_hash("\xF0\x9F\x98\x80"), 0xD83D * 31 + 0xDE00);   // surrogate pair
  EXPECT_EQ(tags_code("\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80"),
            java_hash("\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80"));
  // Malformed UTF-8 counts as Java's decoder sees it: U+FFFD for each maximal part.
  const std::pair<std::string_view, int> malformed[] = {
      {"\xFF", 1}, {"\x80", 1}, {"\xC0\x80", 2}, {"\xE4\xB8", 1}, {"\xF0\x9F\x98", 1}, {"\xED\xA0\x80", 3}, {"\xF4\x90\x80\x80", 4}};
  for (const auto& [text, count] : malformed) {
    uint32_t want = 0;
    for (int i = 0; i < count; ++i) want = want * 31 + 0xFFFD;
    EXPECT_EQ(java_hash(text), static_cast<int32_t>(want)) << count;
  }
}

/// Every length around those that are taken at once, a character outside ASCII at every place.
TEST(Properties, JavaHashOfLongTexts) {
  std::minstd_rand random(11);
  for (size_t size = 0; size < 70; ++size) {
    const auto text = std::make_unique<char[]>(size);
    uint32_t want = 77;
    for (size_t i = 0; i < size; ++i) want = want * 31 + static_cast<uint32_t>(text[i] = static_cast<char>(random() % 128));
    EXPECT_EQ(java_hash({text.get(), size}, 77), static_cast<int32_t>(want)) << size;
    for (size_t at = 0; at <= size; ++at) {
      std::string mixed(text.get(), size);
      mixed.insert(at, "\xC3\xA9");
      uint32_t sum = 77;
      for (size_t i = 0; i < size; ++i) {
        if (i == at) sum = sum * 31 + 0xE9;
        sum = sum * 31 + static_cast<uint32_t>(text[i]);
      }
      if (at == size) sum = sum * 31 + 0xE9;
      EXPECT_EQ(java_hash(mixed, 77), static_cast<int32_t>(sum)) << size << " " << at;
    }
  }
}

TEST(Properties, WithPropertyReplacesAndAppends) {
  using namespace std::literals;
  EXPECT_EQ(with_property("", "A", "1"), "A\1" "1\2"sv);
  EXPECT_EQ(with_property("A\1" "1\2B\1" "2", "A", "3"), "B\1" "2\2A\1" "3\2"sv);
}

}  // namespace
}  // namespace mq
