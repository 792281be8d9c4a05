// What a simulated crash leaves on the disk.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "env/sim.h"
#include "env/sim_content.h"

namespace mq::env {
namespace {

std::unique_ptr<File> create(Env& env, const std::string& path) { return std::move(*env.fs().open(path, Open::kCreate)); }
std::string filled(size_t size, char c) { return std::string(size, c); }
std::string content(Env& env, const std::string& path) { return read_file(env.fs(), path).value_or("-"); }

TEST(SimDisk, WritesAreVisibleAtOnceToFilesAndMappings) {
  SimWorld world(1);
  Env& env = world.machine("a").env();
  auto file = create(env, "/f");
  ASSERT_TRUE(file->allocate(10'000));
  auto mapping = *file->map(10'000, true);
  ASSERT_TRUE(file->write(5'000, as_bytes("hello")));
  EXPECT_EQ(as_text(mapping->view(5'000, 5)), "hello");
  mapping->data()[5'000] = std::byte{'j'};
  char text[5];
  ASSERT_TRUE(file->read(5'000, std::as_writable_bytes(std::span(text))));
  EXPECT_EQ(std::string_view(text, 5), "jello");
  ASSERT_TRUE(file->write(200'000, as_bytes("far")));   // grows without moving the mapping
  EXPECT_EQ(as_text(mapping->view(5'000, 5)), "jello");
  EXPECT_EQ(*file->size(), 200'003);
  EXPECT_FALSE(file->read(200'000, std::as_writable_bytes(std::span(text))));
  ASSERT_TRUE(env.fs().remove("/f"));
  EXPECT_EQ(as_text(mapping->view(5'000, 5)), "jello");
}

TEST(SimDisk, AProcessCrashKeepsEverythingWrittenAlsoThroughMappings) {
  SimWorld world(2);
  SimMachine& machine = world.machine("a");
  auto file = create(machine.env(), "/f");
  ASSERT_TRUE(file->write(0, as_bytes(filled(10'000, 'x'))));
  auto mapping = *file->map(10'000, true);
  mapping->data()[9'999] = std::byte{'m'};
  machine.crash(Crash::kProcess);
  mapping->data()[0] = std::byte{'!'};   // the dead process's memory is its own
  EXPECT_EQ(content(machine.env(), "/f"), filled(9'999, 'x') + 'm');
  EXPECT_FALSE(file->write(0, as_bytes("late")));
}

/// Old pages 'o' durable, then new pages 'n' without sync: which page states survive a power cut?
std::map<std::string, int> page_states(uint64_t seed) {
  constexpr size_t kPages = 20;
  SimWorld world(seed);
  SimMachine& machine = world.machine("a");
  auto file = create(machine.env(), "/f");
  EXPECT_TRUE(file->write(0, as_bytes(filled(kPages * kSimPage, 'o'))));
  EXPECT_TRUE(file->sync());
  EXPECT_TRUE(machine.env().fs().sync_dir("/"));
  EXPECT_TRUE(file->write(0, as_bytes(filled(kPages * kSimPage, 'n'))));
  machine.crash(Crash::kPower);
  const std::string text = content(machine.env(), "/f");
  EXPECT_EQ(text.size(), kPages * kSimPage);
  std::map<std::string, int> states;
  for (size_t page = 0; page < kPages; ++page) {
    const std::string one = text.substr(page * kSimPage, kSimPage);
    if (one == filled(kSimPage, 'o')) ++states["old"];
    else if (one == filled(kSimPage, 'n')) ++states["new"];
    else ++states["torn"];
    for (size_t s = 0; s < one.size(); s += kSimSector) {
      EXPECT_EQ(one.substr(s, kSimSector), filled(kSimSector, one[s]));   // sectors are whole
    }
  }
  return states;
}

TEST(SimDisk, APowerCutKeepsDropsOrTearsEachUnsyncedPage) {
  std::map<std::string, int> seeds;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    for (const auto& [state, count] : page_states(seed)) ++seeds[state];
  }
  EXPECT_GT(seeds["old"], 15);
  EXPECT_GT(seeds["new"], 15);
  EXPECT_GT(seeds["torn"], 15);
  EXPECT_LT(seeds["torn"], 60);   // some runs have none
}

TEST(SimDisk, WhatIsSyncedSurvivesAPowerCut) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SimWorld world(seed);
    SimMachine& machine = world.machine("a");
    Env& env = machine.env();
    auto file = create(env, "/f");
    ASSERT_TRUE(file->allocate(40'000));
    auto mapping = *file->map(40'000, true);
    ASSERT_TRUE(file->write(0, as_bytes(filled(9'000, 'w'))));
    std::memset(mapping->data() + 20'480, 'm', 100);
    ASSERT_TRUE(file->sync());
    std::memset(mapping->data() + 28'672, 'r', 100);
    std::memset(mapping->data() + 36'864, 'u', 100);
    ASSERT_TRUE(file->sync_mapping(*mapping, 28'672, 100));
    ASSERT_TRUE(env.fs().sync_dir("/"));
    machine.crash(Crash::kPower);
    const std::string text = content(machine.env(), "/f");
    ASSERT_EQ(text.size(), 40'000U);
    EXPECT_EQ(text.substr(0, 9'000), filled(9'000, 'w'));
    EXPECT_EQ(text.substr(20'480, 100), filled(100, 'm'));
    EXPECT_EQ(text.substr(28'672, 100), filled(100, 'r'));
    EXPECT_TRUE(text[36'864] == 'u' || text[36'864] == '\0');
  }
}

TEST(SimDisk, AnUnsyncedSizeMayBeAnythingBetween) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 80; ++seed) {
    SimWorld world(seed);
    SimMachine& machine = world.machine("a");
    auto file = create(machine.env(), "/f");
    ASSERT_TRUE(file->write(0, as_bytes(filled(100, 'a'))));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(machine.env().fs().sync_dir("/"));
    ASSERT_TRUE(file->write(100, as_bytes(filled(8'000, 'b'))));
    machine.crash(Crash::kPower);
    const std::string text = content(machine.env(), "/f");
    ASSERT_GE(text.size(), 100U);
    ASSERT_LE(text.size(), 8'100U);
    EXPECT_EQ(text.substr(0, 100), filled(100, 'a'));
    seen.insert(text.size() == 100 ? "old" : text.size() == 8'100 ? "new" : "between");
  }
  EXPECT_EQ(seen.size(), 3U);
}

/// Creates a, b, c without syncing the folder, cuts the power, returns what is left.
std::string survivors(uint64_t seed, bool sync_after_b) {
  SimWorld world(seed);
  SimMachine& machine = world.machine("a");
  for (const char* name : {"/a", "/b", "/c"}) {
    auto file = create(machine.env(), name);
    if (sync_after_b && std::string(name) == "/b") { EXPECT_TRUE(machine.env().fs().sync_dir("/")); }
  }
  machine.crash(Crash::kPower);
  std::string left;
  const std::vector<DirEntry> entries = machine.env().fs().list("/").value();
  for (const DirEntry& entry : entries) left += entry.name;
  return left;
}

TEST(SimDisk, UnsyncedNamesSurviveAsAPrefixOrOneByOne) {
  std::set<std::string> all, with_sync;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    all.insert(survivors(seed, false));
    with_sync.insert(survivors(seed, true));
  }
  EXPECT_EQ(all.size(), 8U);                                       // every subset happens
  EXPECT_EQ(with_sync, (std::set<std::string>{"ab", "abc"}));      // but never without what was synced
}

TEST(SimDisk, ARenameIsDurableAsAWhole) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimWorld world(seed);
    SimMachine& machine = world.machine("a");
    ASSERT_TRUE(replace_file(machine.env().fs(), "/f", "old", false));
    machine.crash_at_disk_op(1 + static_cast<int64_t>(seed % 6), Crash::kPower);
    (void)replace_file(machine.env().fs(), "/f", "new", false);
    if (machine.alive()) machine.crash(Crash::kPower);
    seen.insert(content(machine.env(), "/f"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"new", "old"}));
}

TEST(SimDisk, FoldersNeedTheirOwnSync) {
  int lost = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SimWorld world(seed);
    SimMachine& machine = world.machine("a");
    ASSERT_TRUE(machine.env().fs().make_dirs("/x/y"));
    auto file = create(machine.env(), "/x/y/f");
    ASSERT_TRUE(machine.env().fs().sync_dir("/x/y"));
    const bool all = seed % 2;
    if (all) {
      ASSERT_TRUE(machine.env().fs().sync_dir("/x"));
      ASSERT_TRUE(machine.env().fs().sync_dir("/"));
    }
    machine.crash(Crash::kPower);
    const bool there = machine.env().fs().exists("/x/y/f");
    if (all) { EXPECT_TRUE(there); }
    lost += !there;
  }
  EXPECT_GT(lost, 0);
}

TEST(SimDisk, FaultsAreReported) {
  SimWorld world(9);
  SimMachine& machine = world.machine("a");
  auto file = create(machine.env(), "/f");
  machine.faults().disk_limit_bytes = 20'000;
  EXPECT_TRUE(file->allocate(16'384));
  EXPECT_EQ(file->allocate(30'000).error().code(), Errc::kDiskFull);
  EXPECT_TRUE(file->write(8'000, as_bytes("within")));
  EXPECT_EQ(file->write(16'384, as_bytes(filled(5'000, 'x'))).error().code(), Errc::kDiskFull);
  EXPECT_EQ(machine.env().fs().disk_usage("/")->usable_bytes, 20'000 - 16'384);
  machine.faults().disk_limit_bytes = 0;
  machine.faults().write_error = 1;
  EXPECT_EQ(file->write(0, as_bytes("y")).error().code(), Errc::kIo);
  machine.faults().write_error = 0;
  machine.faults().sync_error = 1;
  EXPECT_EQ(file->sync().error().code(), Errc::kIo);
  machine.faults().sync_error = 0;
  ASSERT_TRUE(file->write(0, as_bytes("A")));
  machine.flip_bit("/f", 0, 1);
  EXPECT_EQ(content(machine.env(), "/f")[0], 'C');
}

TEST(SimDisk, AFailedSyncIsNotMadeUpForByTheNextOne) {
  int lost = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SimWorld world(seed);
    SimMachine& machine = world.machine("a");
    auto file = create(machine.env(), "/f");
    ASSERT_TRUE(file->allocate(4096));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(machine.env().fs().sync_dir("/"));
    ASSERT_TRUE(file->write(0, as_bytes("x")));
    machine.faults().sync_error = 1;
    ASSERT_FALSE(file->sync());
    machine.faults().sync_error = 0;
    ASSERT_TRUE(file->sync());
    machine.crash(Crash::kPower);
    lost += content(machine.env(), "/f")[0] != 'x';
  }
  EXPECT_GT(lost, 0);
}

TEST(SimDisk, ACrashInAWriteLeavesAPrefixOfIt) {
  std::set<size_t> sizes;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SimWorld world(seed);
    SimMachine& machine = world.machine("a");
    auto file = create(machine.env(), "/f");
    machine.crash_at_disk_op(1, Crash::kProcess);
    EXPECT_FALSE(file->write(0, as_bytes("0123456789")));
    EXPECT_FALSE(machine.alive());
    const std::string text = content(machine.env(), "/f");
    EXPECT_EQ(text, std::string("0123456789").substr(0, text.size()));
    sizes.insert(text.size());
  }
  EXPECT_TRUE(sizes.contains(10));
  EXPECT_GT(sizes.size(), 3U);
}

TEST(SimDisk, ALockIsExclusiveUntilItsProcessDies) {
  SimWorld world(11);
  SimMachine& machine = world.machine("a");
  auto lock = machine.env().fs().lock("/lock");
  ASSERT_TRUE(lock);
  EXPECT_EQ(machine.env().fs().lock("/lock").error().code(), Errc::kBusy);
  machine.crash(Crash::kProcess);
  auto next = machine.env().fs().lock("/lock");
  ASSERT_TRUE(next);
  lock->reset();   // the dead process's lock frees nothing
  EXPECT_FALSE(machine.env().fs().lock("/lock"));
  next->reset();
  EXPECT_TRUE(machine.env().fs().lock("/lock"));
}

TEST(SimDisk, TruncateAndGrowReadsZeros) {
  SimWorld world(12);
  SimMachine& machine = world.machine("a");
  auto file = create(machine.env(), "/f");
  ASSERT_TRUE(file->write(0, as_bytes(filled(9'000, 'x'))));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(machine.env().fs().sync_dir("/"));
  ASSERT_TRUE(file->truncate(5'000));
  ASSERT_TRUE(file->truncate(9'000));
  EXPECT_EQ(content(machine.env(), "/f"), filled(5'000, 'x') + filled(4'000, '\0'));
  ASSERT_TRUE(file->sync());
  machine.crash(Crash::kPower);
  EXPECT_EQ(content(machine.env(), "/f"), filled(5'000, 'x') + filled(4'000, '\0'));
}

}  // namespace
}  // namespace mq::env
