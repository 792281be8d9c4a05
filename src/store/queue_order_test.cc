#include "store/queue_order.h"

#include <gtest/gtest.h>

#include <array>

namespace mq::store {
namespace {

constexpr int64_t kSize = 200, kApart = 1000;   // of a record; room for some others between two

/// "4 5 -900 +7": what becomes of records with these offsets, in order of entry: - left out, [n] the queue's first, +n behind a gap.
std::string placed(const std::vector<int64_t>& offsets, int64_t phy = 1 << 20) {
  static const std::array<std::byte, kSize> bytes{};
  QueueOrder order;
  std::vector<QueueOrder::Placed> out;
  for (const int64_t offset : offsets) {
    RecordView r{.bytes = bytes};
    r.m.queueOffset = offset;
    r.m.physicalOffset = phy;
    phy += kApart;
    order.add(r, out);
  }
  order.finish(out);
  std::string text;
  for (const QueueOrder::Placed& p : out) {
    if (!text.empty()) text += ' ';
    const std::string offset = std::to_string(p.record.m.queueOffset);
    if (p.left_out) text += '-' + offset;
    else if (p.first) text += '[' + offset + ']';
    else text += (p.missing > 0 ? "+" : "") + offset;
  }
  return text;
}

TEST(QueueOrder, WhatFollowsTellsWhomToBelieve) {
  struct Case {
    std::vector<int64_t> offsets;
    std::string_view expected;
  };
  for (const Case& c : {
           Case{{}, ""},
           Case{{7}, "[7]"},
           Case{{7, 8}, "[7] 8"},
           Case{{0, 1, 2, 3}, "[0] 1 2 3"},
           // The first is damaged: too high, far too high, too low.
           Case{{900, 1, 2, 3}, "-900 [1] 2 3"},
           Case{{3, 1, 2, 3}, "-3 [1] 2 3"},
           Case{{5, 1001, 1002, 1003}, "-5 [1001] 1002 1003"},
           // The second one.
           Case{{1000, 5, 1002, 1003, 1004}, "[1000] -5 +1002 1003 1004"},
           Case{{0, 9, 2, 3, 4}, "[0] -9 +2 3 4"},
           // One in the middle, by little and by much; the last one.
           Case{{0, 1, 2, 9, 4, 5, 6}, "[0] 1 2 -9 +4 5 6"},
           Case{{0, 1, 2, 900'000'000, 4, 5, 6}, "[0] 1 2 -900000000 +4 5 6"},
           Case{{0, 1, 2, 1, 4, 5, 6}, "[0] 1 2 -1 +4 5 6"},
           Case{{0, 1, 2, 3, 4, 900}, "[0] 1 2 3 4 -900"},
           // The log has lost some, as many as had room; the one behind them is damaged, too.
           Case{{0, 1, 2, 8, 9, 10}, "[0] 1 2 +8 9 10"},
           Case{{0, 1, 2, 8}, "[0] 1 2 +8"},
           Case{{0, 1, 2, 8, 500, 10, 11, 12}, "[0] 1 2 +8 -500 +10 11 12"},
           // More than had room, and three agree on it.
           Case{{0, 1, 2, 500, 501, 502}, "[0] 1 2 +500 501 502"},
           Case{{0, 1, 2, INT64_MAX, -1, 5}, "[0] 1 2 -9223372036854775807 --1 +5"},
       }) {
    EXPECT_EQ(placed(c.offsets), c.expected);
  }
}

TEST(QueueOrder, OfTwoThatContradictEachOtherTheLogsLengthTells) {
  EXPECT_EQ(placed({5000, 1}, 0), "-5000 [1]") << "no log of this length ever had so many";
  EXPECT_EQ(placed({5000, 1}), "[5000] -1");
}

}  // namespace
}  // namespace mq::store
