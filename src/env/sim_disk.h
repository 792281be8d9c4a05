// The simulated disk of one machine: a tree of folders and files with a visible and a durable side.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/file.h"
#include "env/sim_content.h"
#include "env/sim_rng.h"

namespace mq::env {

struct SimNode {
  using Entries = std::map<std::string, std::shared_ptr<SimNode>>;
  bool is_dir = false;
  int64_t mtime_ms = 0;
  std::shared_ptr<SimContent> content;   // of a file
  Entries entries;                       // of a folder, as everybody sees it
  Entries durable;                       // of a folder, as it is on the disk
};
using SimNodeRef = std::shared_ptr<SimNode>;

/// The names, and what of them survives. Operations change `entries` at once and wait in a journal until sync_dir() of
/// a folder they touch; a power cut keeps a part of the journal:
///   kPrefix    its first k operations, as a journalling file system does (sync_dir commits all earlier ones too)
///   kPerOp     any subset, as POSIX allows; a rename is still one operation
/// Owned by a machine; lives through its crashes.
class SimDisk {
 public:
  enum class Order : uint8_t { kPrefix, kPerOp };

  SimDisk(SimRng& rng, Order order);

  // Errors of all: kNotFound, kIo (not a folder, not empty, ...). Paths are absolute; "." and doubled "/" are skipped.
  Result<SimNodeRef> find(const std::string& path) const;
  Result<SimNodeRef> open(const std::string& path, Open mode, int64_t now_ms);
  Result<std::vector<DirEntry>> list(const std::string& dir) const;
  Result<> make_dirs(const std::string& dir, int64_t now_ms);
  Result<> remove(const std::string& path, bool dir);
  Result<> rename(const std::string& from, const std::string& to);
  Result<> sync_dir(const std::string& dir);
  /// A journal commit that came along with a file's sync (kPrefix only).
  void commit_journal();

  void process_crash();
  void power_loss();
  int64_t used_bytes() const;

  static std::vector<std::string> split(const std::string& path);
  static DirEntry describe(const std::string& name, const SimNode& node);

 private:
  struct Edit {
    SimNodeRef dir;
    std::string name;
    SimNodeRef node;   // null: the name goes
  };
  using Operation = std::vector<Edit>;
  struct Place {
    SimNodeRef dir;
    std::string name;
  };

  Result<Place> parent_of(const std::string& path) const;
  void run(Operation operation);                    // visible at once, then into the journal
  static void apply_durable(const Operation& operation);
  static void replace_contents(SimNode& node, const std::function<std::shared_ptr<SimContent>(const SimNode&)>& next);

  SimRng& rng_;
  const Order order_;
  SimNodeRef root_;
  std::vector<Operation> journal_;
};

}  // namespace mq::env
