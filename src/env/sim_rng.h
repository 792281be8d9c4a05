// The seeded source of every choice in the simulated world.
#pragma once

#include <bit>
#include <cstdint>

#include "env/clock.h"

namespace mq::env {

/// xoshiro256** seeded by splitmix64: the same seed gives the same numbers on every machine. Not for secrets.
class SimRng final : public Rng {
 public:
  explicit SimRng(uint64_t seed) noexcept {
    for (uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15ULL;
      uint64_t z = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9ULL;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
      word = z ^ (z >> 31);
    }
  }
  uint64_t next() noexcept override {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  /// True with probability `p`; 0 draws no number, so a fault that is off does not change a seed's course.
  bool chance(double p) noexcept { return p > 0 && static_cast<double>(next() >> 11) * 0x1.0p-53 < p; }
  /// A number in [low, high].
  int64_t between(int64_t low, int64_t high) noexcept {
    return high <= low ? low : low + static_cast<int64_t>(below(static_cast<uint64_t>(high - low) + 1));
  }

 private:
  uint64_t state_[4];
};

}  // namespace mq::env
