#include "base/digits.h"

#include <gtest/gtest.h>

#include <charconv>
#include <limits>
#include <random>
#include <string>

namespace mq {
namespace {

void expect_as_to_chars(int64_t v) {
  char want[kMostDigits], got[kMostDigits + 1];
  std::memset(got, '#', sizeof got);
  const std::string_view expected(want, static_cast<size_t>(std::to_chars(want, want + sizeof want, v).ptr - want));
  ASSERT_EQ(std::string_view(got, static_cast<size_t>(put_number(got, v) - got)), expected);
  ASSERT_EQ(got[expected.size()], '#') << v;   // nothing behind them is touched
}

TEST(Digits, AsToChars) {
  for (int64_t v = -20'000; v <= 20'000; ++v) expect_as_to_chars(v);
  for (int64_t power = 1; power > 0 && power <= std::numeric_limits<int64_t>::max() / 10; power *= 10) {
    for (int64_t near = -2; near <= 2; ++near) expect_as_to_chars(10 * power + near), expect_as_to_chars(-10 * power + near);
  }
  for (const int64_t v : {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::min() + 1, std::numeric_limits<int64_t>::max(),
                          int64_t{INT32_MIN}, int64_t{INT32_MAX}, int64_t{UINT32_MAX}, int64_t{UINT32_MAX} + 1}) {
    expect_as_to_chars(v);
  }
  std::mt19937_64 rng(1);
  for (int i = 0; i < 100'000; ++i) expect_as_to_chars(static_cast<int64_t>(rng() >> (rng() % 64)) * (rng() % 2 ? 1 : -1));
}

}  // namespace
}  // namespace mq
