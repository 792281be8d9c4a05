#include "remoting/reader_budget.h"

#include <gtest/gtest.h>

#include "env/test_clock.h"

namespace mq::remoting {
namespace {

struct Loop {
  env::HandClock clock;
  ReaderBudget budget;

  /// A turn in which readers get what there is for them, 16 KiB a time, and `others` ask for something. Returns what readers got.
  size_t turn(size_t others, int64_t took_us = 100) {
    for (size_t i = 0; i < others; ++i) budget.note_other();
    size_t bytes = 0;
    for (; !budget.used_up(); bytes += 16 << 10) budget.note_answer(16 << 10, old);
    clock.us += took_us;
    rested = budget.end_turn(clock);
    return bytes;
  }
  int turns_until_rest(size_t others, int64_t took_us = 100, int most = 1000) {
    for (int i = 1; i <= most; ++i) {
      turn(others, took_us);
      if (rested) return i;
    }
    return most + 1;
  }
  bool rested = false, old = true;
};

TEST(ReaderBudget, ReadersAmongThemselvesHaveLongTurnsAndNoRest) {
  Loop l;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(l.turn(0), ReaderBudget::kTurnBytes);
    EXPECT_FALSE(l.rested);
  }
}

TEST(ReaderBudget, BesideOthersTurnsAreShortAndWhoCatchesUpRestsAfterAMillisecond) {
  Loop l;
  l.turn(1);
  EXPECT_EQ(l.turn(0), ReaderBudget::kSharedTurnBytes);   // others are expected to come again
  EXPECT_EQ(l.turn(1), ReaderBudget::kSharedTurnBytes);
  EXPECT_NEAR(l.turns_until_rest(1), 9, 2);
  EXPECT_NEAR(l.turns_until_rest(1), 11, 1);
}

TEST(ReaderBudget, ReadersOfNewMessagesDoNotRest) {
  Loop l;
  l.old = false;
  l.turn(1);
  EXPECT_EQ(l.turn(1), ReaderBudget::kSharedTurnBytes);
  EXPECT_EQ(l.turns_until_rest(1), 1001);
}

TEST(ReaderBudget, WhileOthersKeepTheLoopAtWorkReadersHaveAsMuchOfIt) {
  Loop l;
  l.turn(400);
  EXPECT_EQ(l.turn(400), 400 * ReaderBudget::kBytesForOther / (16 << 10) * (16 << 10) + (16 << 10));
  l.turn(100'000);
  EXPECT_EQ(l.turn(400), ReaderBudget::kTurnBytes);
  EXPECT_EQ(l.turns_until_rest(400, 600), 1001) << "a rest would not leave the loop idle";
}

TEST(ReaderBudget, TurnsWithPausesBetweenThemAddUpToNothing) {
  Loop l;
  for (int i = 0; i < 1000; ++i) {
    l.turn(1, 500);
    EXPECT_FALSE(l.rested);
    l.clock.us += 500;
    EXPECT_FALSE(l.budget.end_turn(l.clock));   // a turn in which readers wanted nothing
  }
}

TEST(ReaderBudget, OthersAreForgottenAfterAWhile) {
  for (const bool old : {false, true}) {
    Loop l;
    l.old = old;
    l.turn(1);
    for (int i = 0; i < ReaderBudget::kOthersTurns; ++i) EXPECT_EQ(l.turn(0), ReaderBudget::kSharedTurnBytes);
    EXPECT_EQ(l.turn(0), ReaderBudget::kTurnBytes);
    EXPECT_EQ(l.turns_until_rest(0), 1001);
  }
}

}  // namespace
}  // namespace mq::remoting
