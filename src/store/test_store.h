// For tests: a store on a simulated machine, what was appended to it, and hands to damage its files.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "env/sim.h"
#include "store/store.h"

namespace mq::store {

/// Where what was appended ends.
inline PhyOffset end_of(const AppendItem& item) { return {item.phy.bytes + static_cast<int64_t>(item.size)}; }

/// Small files, so that a few dozen messages make several: 4 KiB of log, 8 entries a ConsumeQueue file, 20 an index file.
class TestStore {
 public:
  static constexpr const char* kRoot = "/data/store";
  static constexpr int64_t kLogFile = 4096, kQueueFile = 8 * 20;

  explicit TestStore(uint64_t seed = 1, bool sync_flush = false);
  ~TestStore();

  Result<> start();
  /// An orderly stop.
  void stop();
  /// kill -9, or the power goes.
  void crash(env::Crash how = env::Crash::kProcess);
  /// The store runs and holds exactly what was appended: every queue dense, every record whole.
  void expect_all(const char* when);
  /// Starts it, expect_all(), appends one more to each queue, expect_all() again.
  void expect_restart(const char* when);

  /// Appends `count` messages and expects each to be taken.
  void append(const std::string& topic, int32_t queue_id, int count = 1);
  /// Appends one and tells what became of it; it counts for expect_all() when it was taken.
  AppendItem try_append(const std::string& topic, int32_t queue_id, std::string_view key = {});
  /// What is told for a SYNC_FLUSH message that ends there, after at most `limit_ms`; nullopt: nothing.
  std::optional<PutStatus> when_durable(PhyOffset end, int64_t limit_ms = 10'000);
  /// Forgets what was appended behind the first `count` of the queue.
  void expect_only(const std::string& topic, int32_t queue_id, size_t count) { bodies_[{topic, queue_id}].resize(count); }
  /// How many messages a look-up by key finds.
  size_t found(const std::string& topic, const std::string& key) const;

  void run_for(int64_t ms) { world_.run_for(ms); }
  Store& store() { return *store_; }
  env::SimMachine& machine() { return machine_; }
  env::FileSystem& fs() { return machine_.env().fs(); }
  MessageStoreConfig& config() { return config_; }
  env::SimWorld& world() { return world_; }
  StoreHooks hooks;

  // Files, named from the root on.
  static std::string path(const std::string& name) { return std::string(kRoot) + "/" + name; }
  static std::string log_file(int n);
  static std::string queue_file(const std::string& topic, int32_t queue_id, int n);
  std::string read(const std::string& name) { return env::read_file(fs(), path(name)).value_or(""); }
  void write(const std::string& name, int64_t at, std::string_view bytes);
  void make(const std::string& name, std::string_view bytes);
  void truncate(const std::string& name, int64_t size);
  void remove_all(const std::string& dir);
  /// Names in the store's folder that begin so.
  std::vector<std::string> names(const std::string& prefix);

 private:
  using Key = std::pair<std::string, int32_t>;

  env::SimWorld world_;
  env::SimMachine& machine_;
  MessageStoreConfig config_;
  std::unique_ptr<Store> store_;
  std::map<Key, std::vector<std::string>> bodies_;
  int next_ = 0;
};

}  // namespace mq::store
