#include <gtest/gtest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "env/posix_file_system.h"

namespace mq::env {
namespace {

class PosixFiles : public ::testing::Test {
 protected:
  PosixFiles() {
    char name[] = "/tmp/mq_files_XXXXXX";
    dir_ = ::mkdtemp(name);
  }
  ~PosixFiles() override { std::filesystem::remove_all(dir_); }
  std::string at(const std::string& name) const { return dir_ + "/" + name; }

  std::string dir_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
};

TEST_F(PosixFiles, WritesExtendAndReadsSeeThem) {
  auto file = fs_->open(at("f"), Open::kCreate).value();
  ASSERT_TRUE(file->write(5, as_bytes("hello")));
  EXPECT_EQ(file->size().value(), 10);
  std::byte five[5];
  ASSERT_TRUE(file->read(5, five));
  EXPECT_EQ(as_text(five), "hello");
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(file->read(6, five).error().code(), Errc::kCorrupt);
}

TEST_F(PosixFiles, WhatIsPaddedEndsWithZerosAndDisturbsNothingBehind) {
  auto file = fs_->open(at("f"), Open::kCreate).value();
  ASSERT_TRUE(file->write(0, as_bytes("................")));
  ASSERT_TRUE(file->write_padded(2, as_bytes("hello"), 3));
  EXPECT_EQ(read_file(*fs_, at("f")).value(), std::string("..hello\0\0\0......", 16));
  ASSERT_TRUE(file->write_padded(14, as_bytes("end"), 0));
  EXPECT_EQ(file->size().value(), 17);
  auto reader = fs_->open(at("f"), Open::kRead).value();
  EXPECT_FALSE(reader->write_padded(0, as_bytes("x"), 1));
}

// A limit of the file's size cuts a write short as a full disk does.
TEST_F(PosixFiles, PaddingIsLeftOutWhereThereIsNoRoomForIt) {
  auto file = fs_->open(at("f"), Open::kCreate).value();
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto on_limit = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{8192, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto kept = file->write_padded(8100, as_bytes(std::string(50, 'r')), 3000);
  const auto refused = file->write_padded(8150, as_bytes(std::string(50, 'r')), 3000);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, on_limit);
  EXPECT_TRUE(kept) << "the bytes have room";
  EXPECT_FALSE(refused) << "they do not";
  EXPECT_EQ(file->size().value(), 8192);
}

TEST(LargePages, AreKnownByFileSystemAndKernel) {
  constexpr int64_t kExt4 = 0xEF53, kXfs = 0x58465342, kTmpfs = 0x01021994;
  EXPECT_FALSE(has_large_pages(kExt4, "6.1.0-28-amd64"));
  EXPECT_FALSE(has_large_pages(kExt4, "6.15.9"));
  EXPECT_TRUE(has_large_pages(kExt4, "6.16.0-rc1"));
  EXPECT_TRUE(has_large_pages(kExt4, "7.0"));
  EXPECT_FALSE(has_large_pages(kXfs, "5.18.0"));
  EXPECT_TRUE(has_large_pages(kXfs, "6.6.1-cloud"));
  EXPECT_FALSE(has_large_pages(kTmpfs, "6.18.44"));
  EXPECT_FALSE(has_large_pages(kExt4, "unknown"));
}

TEST_F(PosixFiles, AReadFromMemoryIsTheSameOrSaysThatItWouldWait) {
  auto file = fs_->open(at("f"), Open::kCreate).value();
  std::string text(300'000, 'a');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  ASSERT_TRUE(file->write(0, as_bytes(text)));
  std::string found(text.size(), ' ');
  const MutableByteView into{reinterpret_cast<std::byte*>(found.data()), found.size()};
  ASSERT_TRUE(file->read_cached(0, into).value());
  EXPECT_EQ(found, text);
  ASSERT_TRUE(file->sync());
  file->drop_cache(0, static_cast<int64_t>(text.size()));   // where a file system can
  const auto there = file->read_cached(0, into);
  ASSERT_TRUE(there);
  if (!*there) {
    ASSERT_TRUE(file->read(0, into));
  }
  EXPECT_EQ(found, text);
  EXPECT_EQ(file->read_cached(1, into).error().code(), Errc::kCorrupt);
}

TEST_F(PosixFiles, OpenReportsWhatIsMissing) {
  EXPECT_EQ(fs_->open(at("none"), Open::kReadWrite).error().code(), Errc::kNotFound);
  EXPECT_EQ(fs_->list(at("none")).error().code(), Errc::kNotFound);
  auto reader = fs_->open(at("f"), Open::kCreate).value();
  reader = fs_->open(at("f"), Open::kRead).value();
  EXPECT_EQ(reader->write(0, as_bytes("x")).error().code(), Errc::kIo);
}

TEST_F(PosixFiles, AllocateNeverShrinksAndReadsAsZeros) {
  auto file = fs_->open(at("f"), Open::kCreate).value();
  ASSERT_TRUE(file->write(0, as_bytes("abc")));
  ASSERT_TRUE(file->allocate(8192));
  EXPECT_EQ(file->size().value(), 8192);
  ASSERT_TRUE(file->allocate(100));
  EXPECT_EQ(file->size().value(), 8192);
  std::byte four[4];
  ASSERT_TRUE(file->read(0, four));
  EXPECT_EQ(as_text(four), std::string_view("abc\0", 4));
  ASSERT_TRUE(file->truncate(2));
  EXPECT_EQ(file->size().value(), 2);
}

TEST_F(PosixFiles, MappingSeesWritesAndOutlivesTheFile) {
  auto file = fs_->open(at("f"), Open::kCreate).value();
  ASSERT_TRUE(file->truncate(3 << 20));
  auto mapping = file->map(3 << 20, true).value();
  ASSERT_TRUE(file->write(1 << 20, as_bytes("seen")));
  EXPECT_EQ(as_text(mapping->view(1 << 20, 4)), "seen");
  EXPECT_TRUE(mapping->resident(1 << 20, 4));
  EXPECT_FALSE(mapping->resident(0, 3 << 20));   // most of it is a hole nobody touched
  std::memcpy(mapping->data() + 10, "back", 4);
  ASSERT_TRUE(file->sync_mapping(*mapping, 10, 4));
  std::byte four[4];
  ASSERT_TRUE(file->read(10, four));
  EXPECT_EQ(as_text(four), "back");
  file.reset();
  ASSERT_TRUE(fs_->remove(at("f")));
  EXPECT_EQ(as_text(mapping->view(10, 4)), "back");
}

TEST_F(PosixFiles, FoldersListSortedWithSizes) {
  ASSERT_TRUE(fs_->make_dirs(at("a/b/c")));
  ASSERT_TRUE(fs_->make_dirs(at("a/b/c/")));
  ASSERT_TRUE(fs_->open(at("a/z"), Open::kCreate).value()->write(0, as_bytes("12345")));
  const auto entries = fs_->list(at("a")).value();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].name, "b");
  EXPECT_TRUE(entries[0].is_dir);
  EXPECT_EQ(entries[1].name, "z");
  EXPECT_EQ(entries[1].size, 5);
  EXPECT_GT(entries[1].mtime_ms, 1'600'000'000'000);
  EXPECT_EQ(fs_->stat(at("a/z")).value().name, "z");
  EXPECT_TRUE(fs_->sync_dir(at("a")));
  EXPECT_FALSE(fs_->remove_dir(at("a/b")));
  EXPECT_TRUE(fs_->remove_dir(at("a/b/c")));
  EXPECT_FALSE(fs_->make_dirs(at("a/z/under_a_file")));
  EXPECT_GT(fs_->disk_usage(dir_).value().total_bytes, 0);
}

TEST_F(PosixFiles, LockIsExclusiveBetweenProcessesAndWithinOne) {
  auto lock = fs_->lock(at("lock"));
  ASSERT_TRUE(lock);
  EXPECT_EQ(fs_->lock(at("lock")).error().code(), Errc::kBusy);
  const auto another_process = [&] {
    const pid_t child = ::fork();
    if (child == 0) {
      const int fd = ::open(at("lock").c_str(), O_RDWR);
      struct flock range{};
      range.l_type = F_WRLCK;
      range.l_len = 1;
      ::_exit(::fcntl(fd, F_SETLK, &range) == 0 ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status) == 0;
  };
  EXPECT_FALSE(another_process());
  lock->reset();
  EXPECT_TRUE(another_process());
  EXPECT_TRUE(fs_->lock(at("lock")));
}

// A page behind the file's end raises the signal that a bad sector raises.
TEST_F(PosixFiles, APageThatCannotBeReadBecomesZeros) {
  auto file = fs_->open(at("f"), Open::kCreate).value();
  const std::string content(3 * 4096, 'x');
  ASSERT_TRUE(file->write(0, as_bytes(content)));
  const auto mapping = file->map(3 * 4096, false).value();
  const auto other = file->map(3 * 4096, true).value();
  ASSERT_TRUE(file->truncate(4096));
  const auto read = [&](const Mapping& m, size_t offset) { return static_cast<volatile const char&>(reinterpret_cast<const char&>(m.data()[offset])); };
  EXPECT_EQ(read(*mapping, 100), 'x');
  EXPECT_FALSE(mapping->lost_pages());
  EXPECT_EQ(read(*mapping, 5000), 0);
  EXPECT_EQ(read(*mapping, 100), 'x');
  EXPECT_TRUE(mapping->lost_pages());
  EXPECT_FALSE(other->lost_pages());
  other->data()[9000] = std::byte{7};   // writes go nowhere, but do not end the process
  EXPECT_TRUE(other->lost_pages());
  EXPECT_EQ(file->size().value(), 4096);
}

TEST_F(PosixFiles, ReplaceKeepsTheOldOneAsBak) {
  ASSERT_TRUE(replace_file(*fs_, at("config/topics.json"), "one", true));
  EXPECT_FALSE(fs_->exists(at("config/topics.json.bak")));
  ASSERT_TRUE(replace_file(*fs_, at("config/topics.json"), "second", true));
  EXPECT_EQ(read_file(*fs_, at("config/topics.json")).value(), "second");
  EXPECT_EQ(read_file(*fs_, at("config/topics.json.bak")).value(), "one");
  EXPECT_FALSE(fs_->exists(at("config/topics.json.tmp")));
  ASSERT_TRUE(replace_file(*fs_, at("config/topics.json"), "", false));
  EXPECT_EQ(read_file(*fs_, at("config/topics.json")).value(), "");
  EXPECT_EQ(read_file(*fs_, at("config/topics.json.bak"), 2).error().code(), Errc::kTooLarge);
}

}  // namespace
}  // namespace mq::env
