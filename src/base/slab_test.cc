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
