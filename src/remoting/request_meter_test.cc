#include "remoting/request_meter.h"

#include <gtest/gtest.h>

#include "env/test_clock.h"

namespace mq::remoting {
namespace {

TEST(RequestMeter, TakesTheTimeOfTheTurnForEachRequestInIt) {
  env::HandClock clock;
  RequestMeter meter;
  meter.note(310, clock);
  clock.us = 3500;
  meter.note(310, clock);
  meter.note(11, clock);
  clock.us = 4000;
  meter.end_turn(clock);
  meter.end_turn(clock);   // nothing came: nothing counts
  clock.us = 10'000'000;
  meter.note(310, clock);
  meter.note(-5, clock);
  meter.note(100'000, clock);
  clock.us += 20'000'000;
  meter.end_turn(clock);
  const RequestMeter::Row send = meter.row(310), pull = meter.row(11), others = meter.row(RequestMeter::kCodes);
  EXPECT_EQ(send.total(), 3);
  EXPECT_EQ(send.counts[2], 2);   // 4 ms: above 3, at most 5
  EXPECT_EQ(send.counts[9], 1);   // above all bounds
  EXPECT_EQ(send.sum_us, 2 * 4000 + 20'000'000);
  EXPECT_EQ(pull.total(), 1);
  EXPECT_EQ(others.total(), 2);
  EXPECT_EQ(meter.row(12).total(), 0);
}

}  // namespace
}  // namespace mq::remoting
