// The checkpoint file: how far the CommitLog, the ConsumeQueues and the index were safely on disk. A hint that makes
// recovery short; recovery works without it.
//
//   offset  width  field (Java's, spec storage 2.9)
//        0      8  physicMsgTimestamp    storeTimestamp of the newest record that is surely on disk
//        8      8  logicsMsgTimestamp    of the newest record whose ConsumeQueue entry is
//       16      8  indexMsgTimestamp     of the newest record of the last fully flushed index file
//       24      8  masterFlushedOffset   kept as found
//       32      8  confirmPhyOffset      kept as found
//
//   offset  width  field (ours; RocketMQ maps 4,096 bytes and never touches these)
//     1024      8  "MerlinMQ"
//     1032      8  recoverFrom           all records before it are on disk, and so are their ConsumeQueue entries
//     1040      8  cleanEnd              end of the CommitLog at a clean stop, -1 while running
//     1048     24  copies of the three timestamps; different from the originals: RocketMQ has run since, ours is void
//     1072      4  CRC-32 of bytes 1024..1071
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "env/file.h"

namespace mq::store {

struct CheckpointData {
  int64_t physicMsgTimestamp = 0;
  int64_t logicsMsgTimestamp = 0;
  int64_t indexMsgTimestamp = 0;
  int64_t masterFlushedOffset = 0;
  int64_t confirmPhyOffset = 0;
  int64_t recoverFrom = -1;    // -1: our part is missing or void
  int64_t cleanEnd = -1;

  bool operator==(const CheckpointData&) const = default;
  /// Where Java's recovery would start: 3 s before the older of log and queues.
  int64_t min_timestamp() const noexcept;
};

/// Owned by recovery, then by the index loop.
class Checkpoint {
 public:
  Checkpoint(env::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  /// Reads the file. A missing one, or one of the wrong size, gives zeros; the wrong one is renamed to PATH.bad.
  Result<CheckpointData> load();
  /// What the file says, without a change to it. Errors: kCorrupt for another size, kIo, kNotFound.
  static Result<CheckpointData> read(env::FileSystem& fs, const std::string& path);
  /// Writes it, and waits for the disk when `durable`. Nothing happens when nothing has changed.
  Result<> save(const CheckpointData& data, bool durable);
  const CheckpointData& saved() const noexcept { return saved_; }

 private:
  env::FileSystem& fs_;
  const std::string path_;
  std::unique_ptr<env::File> file_;
  CheckpointData saved_;
  bool is_durable_ = false;
};

}  // namespace mq::store
