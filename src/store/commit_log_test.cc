// The list of CommitLog files while it changes.
#include "store/commit_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "env/loop.h"
#include "env/sim.h"

namespace mq::store {
namespace {

constexpr int64_t kFile = 4096;

/// An empty log in a folder of its own.
class CommitLogFiles : public testing::Test {
 protected:
  CommitLogFiles() {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  ~CommitLogFiles() override { std::filesystem::remove_all(root_); }
  void SetUp() override {
    ASSERT_TRUE(log_.load());
    log_.set_end(0);
  }

  const std::filesystem::path root_ = std::filesystem::temp_directory_path() / ("commit_log_test_" + std::to_string(::getpid()));
  const std::unique_ptr<env::Env> env_ = env::make_posix_env();
  CommitLog log_{env_->fs(), root_.string(), kFile};
};

// Each roll lets go of the list that others may be in the middle of: the sanitizers see who did not keep it.
TEST_F(CommitLogFiles, WhoGoesThroughTheFilesKeepsTheListOverARoll) {
  constexpr size_t kFiles = 200;
  std::atomic<bool> rolled{false};
  std::thread reader([&] {
    for (bool on = false; !rolled; on = !on) log_.set_read_ahead(on);
  });
  for (size_t i = 0; i < kFiles; ++i) EXPECT_TRUE(log_.roll());
  rolled = true;
  reader.join();
  EXPECT_EQ(log_.files()->size(), kFiles);
}

// Both make the next file then. What drop_prepared() removes must not be the one that records went into.
TEST_F(CommitLogFiles, ARollWhileTheNextFileIsPreparedKeepsThatFile) {
  const std::vector<std::byte> records(kFile - 100);   // more than the half of a file, from where on the next is prepared
  std::atomic<bool> rolled{false};
  std::thread flush([&] {
    while (!rolled) log_.prepare(0);
  });
  for (int i = 0; i < 300; ++i) {
    EXPECT_TRUE(log_.roll());
    EXPECT_TRUE(log_.write(records));
  }
  rolled = true;
  flush.join();
  log_.drop_prepared();
  const auto files = log_.files();
  for (const auto& f : *files) EXPECT_TRUE(env_->fs().exists(f->path())) << f->path();
}

// Looking for blocks keeps out who writes to the same file, for milliseconds on a busy disk.
TEST(CommitLogBlocks, AreReservedInTheNextFileOnlyAndNoMoreThanTheDiskCanSpare) {
  constexpr int64_t kLarge = 128 << 20, kPlenty = int64_t{1} << 40;
  const std::vector<std::byte> records(kLarge / 4);
  env::SimWorld world{1};
  env::FileSystem& fs = world.machine("broker").env().fs();
  const auto free_bytes = [&] { return fs.disk_usage("/log")->usable_bytes; };
  CommitLog log{fs, "/log", kLarge};
  ASSERT_TRUE(fs.make_dirs("/log"));
  ASSERT_TRUE(log.load());
  log.set_end(0);
  ASSERT_TRUE(log.roll());
  ASSERT_TRUE(log.write(records));
  int64_t before = free_bytes();
  log.prepare(kPlenty);
  EXPECT_EQ(free_bytes(), before) << "the file that is written to";

  ASSERT_TRUE(log.write(records));
  before = free_bytes();
  log.prepare(32 * (int64_t{10} << 20));
  EXPECT_EQ(before - free_bytes(), 10 << 20) << "a share of what is free";
  for (int i = 0; i < 5; ++i) log.prepare(kPlenty);
  EXPECT_EQ(before - free_bytes(), kLarge) << "all of the next, in steps";
}

/// What lies behind the log's end was written with it, up to the end of a piece of the cache, and only once a piece.
TEST(CommitLogPieces, AWriteThatBeginsOneIsPaddedToItsEnd) {
  constexpr int64_t kLarge = 1 << 20;
  env::SimWorld world{1};
  env::FileSystem& fs = world.machine("broker").env().fs();
  const auto used = [&, all = fs.disk_usage("/log")->usable_bytes] { return all - fs.disk_usage("/log")->usable_bytes; };
  CommitLog log{fs, "/log", kLarge};
  ASSERT_TRUE(fs.make_dirs("/log"));
  ASSERT_TRUE(log.load());
  log.set_end(0);
  ASSERT_TRUE(log.roll());
  const auto files = log.files();
  const int64_t piece = files->back()->file().cache_piece_bytes();
  const auto write = [&](int64_t bytes) { return log.write(std::vector<std::byte>(static_cast<size_t>(bytes), std::byte{'r'})); };

  const int64_t before = used();
  ASSERT_TRUE(write(100));
  EXPECT_EQ(used() - before, piece);
  ASSERT_TRUE(write(piece - 100));
  EXPECT_EQ(used() - before, piece) << "to the very end";
  ASSERT_TRUE(write(2 * piece + 1));
  EXPECT_EQ(used() - before, 4 * piece) << "over several";
  EXPECT_EQ(log.end(), 3 * piece + 1);

  ASSERT_TRUE(write(kLarge - log.end() - 3000));
  EXPECT_EQ(used() - before, kLarge) << "not beyond the file";
  ASSERT_TRUE(log.roll());
  ASSERT_TRUE(write(1));
  EXPECT_EQ(used() - before, kLarge + piece) << "the next file has pieces of its own";
}

}  // namespace
}  // namespace mq::store
