// Checks the files of a store against each other and repairs what can be repaired: for mqadmin storeCheck. Needs no running
// server and takes the folder of a RocketMQ broker as well.
//
//   CommitLog       every record whole, with its CRC, saying where it stands; no file missing; zeros behind the end
//   ConsumeQueue    every record that reaches a queue has exactly its entry, and every entry its record
//   IndexFile       entries in the log's order, each with a key of its message; every key entered; chains and slots whole
//   JSON tables     readable, offsets within their queues; checkpoint not ahead of the log
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "env/loop.h"

namespace mq::store {

struct Finding {
  enum class Level : uint8_t { kNote, kDamage };
  Level level = Level::kDamage;
  std::string where;             // file or queue
  std::string what;
  std::string repair;            // what a repair does about it; empty: nothing can be done
  bool repaired = false;
};

struct StoreReport {
  std::string root;
  bool live = false;             // another process holds the store
  bool crashed = false;          // the file `abort` is there
  int64_t log_files = 0, log_min = 0, log_end = 0, records = 0;
  int64_t queues = 0, entries = 0, pending_entries = 0;   // pending: not yet in a file, as after a kill or of a live broker
  int64_t index_files = 0, index_entries = 0;
  std::vector<Finding> findings;

  bool damaged() const;          // something that is not repaired
  Json to_json() const;
  std::string to_text() const;
};

struct CheckOptions {
  std::string root;
  std::string commit_log;        // empty: commitlog below the root
  int64_t index_slots = 0;       // maxHashSlotNum and maxIndexNum; 0: as their size tells, in RocketMQ's ratio
  int64_t index_entries = 0;
  bool repair = false;           // does what the findings say; the store must not be in use
};

/// Reads everything; repairs when told to, and reads again what that left. Several GiB take a while: one pass over the log, two
/// or three for a repair.
/// Errors: kNotFound without a store at the root, kBusy for the repair of a store in use, kIo.
Result<StoreReport> check_store(env::Env& env, const CheckOptions& options);

/// One file of a store in readable form, `count` entries from `from` on: of a CommitLog file the records from that position
/// of the file, of ConsumeQueue and index files entries by number. Which it is follows from its name and folder.
/// Errors: kNotFound, kIo, kInvalid for a file that is none of a store.
Result<std::string> dump_store_file(env::FileSystem& fs, const std::string& path, int64_t from, int64_t count);

}  // namespace mq::store
