#include "store/disk_pace.h"

#include <gtest/gtest.h>

namespace mq::store {
namespace {

constexpr int64_t kStart = 1'000'000'000;

TEST(DiskPace, AQuickDiskIsTrusted) {
  DiskPace pace;
  pace.write_begins(kStart);
  EXPECT_FALSE(pace.dawdles(kStart + DiskPace::kStuckWriteUs - 1));
  pace.write_ends(kStart, kStart + DiskPace::kSlowWriteUs - 1);
  pace.sync_begins(kStart);
  EXPECT_FALSE(pace.dawdles(kStart + DiskPace::kSlowSyncUs - 1));
  pace.sync_ends(kStart, kStart + DiskPace::kSlowSyncUs - 1);
  EXPECT_FALSE(pace.dawdles(kStart + 10 * DiskPace::kCarefulUs));
}

TEST(DiskPace, AWriteThatDoesNotComeBackIsSeenByOthers) {
  DiskPace pace;
  pace.write_begins(kStart);
  EXPECT_TRUE(pace.dawdles(kStart + DiskPace::kStuckWriteUs));
  EXPECT_EQ(pace.write_under_way_us(kStart + 5'000), 5'000);
  pace.write_ends(kStart, kStart + 5'000);
  EXPECT_EQ(pace.write_under_way_us(kStart + 6'000), 0);
  EXPECT_FALSE(pace.dawdles(kStart + 6'000)) << "not slow enough for a sign";
}

TEST(DiskPace, MistrustEndsAWhileAfterTheLastSign) {
  DiskPace pace;
  pace.write_begins(kStart);
  const int64_t end = kStart + DiskPace::kSlowWriteUs;
  pace.write_ends(kStart, end);
  EXPECT_TRUE(pace.dawdles(end + DiskPace::kCarefulUs - 1));
  EXPECT_FALSE(pace.dawdles(end + DiskPace::kCarefulUs));
}

TEST(DiskPace, ASyncThatTakesLongIsASignWhileItRunsAndAfter) {
  DiskPace pace;
  pace.sync_begins(kStart);
  EXPECT_TRUE(pace.dawdles(kStart + DiskPace::kSlowSyncUs));
  const int64_t end = kStart + 3'000'000;
  pace.sync_ends(kStart, end);
  EXPECT_TRUE(pace.dawdles(end + 1));
  EXPECT_FALSE(pace.dawdles(end + DiskPace::kCarefulUs));
}

}  // namespace
}  // namespace mq::store
