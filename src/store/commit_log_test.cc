// The list of CommitLog files while it changes.
#include "store/commit_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "env/loop.h"

namespace mq::store {
namespace {

// Each roll lets go of the list that others may be in the middle of: the sanitizers see who did not keep it.
TEST(CommitLog, WhoGoesThroughTheFilesKeepsTheListOverARoll) {
  const auto root = std::filesystem::temp_directory_path() / ("commit_log_test_" + std::to_string(::getpid()));
  std::filesystem::remove_all(root);
  std::filesystem::create_directories(root);
  {
    const auto env = env::make_posix_env();
    CommitLog log(env->fs(), root.string(), 4096);
    ASSERT_TRUE(log.load());
    log.set_end(0);
    constexpr size_t kFiles = 200;
    std::atomic<bool> rolled{false};
    std::thread reader([&] {
      for (bool on = false; !rolled; on = !on) log.set_read_ahead(on);
    });
    for (size_t i = 0; i < kFiles; ++i) EXPECT_TRUE(log.roll());
    rolled = true;
    reader.join();
    EXPECT_EQ(log.files()->size(), kFiles);
  }
  std::filesystem::remove_all(root);
}

// Both make the next file then. What drop_prepared() removes must not be the one that records went into.
TEST(CommitLog, ARollWhileTheNextFileIsPreparedKeepsThatFile) {
  const auto root = std::filesystem::temp_directory_path() / ("commit_log_test_" + std::to_string(::getpid()));
  std::filesystem::remove_all(root);
  std::filesystem::create_directories(root);
  {
    const auto env = env::make_posix_env();
    constexpr int64_t kFile = 4096;
    CommitLog log(env->fs(), root.string(), kFile);
    ASSERT_TRUE(log.load());
    log.set_end(0);
    const std::vector<std::byte> records(kFile - 100);   // more than the half of a file, from where on the next is prepared
    std::atomic<bool> rolled{false};
    std::thread flush([&] {
      while (!rolled) log.prepare(0);
    });
    for (int i = 0; i < 300; ++i) {
      EXPECT_TRUE(log.roll());
      EXPECT_TRUE(log.write(records));
    }
    rolled = true;
    flush.join();
    log.drop_prepared();
    const auto files = log.files();
    for (const auto& f : *files) EXPECT_TRUE(env->fs().exists(f->path())) << f->path();
  }
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace mq::store
