// The index over a real disk that cannot give a part of a file.
#include "store/index_service.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "store/store.h"

namespace mq::store {
namespace {

class IndexOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("index_test_" + std::to_string(::getpid()));
    std::filesystem::remove_all(root_);
    config_.storePathRootDir.set(root_.string());
    config_.mappedFileSizeCommitLog.set(1 << 20);
    config_.maxHashSlotNum.set(10);
    config_.maxIndexNum.set(600);
    env_ = env::make_posix_env();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void fill(int messages) {
    Store store(*env_, config_, {});
    ASSERT_TRUE(store.start());
    for (int i = 0; i < messages; ++i) {
      AppendBatch batch;
      AppendItem item{.queue = store.queue("T", 0)};
      item.size = encode_record({.topic = "T", .bornHost = *Host::parse("10.0.0.9", 4000), .storeHost = *Host::parse("10.0.0.1", 10911), .body = as_bytes("x"),
                                 .properties = "KEYS\x01k" + std::to_string(i) + "\x02"}, batch.bytes).value();
      batch.items.push_back(item);
      store.append(batch);
      ASSERT_EQ(batch.items[0].status, PutStatus::kPutOk);
    }
    store.stop();
  }
  size_t found(const IndexService& index, int n) const { return index.find("T", "k" + std::to_string(n), 10, 0, INT64_MAX).positions.size(); }

  std::filesystem::path root_;
  MessageStoreConfig config_;
  std::unique_ptr<env::Env> env_;
};

// A page behind the file's end raises the signal that a bad sector raises.
TEST_F(IndexOnDisk, AFileThatCannotBeReadIsMadeAgain) {
  fill(1000);
  CommitLog log(env_->fs(), (root_ / "commitlog").string(), 1 << 20);
  ASSERT_TRUE(log.load());
  log.set_end(log.files()->back()->base() + log.files()->back()->size());
  IndexService index(env_->fs(), env_->clock(), config_, log, (root_ / "index").string());
  ASSERT_TRUE(index.load(false));
  ASSERT_TRUE(index.catch_up());
  EXPECT_EQ(found(index, 3), 1U);
  const auto files = env_->fs().list((root_ / "index").string()).value();
  ASSERT_GE(files.size(), 2U);
  const std::string first = (root_ / "index" / files.front().name).string();
  std::filesystem::resize_file(first, 4096);
  for (int n = 0; n < 1000; ++n) (void)found(index, n);
  EXPECT_EQ(found(index, 597), 0U) << "its pages are gone";
  ASSERT_TRUE(index.sync());
  ASSERT_TRUE(index.catch_up());
  for (int n = 0; n < 1000; ++n) ASSERT_EQ(found(index, n), 1U) << n;
  EXPECT_TRUE(std::filesystem::exists(root_ / ("index.index-" + files.front().name + ".bad")));
}

}  // namespace
}  // namespace mq::store
