// Bits as Java's classes compute them (spec storage 2.4).
#include "broker/core/bloom_filter.h"

#include <gtest/gtest.h>

#include <array>

namespace mq::broker {
namespace {

TEST(BloomFilter, ANamesBitsAreThoseOfJava) {
  EXPECT_EQ(murmur3_64("GID_test#TopicTest"), 0xc114623ebdbe0912ULL);
  const BloomFilter filter(20, 32);
  EXPECT_EQ(filter.hashes(), 3);
  EXPECT_EQ(filter.bits(), 112);
  const auto positions = filter.positions("GID_test#TopicTest");
  EXPECT_EQ(positions, (std::vector<int32_t>{32, 78, 12}));
  std::array<std::byte, 14> map{};
  BloomFilter::set(map, positions);
  const std::array<uint8_t, 14> expected{0x00, 0x10, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00, 0x00};
  for (size_t i = 0; i < map.size(); ++i) EXPECT_EQ(std::to_integer<int>(map[i]), expected[i]) << i;
  EXPECT_TRUE(BloomFilter::all_set(map, positions));
  map[4] = std::byte{0};
  EXPECT_FALSE(BloomFilter::all_set(map, positions));
}

TEST(BloomFilter, HashesOfEveryLength) {
  // murmur3_128, seed 0, first 8 bytes as a little-endian number.
  EXPECT_EQ(murmur3_64(""), 0ULL);
  EXPECT_EQ(murmur3_64("hello"), 0xcbd8a7b341bd9b02ULL);
  EXPECT_EQ(murmur3_64("The quick brown fox jumps over the lazy dog"), 0xe34bbc7bbc071b6cULL);
}

}  // namespace
}  // namespace mq::broker
