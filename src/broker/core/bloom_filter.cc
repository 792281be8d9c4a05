#include "broker/core/bloom_filter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

namespace mq::broker {

namespace {

uint64_t load_le(const char* p, size_t n) noexcept {
  uint64_t v = 0;
  for (size_t i = 0; i < n; ++i) v |= static_cast<uint64_t>(static_cast<unsigned char>(p[i])) << (8 * i);
  return v;
}

constexpr uint64_t kC1 = 0x87c37b91114253d5ULL, kC2 = 0x4cf5ad432745937fULL;
uint64_t mix1(uint64_t k) noexcept { return std::rotl(k * kC1, 31) * kC2; }
uint64_t mix2(uint64_t k) noexcept { return std::rotl(k * kC2, 33) * kC1; }

uint64_t finish(uint64_t h) noexcept {
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdULL;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return h ^ (h >> 33);
}

}  // namespace

uint64_t murmur3_64(std::string_view text) noexcept {
  uint64_t h1 = 0, h2 = 0;
  size_t at = 0;
  for (; at + 16 <= text.size(); at += 16) {
    h1 = (std::rotl(h1 ^ mix1(load_le(text.data() + at, 8)), 27) + h2) * 5 + 0x52dce729;
    h2 = (std::rotl(h2 ^ mix2(load_le(text.data() + at + 8, 8)), 31) + h1) * 5 + 0x38495ab5;
  }
  const size_t rest = text.size() - at;
  if (rest > 8) h2 ^= mix2(load_le(text.data() + at + 8, rest - 8));
  if (rest > 0) h1 ^= mix1(load_le(text.data() + at, std::min<size_t>(rest, 8)));
  h1 ^= text.size();
  h2 ^= text.size();
  h1 += h2;
  h2 += h1;
  return finish(h1) + finish(h2);
}

BloomFilter::BloomFilter(int32_t error_percent, int32_t expected) noexcept {
  // As Java computes it, so that the numbers round alike.
  const double error = std::clamp(error_percent, 1, 99) / 100.0;
  hashes_ = static_cast<int32_t>(std::ceil(std::log(error) / std::log(0.5)));
  const double bits = std::ceil(std::max(expected, 1) * (std::log(1 / error) / std::log(2.0)) * (std::log(std::numbers::e) / std::log(2.0)));
  bits_ = static_cast<int32_t>(8 * std::ceil(bits / 8.0));
}

std::vector<int32_t> BloomFilter::positions(std::string_view text) const {
  const uint64_t hash = murmur3_64(text);
  const auto low = static_cast<uint32_t>(hash), high = static_cast<uint32_t>(hash >> 32);
  std::vector<int32_t> found;
  for (int32_t i = 1; i <= hashes_; ++i) {
    auto combined = static_cast<int32_t>(low + static_cast<uint32_t>(i) * high);
    if (combined < 0) combined = ~combined;
    found.push_back(combined % bits_);
  }
  return found;
}

}  // namespace mq::broker
