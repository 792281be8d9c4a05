#include "base/slab.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <set>

namespace mq {
namespace {

TEST(Slab, PiecesAreApartAndBeginAtALine) {
  Slab slab(100);
  std::set<uintptr_t> at;
  for (int i = 0; i < 50'000; ++i) {
    void* p = slab.take();
    std::memset(p, i, 100);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(p) % 64, 0u);
    at.insert(reinterpret_cast<uintptr_t>(p));
  }
  ASSERT_EQ(at.size(), 50'000u);
  uintptr_t before = 0;
  for (const uintptr_t p : at) {
    ASSERT_GE(p - before, 128u);
    before = p;
  }
  for (const uintptr_t p : at) slab.give_back(reinterpret_cast<void*>(p));
}

TEST(Slab, WhatIsGivenBackIsTakenAgain) {
  Slab slab(5000);
  std::vector<void*> all;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) all.push_back(slab.take());
    while (all.size() > 50) {
      slab.give_back(all.back());
      all.pop_back();
    }
    for (void* p : all) std::memset(p, round, 5000);
  }
  for (void* p : all) slab.give_back(p);
  void* p = slab.take();   // after everything has gone
  std::memset(p, 1, 5000);
  slab.give_back(p);
}

/// What is taken again after all was given back lies where it lay, as far as it was needed twice; none of it overlaps.
TEST(Slab, KeepsWhatIsNeededAgainAndAgain) {
  Slab slab(4096);
  std::set<void*> before;
  for (const size_t pieces : {3000, 3000, 3000, 1, 1, 3000}) {
    std::set<void*> now;
    for (size_t i = 0; i < pieces; ++i) {
      void* const p = slab.take();
      std::memset(p, 7, 4096);
      ASSERT_TRUE(now.insert(p).second);
    }
    uintptr_t last = 0;
    for (void* p : now) {
      ASSERT_GE(reinterpret_cast<uintptr_t>(p) - last, 4096u);
      last = reinterpret_cast<uintptr_t>(p);
    }
    for (void* p : now) slab.give_back(p);
    before = std::move(now);
  }
  EXPECT_EQ(before.size(), 3000u);
}

struct Counted {
  explicit Counted(int& n) : count(n) { ++count; }
  ~Counted() { --count; }
  int& count;
};

TEST(Slab, SharedObjectsLiveInOne) {
  int count = 0;
  {
    const auto a = std::allocate_shared<Counted>(SlabAllocator<Counted>(), count);
    const auto b = std::allocate_shared<Counted>(SlabAllocator<Counted>(), count);
    EXPECT_EQ(count, 2);
    EXPECT_NE(a.get(), b.get());
  }
  EXPECT_EQ(count, 0);
}

}  // namespace
}  // namespace mq
