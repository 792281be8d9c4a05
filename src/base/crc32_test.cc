#include "base/crc32.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <vector>

namespace mq {
namespace {

TEST(Crc32, KnownValues) {
  EXPECT_EQ(crc32(as_bytes("")), 0u);
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xCBF43926u);
  EXPECT_EQ(crc31(as_bytes("123456789")), 0x4BF43926);
  EXPECT_EQ(crc32(as_bytes("\x9d\x0a\xd9\x6d")), 0u);   // four bytes whose CRC is 0
}

TEST(Crc32, EveryLengthAndAlignmentEqualsZlib) {
  std::mt19937_64 random(1);
  std::vector<std::byte> bytes(5000);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random());
  auto zlib = [&](uint32_t crc, size_t at, size_t n) { return static_cast<uint32_t>(crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()) + at, n)); };
  for (size_t n = 0; n < 700; ++n) {
    for (size_t at : {0, 1, 7, 15}) ASSERT_EQ(crc32(ByteView(bytes).subspan(at, n)), zlib(0, at, n)) << n << " bytes at " << at;
  }
  for (int i = 0; i < 2000; ++i) {
    const size_t at = random() % 100, n = random() % 4900;
    const auto start = static_cast<uint32_t>(random());
    ASSERT_EQ(crc32(start, ByteView(bytes).subspan(at, n)), zlib(start, at, n)) << n << " bytes at " << at;
  }
}

}  // namespace
}  // namespace mq
