#include "msg/sql/sql_expression.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

// What Java 5.3.3 lets through of 120 messages with numbers, texts, missing and odd properties; "refused" does not compile.

namespace mq::sql {
namespace {

std::string decimal(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", v);
  return text;
}

std::string properties_of(int i) {
  const std::vector<std::string> names{"ann", "bob", "Ann", "o'hara", "", "中文", "10", " x "};
  const std::vector<std::string> odd{"1e3", "0x10", "+5", "1.", ".5", "5L", "NaN", " 7"};
  const std::vector<std::string> flags{"true", "false", "TRUE", "yes"};
  std::string s;
  auto add = [&s](std::string name, const std::string& value) { s += name + '\x01' + value + '\x02'; };
  add("i", std::to_string(i));
  add("mod", std::to_string(i % 7));
  add("name", names[static_cast<size_t>(i % 8)]);
  if (i % 3) add("neg", std::to_string(-i));
  if (i % 4 == 0) add("f", decimal(i / 8.0));
  if (i % 5 == 0) add("flag", flags[static_cast<size_t>(i / 5 % 4)]);
  if (i % 11 == 0) add("big", std::to_string(9223372036854775807LL - i));
  if (i % 13 == 0) add("odd", odd[static_cast<size_t>(i / 13 % 8)]);
  add("TAGS", std::string(1, "ABC"[i % 3]));
  add("_u$1", std::string(1, static_cast<char>('a' + i % 26)));
  return s;
}

/// "0-2,5" for {0, 1, 2, 5}; "refused" when the expression does not compile.
std::string matching(std::string_view expression) {
  const auto compiled = Expression::compile(expression);
  if (!compiled) return "refused";
  std::string out;
  for (int i = 0, from = -1; i <= 120; ++i) {
    const bool hit = i < 120 && (*compiled)->matches(properties_of(i));
    if (hit && from < 0) from = i;
    if (hit || from < 0) continue;
    out += (out.empty() ? "" : ",") + std::to_string(from) + (from == i - 1 ? "" : "-" + std::to_string(i - 1));
    from = -1;
  }
  return out;
}

struct Case {
  const char* expression;
  const char* matches;
};

constexpr Case kCases[] = {

    {"'5' = i", "5"},
    {"'a' = 'a'", "0-119"},
    {"'a' = 'b'", ""},
    {"'text'", "refused"},
    {"()", "refused"},
    {"(i = 5", "refused"},
    {"(mod = 1 or mod = 2) and (i < 20 or i > 100)", "1-2,8-9,15-16,106-107,113-114"},
    {"-i = 5", ""},
    {"1 < 2", "0-119"},
    {"1 = 1", "0-119"},
    {"5", "refused"},
    {"5 < i and i < 9", "6-8"},
    {"5 = i", "5"},
    {"= 5", "refused"},
    {"I = 5", ""},
    {"TAGS = 'A'",
     "0,3,6,9,12,15,18,21,24,27,30,33,36,39,42,45,48,51,54,57,60,63,66,69,72,75,78,81,84,87,90,93,96,99,10"
     "2,105,108,111,114,117"},
    {"TAGS in ('A', 'B') and i < 10", "0-1,3-4,6-7,9"},
    {"TRUE or i = 1", "0-119"},
    {"_u$1 <> 'a' and i < 5", "1-4"},
    {"_u$1 = 'a'", "0,26,52,78,104"},
    {"a.b = 1", "refused"},
    {"big = 9223372036854775807", "0"},
    {"big > 9223372036854775800", "0"},
    {"big is not null", "0,11,22,33,44,55,66,77,88,99,110"},
    {"f < 0.5", "0"},
    {"f <> 0.5 and f < 3", ""},
    {"f = 1.5", "12"},
    {"f > 10", ""},
    {"f > 10.25", "84,88,92,96,100,104,108,112,116"},
    {"f >= 0.5 and f <= 2", ""},
    {"f is not null and i > 60", "64,68,72,76,80,84,88,92,96,100,104,108,112,116"},
    {"false", ""},
    {"flag", ""},
    {"flag <> true", "5,15,25,35,45,55,65,75,85,95,105,115"},
    {"flag = TRUE", "0,10,20,30,40,50,60,70,80,90,100,110"},
    {"flag = false", "5,15,25,35,45,55,65,75,85,95,105,115"},
    {"flag = true", "0,10,20,30,40,50,60,70,80,90,100,110"},
    {"i != 5", "refused"},
    {"i + 1 = 5", ""},
    {"i < 3", "0-2"},
    {"i < 99999999999", "0-119"},
    {"i <= 3", "0-3"},
    {"i <> 5", "0-4,6-119"},
    {"i =", "refused"},
    {"i = '5'", "5"},
    {"i = +5", "5"},
    {"i = -0", "0"},
    {"i = 0.0", "refused"},
    {"i = 05", "0"},
    {"i = 1 or true", "0-119"},
    {"i = 3 or missing = 'x'", "3"},
    {"i = 5", "5"},
    {"i = 5 /* comment */ or i = 7", "5,7"},
    {"i = 5 garbage", "5"},
    {"i = 5)", "5"},
    {"i = 5.0", "5"},
    {"i = 5L", "5"},
    {"i == 5", "refused"},
    {"i > '5'", "refused"},
    {"i > 1.0E2", "101-119"},
    {"i > 100", "101-119"},
    {"i > 1e2", "101-119"},
    {"i > 4.5 and i < 6.5", "5-6"},
    {"i > 9223372036854775808", "refused"},
    {"i > true", "refused"},
    {"i >= 100", "100-119"},
    {"i between 'a' and 'b'", "refused"},
    {"i between 10 and 20", "10-20"},
    {"i between 20 and 10", "refused"},
    {"i in ('5', '6')", "5-6"},
    {"i is 5", "refused"},
    {"i like '5%'", ""},
    {"i not between 10 and 110", "0-9,111-119"},
    {"i=5 OR i=6--comment", "5-6"},
    {"missing <> 1", ""},
    {"missing = 'x' and i = 3", ""},
    {"missing = 'x' or i = 3", "3"},
    {"missing = 1", ""},
    {"missing is null", "0-119"},
    {"missing is null and mod = 6", "6,13,20,27,34,41,48,55,62,69,76,83,90,97,104,111,118"},
    {"mod = 3", "3,10,17,24,31,38,45,52,59,66,73,80,87,94,101,108,115"},
    {"mod = 3 AND NOT (i > 50)", "3,10,17,24,31,38,45"},
    {"mod = 3 and i > 50", "52,59,66,73,80,87,94,101,108,115"},
    {"mod = 3 or mod = 4",
     "3-4,10-11,17-18,24-25,31-32,38-39,45-46,52-53,59-60,66-67,73-74,80-81,87-88,94-95,101-102,108-109,11"
     "5-116"},
    {"name <> 'ann'",
     "1-3,5-7,9-11,13-15,17-19,21-23,25-27,29-31,33-35,37-39,41-43,45-47,49-51,53-55,57-59,61-63,65-67,69-"
     "71,73-75,77-79,81-83,85-87,89-91,93-95,97-99,101-103,105-107,109-111,113-115,117-119"},
    {"name = 'ann'", "0,8,16,24,32,40,48,56,64,72,80,88,96,104,112"},
    {"name = 'o''hara'", "3,11,19,27,35,43,51,59,67,75,83,91,99,107,115"},
    {"name = '中文'", "5,13,21,29,37,45,53,61,69,77,85,93,101,109,117"},
    {"name = null", "refused"},
    {"name > 'b'", "refused"},
    {"name IN ('x')", ""},
    {"name between 'a' and 'b'", "refused"},
    {"name contains 'n'",
     "0,2,8,10,16,18,24,26,32,34,40,42,48,50,56,58,64,66,72,74,80,82,88,90,96,98,104,106,112,114"},
    {"name endswith 'b'", "1,9,17,25,33,41,49,57,65,73,81,89,97,105,113"},
    {"name in ('ann', 'bob')",
     "0-1,8-9,16-17,24-25,32-33,40-41,48-49,56-57,64-65,72-73,80-81,88-89,96-97,104-105,112-113"},
    {"name in ()", "refused"},
    {"name in (1, 2)", "refused"},
    {"name is not null",
     "0-3,5-11,13-19,21-27,29-35,37-43,45-51,53-59,61-67,69-75,77-83,85-91,93-99,101-107,109-115,117-119"},
    {"name is null", "4,12,20,28,36,44,52,60,68,76,84,92,100,108,116"},
    {"name not contains 'n'",
     "1,3,5-7,9,11,13-15,17,19,21-23,25,27,29-31,33,35,37-39,41,43,45-47,49,51,53-55,57,59,61-63,65,67,69-"
     "71,73,75,77-79,81,83,85-87,89,91,93-95,97,99,101-103,105,107,109-111,113,115,117-119"},
    {"name not in ('ann', 'bob')",
     "2-3,5-7,10-11,13-15,18-19,21-23,26-27,29-31,34-35,37-39,42-43,45-47,50-51,53-55,58-59,61-63,66-67,69"
     "-71,74-75,77-79,82-83,85-87,90-91,93-95,98-99,101-103,106-107,109-111,114-115,117-119"},
    {"name startswith 'a'", "0,8,16,24,32,40,48,56,64,72,80,88,96,104,112"},
    {"neg < -100", "101,103-104,106-107,109-110,112-113,115-116,118-119"},
    {"neg = -5", "5"},
    {"neg IS NOT NULL",
     "1-2,4-5,7-8,10-11,13-14,16-17,19-20,22-23,25-26,28-29,31-32,34-35,37-38,40-41,43-44,46-47,49-50,52-5"
     "3,55-56,58-59,61-62,64-65,67-68,70-71,73-74,76-77,79-80,82-83,85-86,88-89,91-92,94-95,97-98,100-101,"
     "103-104,106-107,109-110,112-113,115-116,118-119"},
    {"neg between -10 and -5", "5,7-8,10"},
    {"neg is null",
     "0,3,6,9,12,15,18,21,24,27,30,33,36,39,42,45,48,51,54,57,60,63,66,69,72,75,78,81,84,87,90,93,96,99,10"
     "2,105,108,111,114,117"},
    {"not (missing = 1)", ""},
    {"not (mod = 3)",
     "0-2,4-9,11-16,18-23,25-30,32-37,39-44,46-51,53-58,60-65,67-72,74-79,81-86,88-93,95-100,102-107,109-1"
     "14,116-119"},
    {"not flag", "0,5,10,15,20,25,30,35,40,45,50,55,60,65,70,75,80,85,90,95,100,105,110,115"},
    {"not missing", ""},
    {"not mod = 3", ""},
    {"null", ""},
    {"null = name", "refused"},
    {"odd = 1000", ""},
    {"odd = 5", "26"},
    {"odd > 0", "26"},
    {"odd is not null", "0,13,26,39,52,65,78,91,104,117"},
    {"true", "0-119"},
};

TEST(SqlExpression, MatchesWhatJavaMatches) {
  for (const Case& c : kCases) EXPECT_EQ(matching(c.expression), c.matches) << c.expression;
}

TEST(SqlExpression, ErrorsNameThePlace) {
  const auto e = Expression::compile("a > 5 and b >");
  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().message(), "expected a value, a property or (, got the end at column 14");
}

TEST(SqlExpression, LimitsDepthAndLength) {
  EXPECT_FALSE(Expression::compile(std::string(5000, '(')));
  EXPECT_FALSE(Expression::compile(std::string(1 << 20, ' ') + "a = 1"));
  std::string chain = "a = 1";
  while (chain.size() < 15000) chain += " or a = 1";
  const auto e = Expression::compile(chain);
  ASSERT_TRUE(e);
  EXPECT_FALSE((*e)->matches("b\x01" "1\x02"));
}

}  // namespace
}  // namespace mq::sql
