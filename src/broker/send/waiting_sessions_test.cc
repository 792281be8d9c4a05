#include "broker/send/waiting_sessions.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace mq::broker {
namespace {

class WaitingSessionsTest : public testing::Test {
 protected:
  char one_ = 0, two_ = 0;   // only who a session is counts here; nobody calls it
  std::shared_ptr<int> owner_ = std::make_shared<int>();
  remoting::SessionRef a_{owner_, reinterpret_cast<remoting::Session*>(&one_)}, b_{owner_, reinterpret_cast<remoting::Session*>(&two_)};
  WaitingSessions waiting_;
};

TEST_F(WaitingSessionsTest, OneIsHeldOnceForSendsThatComeTogether) {
  const long before = owner_.use_count();
  const uint32_t first = waiting_.hold(a_);
  EXPECT_EQ(waiting_.hold(a_), first);
  EXPECT_EQ(waiting_.hold(a_), first);
  EXPECT_EQ(owner_.use_count(), before + 1);
  waiting_.let_go(first);
  waiting_.let_go(first);
  EXPECT_EQ(waiting_[first], a_);
  waiting_.let_go(first);
  EXPECT_EQ(owner_.use_count(), before);
  EXPECT_EQ(waiting_[waiting_.hold(a_)], a_) << "again, after its last answer";
}

TEST_F(WaitingSessionsTest, EachSendFindsItsSession) {
  const long before = owner_.use_count();
  std::vector<std::pair<uint32_t, remoting::SessionRef>> sends;
  for (int i = 0; i < 20; ++i) {   // in turns, and answered in another order
    for (const auto& who : {a_, b_, b_}) sends.emplace_back(waiting_.hold(who), who);
    if (i % 3 == 0) {
      const auto [number, who] = sends[sends.size() / 2];
      EXPECT_EQ(waiting_[number], who);
      waiting_.let_go(number);
      sends.erase(sends.begin() + static_cast<ptrdiff_t>(sends.size() / 2));
    }
  }
  for (const auto& [number, who] : sends) {
    EXPECT_EQ(waiting_[number], who);
    waiting_.let_go(number);
  }
  sends.clear();
  EXPECT_EQ(owner_.use_count(), before);
}

}  // namespace
}  // namespace mq::broker
