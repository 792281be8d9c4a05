// What of a queue is in memory, in its file, in both: reading shows the same entries.
#include "store/consume_queue.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "env/sim.h"

namespace mq::store {
namespace {

constexpr const char* kDir = "/data/consumequeue";
constexpr const char* kFile = "/data/consumequeue/T/3/00000000000000000000";

CqEntry entry_of(int64_t index) { return {index * 1000, static_cast<int32_t>(100 + index % 7), index * 31}; }

struct Queue {
  env::SimWorld world{1};
  env::SimMachine& machine = world.machine("b");
  env::FileSystem& fs = machine.env().fs();
  QueueFiles files{fs, kDir, 20 * 1000, 16};
  ConsumeQueue q{"T", 3};

  void put(int count) {
    for (int i = 0; i < count; ++i) {
      q.take(1);
      q.put(entry_of(q.max()));
    }
  }
  void flush() {
    std::vector<int64_t> touched, ext_touched;
    ASSERT_TRUE(q.flush(files, touched, ext_touched));
  }
  /// Who reads from there on to the end sees what was put. False when it could not be read.
  bool reads(int64_t from) {
    std::array<CqEntry, 32> block;
    while (from < q.max()) {
      const auto n = q.read(from, block, files);
      if (!n) return false;
      EXPECT_GT(*n, 0u);
      for (size_t i = 0; i < *n; ++i) EXPECT_EQ(block[i], entry_of(from + static_cast<int64_t>(i)));
      from += static_cast<int64_t>(std::max<size_t>(*n, 1));
    }
    return true;
  }
  /// What can be read without the file begins there.
  int64_t first_without_file() {
    files.close(q.serial());
    EXPECT_TRUE(fs.rename(kFile, "/data/aside"));
    int64_t first = 0;
    while (first < q.max() && !q.entry(first, files)) ++first;
    EXPECT_TRUE(fs.rename("/data/aside", kFile));
    return first;
  }
};

TEST(ConsumeQueue, WhatIsInTheFileStaysInMemoryForAWhile) {
  Queue t;
  t.put(50);
  t.flush();
  t.q.release_idle_memory(false);
  EXPECT_EQ(t.first_without_file(), 0);
  EXPECT_LT(t.q.memory_bytes(), sizeof t.q + 600) << "what is in the file as well does not count";
  t.put(10);
  EXPECT_EQ(t.first_without_file(), 0);
  EXPECT_TRUE(t.reads(0));
}

TEST(ConsumeQueue, OfASlowQueueAHundredEntriesStayInMemory) {
  Queue t;
  for (int i = 0; i < 50; ++i) {
    t.put(10);
    t.flush();
    t.q.release_idle_memory(false);
  }
  EXPECT_GE(t.first_without_file(), 500 - 9 * 12);
  EXPECT_LE(t.first_without_file(), 500 - 7 * 12);
  for (const int64_t from : {0, 300, 390, 400, 420, 499}) EXPECT_TRUE(t.reads(from)) << from;
}

TEST(ConsumeQueue, OfABusyQueueNothingStaysThatIsInTheFile) {
  Queue t;
  t.put(700);   // 8 small pieces, then pages
  EXPECT_TRUE(t.reads(0));
  t.flush();
  t.q.release_idle_memory(false);
  EXPECT_EQ(t.first_without_file(), 700);
  EXPECT_TRUE(t.reads(0));
}

TEST(ConsumeQueue, MemoryThatIsNeededIsGivenBack) {
  Queue t;
  t.put(50);
  t.flush();
  t.put(2);
  t.q.release_idle_memory(true);
  EXPECT_EQ(t.first_without_file(), 48) << "two of the last piece are not in the file";
  t.flush();
  t.q.release_idle_memory(true);
  EXPECT_EQ(t.first_without_file(), 52);
  t.put(3);
  EXPECT_EQ(t.first_without_file(), 52);
  EXPECT_TRUE(t.reads(0));
}

TEST(ConsumeQueue, AReadThatMayNotWaitSaysSoWhereTheDiskWouldBeAsked) {
  Queue t;
  t.put(2000);
  t.flush();
  t.put(10);
  std::array<CqEntry, 32> block;
  t.machine.faults().cold_read = 1;
  const auto cold = t.q.read(0, block, t.files, false);
  ASSERT_FALSE(cold);
  EXPECT_EQ(cold.error().code(), Errc::kBusy);
  EXPECT_EQ(t.q.read(0, block, t.files).value(), block.size());
  EXPECT_EQ(t.q.read(2005, block, t.files, false).value(), 5u);   // from memory
  t.machine.faults().cold_read = 0;
  EXPECT_EQ(t.q.read(0, block, t.files, false).value(), block.size());
  EXPECT_EQ(block[7], entry_of(7));
}

TEST(ConsumeQueue, ReadsAreTheSameWhereverEntriesAre) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    Queue t;
    std::mt19937 random(seed);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    for (int step = 0; step < 60 && t.q.max() < 950; ++step) {
      switch (below(4)) {
        case 0: t.flush(); break;
        case 1: t.q.release_idle_memory(below(2) == 0); break;
        default: t.put(below(below(10) == 0 ? 200 : 20)); break;
      }
      ASSERT_TRUE(t.reads(t.q.max() == 0 ? 0 : below(static_cast<int>(t.q.max())))) << "seed " << seed << " step " << step;
    }
    t.flush();
    ASSERT_TRUE(t.reads(0)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace mq::store
