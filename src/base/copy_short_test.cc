#include "base/copy_short.h"

#include <gtest/gtest.h>

#include <vector>

namespace mq {
namespace {

TEST(CopyShort, AllSizesAndNoByteMore) {
  for (size_t n = 0; n <= 100; ++n) {
    std::vector<char> from(n), to(n);   // of their own blocks: a sanitizer sees a byte too much
    for (size_t i = 0; i < n; ++i) from[i] = static_cast<char>(i + 1);
    copy_short(to.data(), from.data(), n);
    ASSERT_EQ(to, from) << n;
  }
  copy_short(nullptr, nullptr, 0);
}

}  // namespace
}  // namespace mq
