#include "broker/assign/allocate.h"

#include <gtest/gtest.h>

#include <set>

namespace mq::broker {
namespace {

Queues queues_of(int32_t a, int32_t b) {
  Queues all;
  for (int32_t i = 0; i < a; ++i) all.push_back({"T", "a", i});
  for (int32_t i = 0; i < b; ++i) all.push_back({"T", "b", i});
  return all;
}
std::vector<std::string> clients_of(size_t n) {
  std::vector<std::string> all;
  for (size_t i = 0; i < n; ++i) all.push_back("c" + std::to_string(i));
  return all;
}

TEST(Allocate, EveryQueueHasOneOwner) {
  for (const char* strategy : {"AVG", "AVG_BY_CIRCLE"}) {
    for (int32_t queues = 0; queues < 9; ++queues) {
      for (size_t clients = 1; clients < 9; ++clients) {
        const Queues all = queues_of(queues, queues / 2);
        std::multiset<wire::MessageQueue> given;
        size_t least = all.size(), most = 0;
        for (const std::string& c : clients_of(clients)) {
          const auto mine = allocate(strategy, all, clients_of(clients), c);
          ASSERT_TRUE(mine);
          given.insert(mine->begin(), mine->end());
          least = std::min(least, mine->size());
          most = std::max(most, mine->size());
        }
        EXPECT_EQ(std::vector(given.begin(), given.end()), all) << strategy << " " << all.size() << " queues, " << clients << " clients";
        EXPECT_LE(most - least, 1u);
      }
    }
  }
  EXPECT_TRUE(allocate("AVG", queues_of(4, 0), clients_of(2), "stranger")->empty());
  EXPECT_FALSE(allocate("MACHINE_ROOM", queues_of(4, 0), clients_of(2), "c0"));
}

TEST(Allocate, PopSharesQueuesWithTheNextClients) {
  EXPECT_EQ(*allocate_pop("AVG", queues_of(4, 2), clients_of(3), "c0", -1), (Queues{{"T", "a", -1}, {"T", "b", -1}}));
  EXPECT_EQ(*allocate_pop("AVG", queues_of(4, 2), clients_of(3), "c0", 2), (Queues{{"T", "a", -1}, {"T", "b", -1}}));
  EXPECT_EQ(*allocate_pop("AVG", queues_of(4, 0), clients_of(4), "c3", 1), (Queues{{"T", "a", 3}, {"T", "a", 0}}));
  EXPECT_EQ(*allocate_pop("AVG", queues_of(2, 0), clients_of(5), "c3", 1), (Queues{{"T", "a", 1}})) << "more clients than queues";
}

}  // namespace
}  // namespace mq::broker
