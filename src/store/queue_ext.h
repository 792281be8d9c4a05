// QueueExt: the ConsumeQueueExt of one queue, with the filters' bit map, tagsCode and time of each message (format/ext_unit.h).
// Exists with enableConsumeQueueExt, or when files of an earlier time are there: their units are still read.
//
// As with the ConsumeQueue itself, the newest units live in memory until the index loop writes them, always before the
// entries that lead to them. What a crash loses of both is built again from the CommitLog.
#pragma once

#include <string>
#include <vector>

#include "base/badges.h"
#include "base/byte_buffer.h"
#include "store/format/ext_unit.h"
#include "store/queue_files.h"

namespace mq::store {

class QueueExt {
 public:
  /// `files` has those of all queues and outlives this.
  QueueExt(QueueFiles& files, const std::string& topic, int32_t queue_id);

  /// Append section. The address of the unit; `unit.tagsCode` itself when it cannot be kept.
  int64_t put(const ExtUnit& unit);
  /// Any thread. Reads the unit into `memory`, which its bit map is a view of. False: it is gone or was never whole.
  bool get(int64_t address, ByteBuffer& memory, ExtUnit& unit) const;
  /// Index loop. Writes what is only in memory, adds the bases of the files written to `touched`. Errors: kDiskFull, kIo.
  Result<> flush(std::vector<int64_t>& touched);
  /// Index loop. Removes files that lie wholly before the address.
  Result<> remove_before(int64_t address);
  /// Index loop. Removes the folder.
  Result<> remove_files();
  const std::string& dir() const noexcept { return dir_; }

  /// Recovery. What stands behind the unit at `last_address` is cut off; no address: behind the last unit of the files.
  Result<> recover(int64_t last_address);

 private:
  Result<std::vector<int64_t>> bases() const;
  Result<int64_t> end_of_units(int64_t base) const;
  Result<> cut(int64_t end);

  QueueFiles& files_;
  const std::string dir_;
  const uint64_t serial_;
  mutable Mutex mu_;
  ByteBuffer pending_ GUARDED_BY(mu_);      // badge: guarded; bytes [in_file_, in_file_ + its size), not yet in the files
  int64_t in_file_ GUARDED_BY(mu_) = 0;     // badge: guarded; position up to which the files have everything
  Mutex files_mu_;                          // held over the I/O of flush and removal, which must not overlap
  bool removed_ GUARDED_BY(files_mu_) = false;
};

}  // namespace mq::store
