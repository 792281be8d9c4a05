#include "wire/base64.h"

#include <gtest/gtest.h>

namespace mq::wire {
namespace {

// The vectors of RFC 4648, and bytes that need the last two digits.
TEST(Base64, IsThatOfTheRfc) {
  const std::pair<std::string_view, std::string_view> cases[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "+/8="}};
  for (const auto& [bytes, text] : cases) EXPECT_EQ(base64(as_bytes(bytes)), text);
}

}  // namespace
}  // namespace mq::wire
